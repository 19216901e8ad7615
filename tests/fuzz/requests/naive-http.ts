/**
 * HTTP requests read once more from RFC 9112 and the table of bounds in docs/operations.md, slowly and all at once: the
 * twin that the listener is held to. It shares no code with it, and must not.
 */

/** A request as it was understood. */
export interface ReadRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Of the target if it has one, else of the header. */
  readonly host: string;
  /** In the order of their coming, names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** What a server has to make of bytes. */
export interface Reading {
  readonly requests: readonly ReadRequest[];
  /**
   * How it goes on after the last of them: `closed`, the connection ends; `refused`, what follows is answered as an
   * error, and the connection ends; `open`, more would have to come.
   */
  readonly ending: "closed" | "refused" | "open";
  /** Where what is refused says HEAD, its answer has no body. */
  readonly refusedMethod?: string;
}

const MAX_LINE = 8192;
const MAX_FIELDS = 131_072;
const MAX_FIELD_COUNT = 100;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TARGET = /^[!-~]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HOST = /^[A-Za-z0-9._~:[\]%!$&'()*+,;=-]*$/;

interface Head {
  readonly request: ReadRequest;
  readonly isLast: boolean;
  readonly bodyLength: number;
}

function readFields(text: string): readonly (readonly [string, string])[] | undefined {
  const lines = text === "" ? [] : text.split("\r\n");
  if (lines.length > MAX_FIELD_COUNT) return undefined;
  const fields = lines.map((line) => {
    const [, name = "", value = "\0"] = /^([^:]*):([\s\S]*)$/.exec(line) ?? [];
    return TOKEN.test(name) && VALUE.test(value) ? ([name.toLowerCase(), value.trim()] as const) : undefined;
  });
  const good = fields.filter((field) => field !== undefined);
  return good.length === fields.length ? good : undefined;
}

/** @returns undefined when it is to be refused */
function readHead(text: string): Head | undefined {
  const end = text.indexOf("\r\n");
  const line = end === -1 ? text : text.slice(0, end);
  const rest = end === -1 ? "" : text.slice(end + 2);
  const [method = "", sent = "", version = "", ...others] = line.split(" ");
  const isRequestLine = TOKEN.test(method) && TARGET.test(sent) && !sent.includes("#") && others.length === 0;
  const isKnownVersion = version === "HTTP/1.1" || version === "HTTP/1.0";
  if (line.length > MAX_LINE || !isRequestLine || !isKnownVersion) return undefined;
  if (rest.length + 2 > MAX_FIELDS && rest !== "") return undefined;
  const fields = readFields(rest);
  if (fields === undefined) return undefined;
  const all = (name: string): readonly string[] => fields.filter(([each]) => each === name).map(([, value]) => value);
  const [hosts, lengths, codings] = [all("host"), all("content-length"), all("transfer-encoding")];
  const isOld = version === "HTTP/1.0";
  if (hosts.length > 1 || (hosts.length === 0 && !isOld) || !HOST.test(hosts[0] ?? "")) return undefined;
  if (lengths.length > 1 || !/^\d{1,15}$/.test(lengths[0] ?? "0")) return undefined;
  if (codings.length > 1 || (codings[0] ?? "chunked").toLowerCase() !== "chunked") return undefined;
  if (codings.length > 0 && (isOld || lengths.length > 0)) return undefined;
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(sent);
  const target = absolute === null ? sent : `${absolute[2]}`.replace(/^(?!\/)/, "/");
  if (!target.startsWith("/") && !(target === "*" && method === "OPTIONS")) return undefined;
  const options = all("connection").flatMap((value) =>
    value
      .toLowerCase()
      .split(",")
      .map((each) => each.trim()),
  );
  const stays = isOld ? options.includes("keep-alive") : !options.includes("close");
  return {
    request: { method, target, host: absolute?.[1] ?? hosts[0] ?? "", fields },
    isLast: !stays || codings.length > 0,
    bodyLength: Number(lengths[0] ?? 0),
  };
}

/** @param text all that a client sends, one character a byte */
export function readNaively(text: string): Reading {
  const requests: ReadRequest[] = [];
  let at = 0;
  for (;;) {
    const start = at;
    while (text.startsWith("\r\n", at)) at += 2;
    const rest = text.slice(at);
    if (at - start > MAX_LINE) return { requests, ending: "refused" };
    if (rest === "") return { requests, ending: "open" };
    const refused = { requests, ending: "refused", refusedMethod: /^[^ \r\n]*/.exec(rest)?.[0] ?? "" } as const;
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) {
      // Of a head that is not whole it can already be said that it is none.
      const lines = rest.split("\n");
      const isBroken = lines.slice(0, -1).some((line) => !line.endsWith("\r")) || !TOKEN.test(rest.charAt(0));
      const isTooMuch =
        rest.length > MAX_LINE && (lines.length === 1 || rest.length > MAX_FIELDS || lines.length > MAX_FIELD_COUNT);
      return isBroken || isTooMuch ? refused : { requests, ending: "open" };
    }
    const head = readHead(rest.slice(0, end));
    if (head === undefined) return refused;
    requests.push(head.request);
    if (head.isLast) return { requests, ending: "closed" };
    at += end + 4 + head.bodyLength;
    if (at > text.length) return { requests, ending: "open" };
  }
}

/** The value of a header, several lines joined by commas. @param name in lower case */
export function fieldOf({ fields }: ReadRequest, name: string): string | undefined {
  const values = fields.filter(([each]) => each === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}
