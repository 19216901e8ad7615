import { digest, hex } from "../../harness/redirect-files.ts";
/** Requests that are made of the document, or that nobody thought of. */

/** A request to be sent as it is. */
export interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const DIGEST = digest("2");

const FILLERS: Readonly<Record<string, string>> = {
  name: "team/app",
  reference: "1.0",
  digest: DIGEST,
  tag: "1.0",
  id: hex("a"),
  file: "json",
};

const fill = (path: string): string => path.replace(/\{(\w+)\}/g, (_, name: string) => FILLERS[name] ?? "x");

/** Every path of a document with the methods that it has not. */
export function otherMethods({ paths }: { readonly paths: Readonly<Record<string, object>> }): readonly Sent[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    ["PUT", "DELETE", "PATCH", ...("post" in item ? [] : ["POST"])].map((method) => ({ method, target: fill(path) })),
  );
}

const PIECES = [
  ..."/v2/ /v1/ team/app /manifests/ /blobs/ /tags/list /tags/ /referrers/ /_catalog /images/ /repositories/ /search".split(
    " ",
  ),
  ..."/users /_ping /healthz /readyz /metrics /docs /openapi.json /crane/repositories /v2 ? n= last= q= & % %2f %00 .. . // 1.0".split(
    " ",
  ),
  ..."sha256: json layer * @ : ; ~ ' = [ ] { } < > é".split(" "),
  DIGEST,
  hex("a"),
  "x".repeat(300),
];
const METHODS = ["GET", "GET", "GET", "HEAD", "HEAD", "POST", "PUT", "OPTIONS"];
const VALUES = ["*/*", "application/json", "text/html;q=0", "bytes=0-0", "bytes=9-", '"x"', "*", "", ";;=", "é"];
const NAMES = ["Accept", "Range", "If-None-Match", "If-Match", "If-Range", "Authorization", "X-Forwarded-For"];

/** Requests that nobody thought of; the same for the same seed. */
export function strayRequests(count: number, seed: number): readonly Sent[] {
  let state = seed;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const pick = (items: readonly string[]): string => items[next(items.length)] ?? "";
  return Array.from({ length: count }, () => ({
    method: pick(METHODS),
    target: `/${Array.from({ length: 1 + next(6) }, () => pick(PIECES)).join("")}`.replace(/^\/(?=\/)/, ""),
    headers: Object.fromEntries(Array.from({ length: next(3) }, () => [pick(NAMES), pick(VALUES)])),
  }));
}
