/** The place where a setting was given. */
export type SettingSource =
  | { readonly kind: "flag"; readonly name: string }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "file"; readonly path: string; readonly line?: number }
  | { readonly kind: "default" };

/** One thing that is wrong with the configuration, for `describeProblem` or for a machine. */
export interface ConfigProblem {
  readonly source: SettingSource;
  /** `section.key`; absent when the matter is a line, a section or the file. */
  readonly key?: string;
  readonly expected: string;
  /** Quoted, cut and escaped, if it may be shown at all. */
  readonly received: string;
}

const MAX_SHOWN = 80;
// Beside what could end a line or move the cursor: what turns the direction of writing.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const escapeControls = (text: string): string =>
  text.replace(CONTROL, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Hides user names and passwords of URLs, malformed ones too: all that stands before the last at sign. */
const maskCredentials = (text: string): string => text.replace(/^(\s*[a-z][a-z\d+.-]*:\/\/)?.*@/is, "$1***@");

const cut = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);

/** Shows a text from outside: on one line, quoted and cut, without the credentials of a URL. */
export const quote = (text: string): string => escapeControls(JSON.stringify(cut(maskCredentials(text))));

function describeSource(source: SettingSource): string {
  if (source.kind === "default") return "default";
  if (source.kind !== "file") return source.name;
  return source.line === undefined ? source.path : `${source.path}:${source.line}`;
}

/**
 * A problem in one line, as `craned check` prints it:
 * `/etc/crane.conf:3: server.port: expected a whole number from 0 to 65535, received "http"`.
 */
export function describeProblem({ source, key, expected, received }: ConfigProblem): string {
  const about = key === undefined ? "" : `${cut(key)}: `;
  return escapeControls(`${describeSource(source)}: ${about}expected ${expected}, received ${received}`);
}
