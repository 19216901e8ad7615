/**
 * Which route a raw path is.
 *
 * Paths are matched as they were sent, never decoded or normalised: what needs either is not a path of a registry.
 *
 * @see spec "HTTP"
 */

/** A route that takes a repository name. */
type NamedRoute =
  | "v2.manifests"
  | "v2.blobs"
  | "v2.tags"
  | "v2.referrers"
  | "v1.images"
  | "v1.tags"
  | "v1.tag"
  | "v1.image";

/** Every route that a request may be for; `.unknown` ones are paths below an API that it does not have. */
export type Route =
  | NamedRoute
  | "v2.base"
  | "v2.catalog"
  | "v2.unknown"
  | "v1.ping"
  | "v1.users"
  | "v1.search"
  | "v1.unknown"
  | "other";

/** A request target, taken apart. */
export interface Target {
  readonly route: Route;
  /** The repository's name or the image's id, not yet parsed. */
  readonly name: string;
  /** What follows: a reference, a digest, a tag or a file, not yet parsed. */
  readonly rest: string;
  /** Without its question mark. */
  readonly query: string;
}

const V2_PREFIX = "/v2/";
const V1_REPOSITORIES = "/v1/repositories/";
const V1_IMAGES = "/v1/images/";

const V2_KEYWORDS: ReadonlyMap<string, NamedRoute> = new Map([
  ["manifests", "v2.manifests"],
  ["blobs", "v2.blobs"],
  ["tags", "v2.tags"],
  ["referrers", "v2.referrers"],
]);

const V1_KEYWORDS: ReadonlyMap<string, NamedRoute> = new Map([
  ["images", "v1.images"],
  ["tags", "v1.tags"],
]);

const V1_FIXED: ReadonlyMap<string, Route> = new Map([
  ["/v1/_ping", "v1.ping"],
  ["/v1/users", "v1.users"],
  ["/v1/users/", "v1.users"],
  ["/v1/search", "v1.search"],
]);

// RFC 3986 pchar without percent-encoding; anything else needs a decoder to be understood.
const PLAIN_PATH = /^[A-Za-z0-9._~:@!$&'()*+,;=/-]*$/;
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

/** Whether a path means what it says, with no encoding, dot segment or empty segment in it. */
export function isPlainPath(path: string): boolean {
  return PLAIN_PATH.test(path) && !DOT_SEGMENT.test(path) && !path.includes("//");
}

/** Splits at the right-most keyword that something follows, so that names may contain keywords. */
function splitV2(path: string, query: string): Target {
  for (let end = path.lastIndexOf("/"); end > V2_PREFIX.length; ) {
    const start = path.lastIndexOf("/", end - 1);
    const route = start < V2_PREFIX.length ? undefined : V2_KEYWORDS.get(path.slice(start + 1, end));
    if (route !== undefined) {
      return { route, name: path.slice(V2_PREFIX.length, start), rest: path.slice(end + 1), query };
    }
    end = start;
  }
  return { route: path === "/v2/_catalog" ? "v2.catalog" : "v2.unknown", name: "", rest: "", query };
}

const MAX_V1_NAME_SLASHES = 1;

/** A v1 name has at most one slash, and `library/` in front of it means nothing. */
function v1Name(path: string, end: number): string | undefined {
  const name = path.slice(V1_REPOSITORIES.length, end);
  if (name.split("/").length - 1 > MAX_V1_NAME_SLASHES) return undefined;
  return name.startsWith("library/") ? name.slice("library/".length) : name;
}

function splitV1Repositories(path: string, query: string): Target {
  const last = path.lastIndexOf("/");
  const word = path.slice(last + 1);
  const route = V1_KEYWORDS.get(word);
  const name = route === undefined ? undefined : v1Name(path, last);
  if (route !== undefined && name !== undefined) return { route, name, rest: "", query };
  // Otherwise the last word may be a tag, be it called as those two are.
  const before = path.slice(0, last);
  const tagged = before.endsWith("/tags") ? v1Name(path, last - "/tags".length) : undefined;
  if (tagged !== undefined) return { route: "v1.tag", name: tagged, rest: word, query };
  return { route: "v1.unknown", name: "", rest: "", query };
}

function splitV1(path: string, query: string): Target {
  if (path.startsWith(V1_REPOSITORIES)) return splitV1Repositories(path, query);
  if (path.startsWith(V1_IMAGES)) {
    const slash = path.indexOf("/", V1_IMAGES.length);
    if (slash !== -1) {
      return { route: "v1.image", name: path.slice(V1_IMAGES.length, slash), rest: path.slice(slash + 1), query };
    }
  }
  return { route: V1_FIXED.get(path) ?? "v1.unknown", name: "", rest: "", query };
}

/** @param target path and query as they came */
export function parseTarget(target: string): Target {
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? "" : target.slice(mark + 1);
  if (path.startsWith(V2_PREFIX)) {
    return path === V2_PREFIX ? { route: "v2.base", name: "", rest: "", query } : splitV2(path, query);
  }
  if (path === "/v2") return { route: "v2.base", name: "", rest: "", query };
  if (path.startsWith("/v1/") || path === "/v1") return splitV1(path, query);
  return { route: "other", name: "", rest: "", query };
}

/** Which API a target belongs to, even one that can't be read otherwise. */
export function apiOf(target: string): "v1" | "v2" | undefined {
  const version = /^\/(v[12])(?:[/?]|$)/.exec(target)?.[1];
  return version === "v1" || version === "v2" ? version : undefined;
}
