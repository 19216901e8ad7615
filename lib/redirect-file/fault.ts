/** One thing that is wrong with a redirect file: where it is and what was expected there. */
export interface Fault {
  /** As a reader would write it: `tags.latest`, `images[3].id`; empty for the file as a whole. */
  readonly field: string;
  readonly expected: string;
  readonly received: string;
}

const MAX_SHOWN = 80;

/** Shows a value from a hostile file on one line, quoted and cut. */
export function show(value: unknown): string {
  const text = typeof value === "object" && value !== null ? describeObject(value) : JSON.stringify(value);
  if (text === undefined) return "nothing";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

const describeObject = (value: object): string => (Array.isArray(value) ? "an array" : "an object");

/** A fault in one line, for logs and for `craned check`. */
export function describeFault(fault: Fault): string {
  const where = fault.field === "" ? "" : `${fault.field}: `;
  return `${where}expected ${fault.expected}, received ${fault.received}`;
}
