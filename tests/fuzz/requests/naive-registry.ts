/** What the registry of served-files.ts has to answer, read from its pages once more. */
import { naivelyResolve } from "../../core/naive-resolution.ts";
import { type NaiveWhole, naiveBlob, naivelyResolveWhole, naiveReferrers } from "../../core/naive-whole.ts";
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
  /** Whether a client has to be authorised first, if any has to be. */
  readonly isGuarded: boolean;
}

const NAME = /^[a-z0-9]+(?:(?:[._]|__|-+|\/)[a-z0-9]+)*$/;
const MAX_NAME = 255;
const TAG = /^\w[\w.-]{0,127}$/;
const OTHER_DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/;
const ID = /^[0-9a-f]{64}$/;

function isDigest(text: string): boolean {
  if (text.startsWith("sha256:")) return /^sha256:[0-9a-f]{64}$/.test(text);
  if (text.startsWith("sha512:")) return /^sha512:[0-9a-f]{128}$/.test(text);
  return OTHER_DIGEST.test(text) && text.length <= 255;
}

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

/** The file, where it is of version 6. */
const wholeOf = (file: ServedFile): NaiveWhole | undefined =>
  file.version === 6 ? (file as unknown as NaiveWhole) : undefined;

function tagsOf(file: ServedFile): readonly string[] {
  if (file.version === 6) return Object.keys(file.tags ?? {}).sort();
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
  const whole = wholeOf(file);
  if (file.version !== 5 && whole === undefined) return some(404);
  const type = query.get("artifactType");
  const all = whole === undefined ? (file.referrers?.[digest] ?? []) : naiveReferrers(whole, digest);
  const manifests = all.filter((each) => type === null || each["artifactType"] === type);
  const json = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  return { ...some(200), json };
}

const blobAt = (digest: string): string => `blobs/${digest.replace(":", "/")}`;

/** A manifest of a version 6 file: its bytes, or where they are if the file has none. */
function expectWholeManifest(request: ReadRequest, file: ServedFile, whole: NaiveWhole, reference: string): Expected {
  const digest = naivelyResolveWhole(whole, reference, fieldOf(request, "accept") || undefined);
  if (digest === undefined) return some(404);
  const data = whole.manifests.find((each) => each.digest === digest)?.data;
  if (data !== undefined) return { ...some(200), json: JSON.parse(atob(data)) };
  return request.method === "HEAD" ? some(200) : to(file, blobAt(digest));
}

function expectWholeBlob({ method }: ReadRequest, file: ServedFile, whole: NaiveWhole, digest: string): Expected {
  const data = whole.configs?.find((each) => each.digest === digest)?.data;
  if (data !== undefined) return { ...some(200), json: JSON.parse(atob(data)) };
  const size = naiveBlob(whole, digest);
  if (size === undefined) return some(404);
  return method === "HEAD" && size >= 0 ? some(200) : to(file, blobAt(digest));
}

/** Whether two names are one: docker's `library/` in front of a name without a slash. */
const isNamed = (file: ServedFile, name: string): boolean => {
  const own = file["repo-registry-id"];
  return own === name || (!own.includes("/") && name === `library/${own}`);
};

