/**
 * HTTP requests read once more from RFC 9112 and the URL standard, slowly and all at once: the twin that the server is
 * held to. It shares no code with it, and must not. It reads only requests to which the standards leave one meaning; what
 * a server makes of all else is the server's own.
 */

/** A request as it was understood. */
export interface ReadRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Of the target, as the URL standard makes it. */
  readonly path: string;
  /** In the order of their coming, names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** What a server has to make of bytes. */
export interface Reading {
  /** Requests with one meaning, up to the first without. */
  readonly requests: readonly ReadRequest[];
  /**
   * How it goes on after the last of them: `closed`, the connection ends; `open`, nothing follows; `unclear`, what
   * follows is incomplete, broken, or has several meanings.
   */
  readonly ending: "closed" | "open" | "unclear";
  /** Whether there are bytes after the last of them. */
  readonly isFollowed: boolean;
}

const METHOD = /^(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|TRACE)$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TARGET = /^(?:https?:\/\/[a-z0-9.-]+(?::\d{1,4})?(?=[/?]|$)|(?=\/))(\/[!"$-~]*|\?[!"$-~]*|)$/i;
/** Hosts that are ones by the URL standard too, which reads numbers in its own way. */
const HOST = /^(?:|127\.0\.0\.1|\[::1\]|(?!.*xn--)[A-Za-z](?:[A-Za-z.-]*[A-Za-z])?)(?::\d{1,4})?$/;
/** Below `limits.header_bytes`, at which a server may count in its own way. */
const MAX_HEAD = 15_000;
const MAX_FIELD_COUNT = 90;
const MAX_BODY = 64 * 1024;

/** Fields with which more than one request could be read out of the same bytes, or more than one answer comes. */
const FRAMING = new Set(["transfer-encoding", "expect", "upgrade", "http2-settings", "trailer"]);

/** Characters that the URL standard encodes in a path. */
const encoded = (character: string): string =>
  /["<>^`{}]/.test(character) ? `%${character.charCodeAt(0).toString(16).toUpperCase()}` : character;

/** Resolves a path as the path state of the URL standard does. @see https://url.spec.whatwg.org/#path-state */
export function naivePath(sent: string): string {
  const segments = sent.split(/[/\\]/).slice(1);
  const output: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const dots = segment.toLowerCase().replaceAll("%2e", ".");
    if (dots === "..") {
      output.pop();
      if (isLast) output.push("");
    } else if (dots === ".") {
      if (isLast) output.push("");
    } else output.push([...segment].map(encoded).join(""));
  }
  return `/${output.join("/")}`;
}

interface Head {
  readonly request: ReadRequest;
  readonly isLast: boolean;
  readonly bodyLength: number;
}

/** Spaces and tabs only: other white space is a part of the value. @see RFC 9110 section 5.6.3 */
const trimmed = (value: string): string => value.replace(/^[ \t]+|[ \t]+$/g, "");

/** @returns undefined when it has not exactly one meaning */
function readHead(text: string): Head | undefined {
  const [line = "", ...lines] = text.split("\r\n");
  const [method = "", sent = "", version = "", ...others] = line.split(" ");
  const [, target] = TARGET.exec(sent) ?? [];
  if (!METHOD.test(method) || target === undefined || version !== "HTTP/1.1" || others.length > 0) return undefined;
  if (text.length > MAX_HEAD || lines.length > MAX_FIELD_COUNT) return undefined;
  const fields = lines.map((each) => {
    const [, name = "", value = "\0"] = /^([^:]*):([\s\S]*)$/.exec(each) ?? [];
    return TOKEN.test(name) && VALUE.test(value) ? ([name.toLowerCase(), trimmed(value)] as const) : undefined;
  });
  const good = fields.filter((field) => field !== undefined);
  if (good.length < fields.length || good.some(([name]) => FRAMING.has(name))) return undefined;
  const all = (name: string): readonly string[] => good.filter(([each]) => each === name).map(([, value]) => value);
  const [hosts, lengths, connection] = [all("host"), all("content-length"), all("connection")];
  if (hosts.length !== 1 || !HOST.test(hosts[0] ?? "")) return undefined;
  if (lengths.length > 1 || !/^\d{1,6}$/.test(lengths[0] ?? "0")) return undefined;
  if (connection.length > 1 || !/^(?:|close|keep-alive)$/.test(connection[0] ?? "")) return undefined;
  const [path = ""] = target.split("?");
  return {
    // Without a host there is no URL to resolve.
    request: {
      method,
      target,
      path: hosts[0] === "" ? path || "/" : naivePath(path),
      fields: good,
    },
    isLast: connection[0] === "close",
    bodyLength: Number(lengths[0] ?? 0),
  };
}

/** @param text all that a client sends, one character a byte */
export function readNaively(text: string): Reading {
  const requests: ReadRequest[] = [];
  let at = 0;
  for (;;) {
    if (at === text.length) return { requests, ending: "open", isFollowed: false };
    const end = text.indexOf("\r\n\r\n", at);
    const head = end === -1 ? undefined : readHead(text.slice(at, end));
    if (head === undefined || head.bodyLength > MAX_BODY) return { requests, ending: "unclear", isFollowed: true };
    const next = end + 4 + head.bodyLength;
    // A server may answer without waiting for the body, and may wait for it.
    if (next > text.length) return { requests, ending: "unclear", isFollowed: true };
    requests.push(head.request);
    if (head.isLast) return { requests, ending: "closed", isFollowed: next < text.length };
    at = next;
  }
}

/** The value of a header, several lines joined by commas. @param name in lower case */
export function fieldOf({ fields }: ReadRequest, name: string): string | undefined {
  const values = fields.filter(([each]) => each === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}
