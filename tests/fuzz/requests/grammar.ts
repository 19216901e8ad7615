/** Well-formed requests out of the registry's own grammar, and out of HTTP's. */

import { digest, hex } from "../../harness/redirect-files.ts";
import type { Random } from "../random.ts";
import { SERVED, WHOLE_DIGESTS } from "./served-files.ts";

/** A request, in parts. */
export interface MadeRequest {
  readonly method: string;
  readonly target: string;
  readonly lines: readonly string[];
  readonly body: string;
}

const FILES = Object.values(SERVED);
const NAMES = [
  ...FILES.map((file) => file["repo-registry-id"]),
  ...["team/app", "team/app", "library/both", "no/such", "tags", "a", "tags/list", "hasownproperty"],
];
const REFERENCES = [
  ...["1.0", "every", "multi", "multi-old", "old", "art", "latest", "1", "none", "list", "tags", "manifests"],
  ...["__proto__", "constructor", "toString", `${"t".repeat(128)}`, `${"t".repeat(129)}`, "-x", ".x"],
  ...[
    digest("1"),
    digest("2"),
    digest("3"),
    digest("4"),
    digest("5"),
    digest("7"),
    digest("9"),
    `sha512:${hex("c").repeat(2)}`,
    "md5:abc",
    "sha256:abc",
  ],
  ...["bare", ...WHOLE_DIGESTS],
  ...["other+kind:A=_-", ":", "a:", ":b", "sha256:", `sha256:${hex("A")}`],
];
const DIGESTS = [
  digest("2"),
  digest("2"),
  digest("4"),
  digest("9"),
  "sha256:abc",
  "latest",
  `sha512:${hex("c").repeat(2)}`,
  "",
  "a:b",
  ...WHOLE_DIGESTS,
];
const IDS = [hex("a"), hex("b"), hex("c"), hex("d"), "abc", hex("A")];
/** What is there, redirected to or on disk: chance alone would seldom find it. */
const THERE = [
  ...[
    "/v2/team/app/manifests/1.0",
    `/v2/team/app/blobs/${digest("2")}`,
    "/v2/blind/tags/list",
    "/v2/control/manifests/1",
  ],
  ...[`/v1/images/${hex("a")}/json`, `/v1/images/${hex("a")}/layer`, "/v2/secret/manifests/1.0"],
  ...WHOLE_DIGESTS.flatMap((each) => [`/v2/whole/manifests/${each}`, `/v2/whole/blobs/${each}`]),
  ...[
    "/v2/whole/manifests/every",
    "/v2/whole/manifests/bare",
    "/v2/whole/tags/list",
    `/v2/whole/referrers/${digest("d")}`,
  ],
];
const OWN_PATHS = [
  ...["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/crane/repositories", "/crane/repositories/v1"],
  ...["//v2/", "/x/../v2/", "/v2/x/..", "/./v2/%2e%2E/metrics", "/metrics/", "/x/../metrics", "/v2\\", "/\\h/v2/"],
  ...["/v2/team%2Fapp/manifests/1.0", "/v2/team//app/manifests/1.0", "/%76%32/", "/v2/%2e%2e%2fmetrics"],
  ...["/crane/repositories/v2", "/", "/favicon.ico", "/v2", "/v1", "/v3/", "/docs/", "/crane"],
];
const RANGES = [
  ...["application/vnd.docker.distribution.manifest.v1+prettyjws", "application/vnd.oci.image.index.v1+json"],
  ...["application/vnd.docker.distribution.manifest.v1+json", "application/vnd.oci.image.manifest.v1+json"],
  ...["application/vnd.docker.distribution.manifest.v2+json", "*/*", "application/*", "application/json"],
  ...["application/vnd.docker.distribution.manifest.list.v2+json", "text/html", "text/*", "application/xml"],
];
const WEIGHTS = ["", "", "", ";q=0", ";q=0.5", "; q=0.1", ";q=1.0", ";q=0.999", ";charset=utf-8", ";charset=x;q=0.3"];

const accept = ({ next, pick, join }: Random): string =>
  join(1 + next(5), () => `, ${pick(RANGES)}${pick(WEIGHTS)}`).slice(2);

const NUMBERS = ["0", "1", "2", "100", "-1", "1.5", "", "many", "1e3", "9".repeat(30), "00001", "%31", "+1"];
const LASTS = ["every", "old", "zzz", "", "%2f", "%00", "a b", "1.0", digest("2"), "both", "team/app", "%E0%A4%A"];
const ODD = [
  "q=%22%3E%3Cfuzz%3E",
  "q=app",
  "q=",
  "page=2",
  "page=-1",
  "x[y]=1",
  "&&&",
  "=",
  "ns=docker.io",
  "a=%zz",
  "?",
];

function query({ next, pick, join }: Random): string {
  const parameter = () => {
    switch (next(4)) {
      case 0:
        return `&n=${pick(NUMBERS)}`;
      case 1:
        return `&last=${pick(LASTS)}`;
      case 2:
        return `&artifactType=${pick(["a/sbom", "a%2Fsbom", "b/sig", "", "x"])}`;
      default:
        return `&${pick(ODD)}`;
    }
  };
  return next(3) === 0 ? `?${join(1 + next(3), parameter).slice(1)}` : "";
}

