/** One thing that is wrong with a redirect file: where it is and what was expected there. */
export interface Fault {
  /** As a reader would write it: `tags.latest`, `tags["1.0"]`, `images[3].id`; empty for the file as a whole. */
  readonly field: string;
  readonly expected: string;
  readonly received: string;
}

/** One thing in a redirect file that is ignored, or may surprise. The file is good all the same. */
export interface Warning {
  /** As in {@link Fault}. */
  readonly field: string;
  readonly message: string;
}

/** The faults of a file or a directory. */
export interface FileFault {
  readonly faults: readonly [Fault, ...Fault[]];
  /** Whether the last good content, of the file or below the directory, is still served. */
  readonly servesLastGood: boolean;
}

/** The faults and the warnings that are reported for one file. */
export const MAX_FAULTS = 20;

const MAX_SHOWN = 80;

/** Escapes what could end a line, move a cursor or turn text around. */
export const visible = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);

/** Cuts a text from a hostile file, and escapes it. */
export function plain(text: string): string {
  return visible(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

/** Shows a value from a hostile file, quoted as JSON. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : plain(JSON.stringify(value));
}

/** A fault in one line, for logs and for `craned check`. */
export function describeFault(fault: Fault): string {
  const where = fault.field === "" ? "" : `${fault.field}: `;
  return `${where}expected ${fault.expected}, received ${fault.received}`;
}

/** A warning in one line. */
export const describeWarning = ({ field, message }: Warning): string => `${field}: ${message}`;

const isWord = (key: string | number): key is string => typeof key === "string" && /^[\w-]{1,80}$/.test(key);

/** A field by the keys that lead to it, as a reader would write it. */
export const fieldAt = (...keys: readonly (string | number)[]): string =>
  keys.reduce<string>((field, key) => {
    if (!isWord(key)) return `${field}[${show(key)}]`;
    return field === "" ? key : `${field}.${key}`;
  }, "");
