/** Reads multipart/byteranges, as a client does. @see RFC 9110 section 14.6 */

/** A part of a file. */
interface Part {
  readonly range: string | undefined;
  readonly type: string | undefined;
  readonly bytes: Buffer;
}

/** Reads the parts of a body. @param text one character a byte @throws when it is no well-formed multipart/byteranges */
export function readParts(contentType: string | null, text: string): readonly Part[] {
  const [, boundary] = /^multipart\/byteranges; boundary=(\S+)$/.exec(contentType ?? "") ?? [];
  if (boundary === undefined) throw new Error(`no multipart/byteranges: ${contentType}`);
  const [preamble, ...rest] = text.split(`\r\n--${boundary}`);
  const end = rest.pop();
  if (preamble !== "" || end !== "--\r\n") throw new Error("the delimiters are wrong");
  return rest.map((part) => {
    const at = part.indexOf("\r\n\r\n");
    const head = part.slice(0, at + 2);
    const field = (name: string) => new RegExp(`^${name}: (.*)\r$`, "im").exec(head)?.[1];
    const bytes = Buffer.from(part.slice(at + 4), "latin1");
    return { range: field("Content-Range"), type: field("Content-Type"), bytes };
  });
}

/** Reads the parts of a response. */
export const partsOf = async (response: Response): Promise<readonly Part[]> =>
  readParts(response.headers.get("content-type"), Buffer.from(await response.arrayBuffer()).toString("latin1"));
