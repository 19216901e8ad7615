/** What the registry of served-files.ts has to answer, read from its pages once more. */
import { naivelyResolve } from "../../core/naive-resolution.ts";
import { fieldOf, type ReadRequest } from "./naive-http.ts";
import { SERVED, type ServedFile } from "./served-files.ts";

/** What may come as answer; what is absent may be anything. */
export interface Expected {
  readonly statuses: readonly number[];
  readonly location?: string;
  readonly json?: unknown;
  /** The file that the answer leads to: closed to some, or served from disk. */
  readonly file?: ServedFile;
  /** Below the file's url. */
  readonly path?: string;
  /** Whether a client has to be let in first, if any has to be. */
  readonly isGuarded: boolean;
}

const NAME = /^[a-z0-9]+(?:(?:[._]|__|-+|\/)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const OTHER_DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/;
const ID = /^[0-9a-f]{64}$/;
const PLAIN_PATH = /^[A-Za-z0-9._~:@!$&'()*+,;=/-]*$/;

function isDigest(text: string): boolean {
  if (text.startsWith("sha256:")) return /^sha256:[0-9a-f]{64}$/.test(text);
  if (text.startsWith("sha512:")) return /^sha512:[0-9a-f]{128}$/.test(text);
  return OTHER_DIGEST.test(text) && text.length <= 255;
}

const isPlain = (path: string): boolean =>
  PLAIN_PATH.test(path) && !path.includes("//") && !/(?:^|\/)\.\.?(?:\/|$)/.test(path);

const FILES = Object.values(SERVED);
const isV1 = (file: ServedFile): boolean => file.version === 1;
const V2_FILES = FILES.filter((file) => !isV1(file));
const V1_FILES = FILES.filter(isV1).sort((a, b) => (a["repo-registry-id"] < b["repo-registry-id"] ? -1 : 1));

/** Which files a client may see. */
export type MaySee = (file: ServedFile) => boolean;

const some = (...statuses: number[]): Expected => ({ statuses, isGuarded: true });
const to = (file: ServedFile, path: string): Expected => ({
  ...some(302),
  location: `${file.url}${path}`,
  file,
  path,
});

function tagsOf(file: ServedFile): readonly string[] {
  const lists = [
    file.schema1_data,
    file.schema2_data,
    file.manifest_list_data,
    file.oci_manifest_data,
    file.oci_index_data,
  ];
  const names = [...lists.flatMap((list) => list ?? []), ...Object.keys(file.manifest_list_amd64_tags ?? {})];
  return [...new Set(names)].filter((name) => !name.includes(":")).sort();
}

function pageOf(all: readonly string[], query: URLSearchParams): readonly string[] | undefined {
  const [n, last] = [query.get("n"), query.get("last")];
  if (n !== null && !/^\d+$/.test(n)) return undefined;
  const after = all.filter((name) => last === null || name > last);
  return after.slice(0, n === null ? undefined : Number(n));
}

function expectReferrers(file: ServedFile, digest: string, query: URLSearchParams): Expected {
  if (file.version !== 5) return some(404);
  const type = query.get("artifactType");
  const manifests = (file.referrers?.[digest] ?? []).filter((each) => type === null || each["artifactType"] === type);
  const json = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  return { ...some(200), json };
}

function expectV2(request: ReadRequest, path: string, query: URLSearchParams, maySee: MaySee): Expected {
  if (path === "/v2" || path === "/v2/") return some(200);
  const names = V2_FILES.filter(maySee).map((file) => file["repo-registry-id"]);
  if (path === "/v2/_catalog") {
    const repositories = pageOf([...names].sort(), query);
    return repositories === undefined ? some(400) : { ...some(200), json: { repositories } };
  }
  const [, name = "", word, rest = ""] = /^\/v2\/(.*)\/(manifests|blobs|tags|referrers)\/(.*)$/.exec(path) ?? [];
  if (word === undefined) return { ...some(404), isGuarded: false };
  const file = V2_FILES.find((each) => each["repo-registry-id"] === name && NAME.test(name) && maySee(each));
  // Whether the digest or the path is what is wrong with it depends on how the path is read.
  if ((word === "blobs" || word === "referrers") && !isDigest(rest))
    return isPlain(path) && rest !== "" ? some(400) : some(400, 404);
  if (file === undefined || (word === "tags" && rest !== "list")) return some(404);
  if (word === "blobs") return to(file, `blobs/${rest}`);
  if (word === "referrers") return expectReferrers(file, rest, query);
  if (word === "tags") {
    if (file.version !== 5) return to(file, "tags/list");
    const tags = pageOf(tagsOf(file), query);
    return tags === undefined ? some(400) : { ...some(200), json: { name, tags } };
  }
  const accept = fieldOf(request, "accept");
  const resolved = TAG.test(rest) || isDigest(rest) ? naivelyResolve(file, rest, accept || undefined) : undefined;
  return resolved === undefined ? some(404) : to(file, resolved);
}

function expectV1(path: string, query: URLSearchParams, maySee: MaySee): Expected {
  const [, id = "", part = ""] = /^\/v1\/images\/([^/]*)\/(.*)$/.exec(path) ?? [];
  if (id !== "" || part !== "") {
    const file = V1_FILES.find((each) => maySee(each) && each.images?.some((image) => image.id === id));
    const isThere = ID.test(id) && /^(?:json|layer|ancestry)$/.test(part) && file !== undefined;
    return isThere ? to(file, `${id}/${part}`) : some(404);
  }
  if (/^\/v1\/(?:_ping|users\/?)$/.test(path)) return some(200);
  if (path === "/v1/search") return some((query.get("q") ?? "") === "" ? 400 : 200);
  const [, sent = "", word, tag = ""] =
    /^\/v1\/repositories\/((?:[^/]*\/)?[^/]*)\/(images|tags)$/.exec(path) ??
    /^\/v1\/repositories\/((?:[^/]*\/)?[^/]*)\/(tags)\/([^/]*)$/.exec(path) ??
    [];
  const name = sent.replace(/^library\//, "");
  const file = V1_FILES.find((each) => each["repo-registry-id"] === name && maySee(each));
  if (word === undefined || file === undefined) return some(404);
  if (word === "images") return { ...some(200), json: file.images };
  if (tag === "") return { ...some(200), json: file.tags };
  return Object.hasOwn(file.tags ?? {}, tag) ? { ...some(200), json: file.tags?.[tag] } : some(404);
}

const OWN = /^\/(?:healthz|readyz|metrics|openapi\.json|docs|crane\/repositories(?:\/v[12])?)\/?$/;

/** What an open registry has to answer. @param maySee who asks */
export function expectNaively(request: ReadRequest, maySee: MaySee): Expected {
  const { method, target } = request;
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1));
  const isRead = method === "GET" || method === "HEAD";
  const isUsers = path === "/v1/users" || path === "/v1/users/";
  if (method === "POST" && isUsers) return some(201);
  if (!isRead) return { ...some(404, 405), isGuarded: false };
  if (/^\/v2(?:$|\/)/.test(path)) {
    const expected = expectV2(request, path, query, maySee);
    return isPlain(path)
      ? expected
      : { ...expected, statuses: expected.statuses.map((each) => (each === 200 ? 404 : each)) };
  }
  if (/^\/v1(?:$|\/)/.test(path)) return expectV1(path, query, maySee);
  return { statuses: OWN.test(path) ? [200, 404] : [404], isGuarded: false };
}