function path(random: Random): string {
  const { next, pick, once } = random;
  const name = pick(NAMES);
  switch (next(14)) {
    case 12:
    case 13:
      return pick(THERE);
    case 0:
    case 1:
    case 2:
    case 3:
      return `/v2/${name}/manifests/${pick(REFERENCES)}`;
    case 4:
      return `/v2/${name}/blobs/${pick(DIGESTS)}`;
    case 5:
      return `/v2/${name}/tags/${once(8) ? pick(REFERENCES) : "list"}`;
    case 6:
      return `/v2/${name}/referrers/${pick(DIGESTS)}`;
    case 7:
      return pick(["/v2/_catalog", "/v2/_catalog", "/v2/"]);
    case 8:
      return `/v1/repositories/${name}/${pick(["images", "tags", "tags/1.0", "tags/none", "auth", "tags/tags"])}`;
    case 9:
      return `/v1/images/${pick(IDS)}/${pick(["json", "layer", "ancestry", "checksum", ""])}`;
    case 10:
      return pick(["/v1/_ping", "/v1/users", "/v1/users/", "/v1/search"]);
    default:
      return pick(OWN_PATHS);
  }
}

const METHODS = [..."GET GET GET GET GET GET GET GET HEAD HEAD HEAD POST PUT DELETE PATCH OPTIONS TRACE".split(" ")];

const PROXY_LINES = [
  ...["X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 10.0.0.1, 127.0.0.1", "X-Forwarded-For: 192.0.2.1, unknown"],
  ...[
    "X-Forwarded-For: ,,",
    "X-Forwarded-For: [::1]:80",
    'Forwarded: for="[2001:db8::1]:9";proto=http',
    "Forwarded: for=a",
  ],
  ...[
    "Forwarded: for=10.0.0.1;for=10.0.0.2",
    'Forwarded: for="\\"',
    "X-Real-IP: 10.0.0.1",
    "Via: 1.1 x",
    "Forwarded: ,",
  ],
];
const FILE_LINES = [
  ...["Range: bytes=0-0", "Range: bytes=2-", "Range: bytes=-3", "Range: bytes=9-1", "Range: bytes=0-0,2-3"],
  ...[
    "Range: bytes=99999-",
    "Range: bytes=-0",
    "Range: bytes=99999999999999999999-",
    "Range: items=0-1",
    "Range: bytes=-",
  ],
  ...[
    'If-None-Match: "x"',
    "If-None-Match: *",
    'If-None-Match: W/"x", "y"',
    'If-Match: "x"',
    "If-Match: *",
    'If-Range: "x"',
  ],
  ...["If-Modified-Since: Tue, 24 Nov 2099 00:00:00 GMT", "If-Unmodified-Since: Sat, 24 Nov 1984 00:00:00 GMT"],
  ...[
    "If-Modified-Since: yesterday",
    "If-Range: Tue, 24 Nov 2099 00:00:00 GMT",
    "If-Modified-Since: Tue, 99 Nov 2099 99:00:00 GMT",
  ],
];
const OTHER_LINES = [
  ...["User-Agent: docker/27.0", "Accept-Encoding: gzip, br", "Cookie: a=b; c", "Expect: 100-continue", "Upgrade: h2c"],
  ...[
    "X-Request-Id: 7",
    "X-Request-Id: a\tb",
    `X-Long: ${"y".repeat(3000)}`,
    "Origin: http://evil.test",
    "TE: trailers",
    "X-Empty:",
  ],
  ...[
    "X-Http-Method-Override: DELETE",
    "X-Latin: \xe9\xff",
    "Content-Type: application/json",
    "Connection: keep-alive",
    "X-Original-URL: /docs",
  ],
];
const HOSTS = ["127.0.0.1:5000", "registry.example.org", "[::1]:5000", "h", ""];

/** @param credentials lines that this registry could be asked with, right ones and wrong ones */
export function madeRequest(random: Random, credentials: readonly string[]): MadeRequest {
  const { next, pick, once } = random;
  const lines = [`Host: ${pick(HOSTS)}`];
  const times = (count: number, from: readonly string[]) => {
    for (let each = 0; each < count; each++) lines.push(pick(from));
  };
  if (!once(6)) lines.push(`${pick(["Accept", "accept", "ACCEPT"])}: ${accept(random)}`);
  if (once(20)) lines.push(`Accept: ${accept(random)}`);
  if (credentials.length > 0 && !once(5)) lines.push(pick(credentials));
  if (once(5)) times(1 + next(2), PROXY_LINES);
  if (once(4)) times(1 + next(3), FILE_LINES);
  if (once(3)) times(1 + next(4), OTHER_LINES);
  const body = once(12) ? pick(["x", "{}", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(5000), "\r\n"]) : "";
  if (body !== "" || once(30)) lines.push(`Content-Length: ${body.length}`);
  const absolute = once(30) ? pick(["http://other:80", "HTTPS://a.b"]) : "";
  const plain = path(random);
  const at = once(8) ? plain.replaceAll(":", pick(["%3A", "%3a"])) : plain;
  const target = `${absolute}${at}${query(random).replaceAll(" ", "%20")}`;
  return { method: pick(METHODS), target, lines, body };
}

/** @param isLast ends the connection */
export function textOf({ method, target, lines, body }: MadeRequest, isLast: boolean): string {
  const all = isLast ? [...lines, "Connection: close"] : lines;
  return `${method} ${target} HTTP/1.1\r\n${all.join("\r\n")}\r\n\r\n${body}`;
}