function expectV2(request: ReadRequest, query: URLSearchParams, maySee: MaySee): Expected {
  const path = request.path.replace(/%3a/gi, ":");
  if (path === "/v2" || path === "/v2/") return some(200);
  const names = V2_FILES.filter(maySee).map((file) => file["repo-registry-id"]);
  if (path === "/v2/_catalog") {
    const repositories = pageOf([...names].sort(), query);
    return repositories === undefined ? some(400) : { ...some(200), json: { repositories } };
  }
  const [, name = "", word, rest = ""] = /^\/v2\/(.*)\/(manifests|blobs|tags|referrers)\/(.*)$/.exec(path) ?? [];
  if (word === undefined) return { ...some(404), isGuarded: false };
  const file = V2_FILES.find((each) => isNamed(each, name) && NAME.test(name) && maySee(each));
  // Whether the path, the name or the digest is what is wrong depends on which is looked at first.
  if ((word === "blobs" || word === "referrers") && !isDigest(rest))
    return NAME.test(name) && name.length <= MAX_NAME && !rest.includes("/") ? some(400) : some(400, 404);
  if (file === undefined || (word === "tags" && rest !== "list")) return some(404);
  const whole = wholeOf(file);
  if (word === "blobs")
    return whole === undefined ? to(file, `blobs/${rest}`) : expectWholeBlob(request, file, whole, rest);
  if (word === "referrers") return expectReferrers(file, rest, query);
  if (word === "tags") {
    if (file.version < 5) return to(file, "tags/list");
    const tags = pageOf(tagsOf(file), query);
    return tags === undefined ? some(400) : { ...some(200), json: { name, tags } };
  }
  const accept = fieldOf(request, "accept");
  if (whole !== undefined)
    return TAG.test(rest) || isDigest(rest) ? expectWholeManifest(request, file, whole, rest) : some(404);
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

/** What else there is on the registry's port. */
const OWN = /^\/(?:healthz|openapi\.json|docs)$/;

/** Whether readers may differ: a parameter comes twice, or what is encoded is no UTF-8. */
function isAmbiguous(text: string, query: URLSearchParams): boolean {
  try {
    decodeURIComponent(text);
    return [...query.keys()].length > new Set(query.keys()).size;
  } catch {
    return true;
  }
}

const isConditional = (request: ReadRequest): boolean => fieldOf(request, "if-none-match") !== undefined;

/** Characters that the URL standard encodes in a path, and some servers leave. */
const ENCODED_BY_URL = /%(?:22|3C|3E|5E|60|7B|7D)/g;

/** What an open registry has to answer. @param maySee who asks */
export function expectNaively(request: ReadRequest, maySee: MaySee): Expected {
  const { method, target, path } = request;
  const unguarded = (...statuses: number[]): Expected => ({ statuses, isGuarded: false });
  const isUsers = path === "/v1/users" || path === "/v1/users/";
  if (method === "POST" && isUsers) return some(201);
  if (method !== "GET" && method !== "HEAD") return unguarded(404, 405);
  // Nothing but the colon of a digest may be encoded.
  if (/%(?!3a)/i.test(path.replace(ENCODED_BY_URL, ""))) return unguarded(404);
  if (/%(?!3a)/i.test(path)) return unguarded(400, 404);
  if (!/^\/v[12](?:$|\/)/.test(path))
    return unguarded(...(OWN.test(path) || path === "/" ? [200, 302, 304, 404] : [404]));
  const mark = target.indexOf("?");
  const sent = mark === -1 ? "" : target.slice(mark + 1);
  const query = new URLSearchParams(sent);
  const expected = path.startsWith("/v2") ? expectV2(request, query, maySee) : expectV1(path, query, maySee);
  const statuses = new Set(expected.statuses);
  if (isConditional(request) && statuses.has(200)) statuses.add(304);
  // A page size that is none may be refused before the name is looked for.
  const isBadPage =
    /\/tags\/list$|\/_catalog$/.test(path) &&
    (query.getAll("n").length > 1 || query.getAll("n").some((n) => !/^\d+$/.test(n)));
  if (isBadPage) statuses.add(400);
  if (!isAmbiguous(sent, query)) return { ...expected, statuses: [...statuses] };
  if (statuses.has(200) || isBadPage) statuses.add(200).add(400);
  const { json: _, ...rest } = expected;
  return { ...rest, statuses: [...statuses] };
}

/** Every place that a redirect of these files may lead to. */
const LOCATIONS = new RegExp(
  `^http://cdn\\.test/(?:${FILES.map((file) => file["repo-registry-id"]).join("|")})/(?:manifests/(?:(?:1|2|list|oci|index)/)?[\\w.:+=-]+|blobs/[\\w.:+=/-]+|tags/list|[0-9a-f]{64}/(?:json|layer|ancestry))$`,
);

/** Whether a redirect may lead there, whoever asked for whatever. */
export const isKnownLocation = (location: string): boolean => LOCATIONS.test(location);
