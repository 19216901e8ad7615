/** Writes the head of an HTTP/1.1 response. */

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  206: "Partial Content",
  302: "Found",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  412: "Precondition Failed",
  414: "URI Too Long",
  416: "Range Not Satisfiable",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ["docker-distribution-api-version", "Docker-Distribution-API-Version"],
  ["etag", "ETag"],
  ["oci-filters-applied", "OCI-Filters-Applied"],
  ["www-authenticate", "WWW-Authenticate"],
]);

/** The spelling that people know a header by; names are equal in any case, but logs and eyes are not. */
export function spell(name: string): string {
  const lower = name.toLowerCase();
  return SPELLINGS.get(lower) ?? lower.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

export const statusLine = (status: number): string => `HTTP/1.1 ${status} ${REASONS[status] ?? "Status"}\r\n`;

/** Header lines, each with its CRLF. Values are the program's own and hold no line break. */
export function fieldLines(headers: Iterable<readonly [string, string]>): string {
  let lines = "";
  for (const [name, value] of headers) lines += `${name}: ${value}\r\n`;
  return lines;
}
