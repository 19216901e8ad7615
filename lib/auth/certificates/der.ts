/**
 * Reads DER (X.690) as far as certificates need it: the runtime's X.509 reader does not expose extensions.
 *
 * It is strict, so that no certificate means one thing here and another to the reader that checks its signature: lengths
 * are definite and of minimal size, no bytes are left over, and tags have one byte.
 */

/** One value with its tag. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Start of the next element. */
  readonly end: number;
}

/** The tags that certificates are made of. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  bmpString: 0x1e,
  sequence: 0x30,
} as const;

const MAX_LENGTH_BYTES = 4;
// An identifier of 64 arcs is longer than any that was ever given out.
const MAX_OID_BYTES = 128;

/** @returns the length, and where the content begins */
function readLength(bytes: Uint8Array, at: number): { readonly length: number; readonly start: number } | undefined {
  const first = bytes[at];
  if (first === undefined || first < 0x80) return first === undefined ? undefined : { length: first, start: at + 1 };
  const count = first - 0x80;
  if (count === 0 || count > MAX_LENGTH_BYTES) return undefined;
  const start = at + 1 + count;
  if (start > bytes.length) return undefined;
  const length = bytes.subarray(at + 1, start).reduce((sum, byte) => sum * 256 + byte, 0);
  const isShortest = length >= 0x80 && length >= 256 ** (count - 1);
  return isShortest ? { length, start } : undefined;
}

function readElement(bytes: Uint8Array, at: number): Element | undefined {
  const tag = bytes[at];
  const header = readLength(bytes, at + 1);
  if (tag === undefined || (tag & 0x1f) === 0x1f || header === undefined) return undefined;
  const end = header.start + header.length;
  return end > bytes.length ? undefined : { tag, content: bytes.subarray(header.start, end), end };
}

/** @returns the elements that fill the bytes, or undefined when something else is among them */
export function readElements(bytes: Uint8Array): readonly Element[] | undefined {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at);
    if (element === undefined) return undefined;
    elements.push(element);
    at = element.end;
  }
  return elements;
}

/** @returns the content of the only element in the bytes, or undefined when there is more or another tag */
export function readOnly(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  const element = readElement(bytes, 0);
  return element?.tag === tag && element.end === bytes.length ? element.content : undefined;
}

/** @returns the elements of the only sequence in the bytes */
export function readSequence(bytes: Uint8Array): readonly Element[] | undefined {
  const content = readOnly(bytes, TAG.sequence);
  return content === undefined ? undefined : readElements(content);
}

/** @returns the content of an OBJECT IDENTIFIER in dots: `2.5.29.19` */
export function readOid(content: Uint8Array): string | undefined {
  if (content.length === 0 || content.length > MAX_OID_BYTES) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  let isOpen = false;
  for (const byte of content) {
    if (!isOpen && byte === 0x80) return undefined;
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) return undefined;
    isOpen = byte >= 0x80;
    if (isOpen) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first, ...others] = arcs;
  if (isOpen || first === undefined) return undefined;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - 40 * root, ...others].join(".");
}
