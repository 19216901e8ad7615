/**
 * Reads INI files exactly as Python 2's ConfigParser does, since existing files were written for it.
 *
 *     file      := *( section / entry / more / comment / blank )
 *     section   := "[" name "]"                       case counts; what follows the bracket is ignored
 *     entry     := key ( ":" / "=" ) value            the key in lower case; the last of its name wins
 *     more      := white-space value                  goes on with the entry above, as another line of its value
 *     comment   := ( "#" / ";" / "rem" ) …            at the very start of a line
 *
 * A value ends at its first semicolon if white space stands before that. Sections of one name are one section.
 * Nothing is thrown: a line that is none of these is a fault, and reading goes on.
 */

/** The value of a key. */
export interface IniValue {
  readonly text: string;
  /** First line of the entry, from 1. */
  readonly line: number;
}

/** Everything under one name in brackets. */
export interface IniSection {
  /** First line of the section, from 1. */
  readonly line: number;
  readonly entries: ReadonlyMap<string, IniValue>;
}

/** A line that can't be read. It is not quoted: it may hold a secret. */
export interface IniFault {
  readonly line: number;
  readonly expected: string;
  readonly received: string;
}

export interface Ini {
  readonly sections: ReadonlyMap<string, IniSection>;
  readonly faults: readonly IniFault[];
}

interface OpenEntry {
  readonly lines: string[];
  readonly line: number;
}

interface OpenSection {
  readonly line: number;
  readonly entries: Map<string, OpenEntry>;
}

// JavaScript's \s and trim() also take Unicode's spaces, which Python 2 leaves in a value.
const SPACE = /[ \t\r\f\v]/;
const OUTER_SPACE = /^[ \t\r\f\v]+|[ \t\r\f\v]+$/g;
const COMMENT = /^(?:[#;]|[rR][eE][mM](?:[ \t\r\f\v]|$))/;
const SECTION = /^\[([^\]]+)\]/;
const ENTRY = /^([^:= \t\r\f\v][^:=]*)[:=](.*)$/s;
/** In sections whose keys are hosts, which may have a port. */
const HOST_ENTRY = /^([^:= \t\r\f\v][^:=]*(?::\d+(?=[ \t]*[:=]))?)[ \t]*[:=](.*)$/s;
const HOST_SECTIONS = ["mirror"];

const strip = (text: string): string => text.replace(OUTER_SPACE, "");

function readValue(afterSeparator: string): string {
  const value = afterSeparator.replace(/^[ \t\r\f\v]+/, "");
  const semicolon = value.indexOf(";");
  // For a semicolon in front, Python looks at the last character instead, and so does at(-1).
  const endsInComment = semicolon !== -1 && SPACE.test(value.at(semicolon - 1) ?? "");
  const kept = strip(endsInComment ? value.slice(0, semicolon) : value);
  return kept === '""' ? "" : kept;
}

function describeLine(content: string): string {
  if (SPACE.test(content.charAt(0))) return "an indented line";
  return /[:=]/.test(content) ? "a line without a key" : 'a line without ":" or "="';
}

const closed = ({ line, entries }: OpenSection): IniSection => ({
  line,
  entries: new Map([...entries].map(([key, entry]) => [key, { text: entry.lines.join("\n"), line: entry.line }])),
});

/**
 * Reads the text of an INI file. A byte order mark and CRLF are fine.
 *
 * @returns what could be read, and every line that couldn't
 */
export function parseIni(text: string): Ini {
  const sections = new Map<string, OpenSection>();
  const faults: IniFault[] = [];
  let section: OpenSection | undefined;
  let entryPattern = ENTRY;
  let entry: OpenEntry | undefined;
  let isHeadless = false;

  const readLine = (content: string, line: number): void => {
    const name = SECTION.exec(content)?.[1];
    if (name !== undefined) {
      section = sections.get(name) ?? { line, entries: new Map() };
      sections.set(name, section);
      entryPattern = HOST_SECTIONS.includes(name) ? HOST_ENTRY : ENTRY;
      entry = undefined;
      return;
    }
    if (section === undefined) {
      // One fault stands for all the lines before the first section.
      if (!isHeadless) faults.push({ line, expected: "a [section] before anything else", received: "another line" });
      isHeadless = true;
      return;
    }
    const [, key, value] = entryPattern.exec(content) ?? [];
    if (key === undefined || value === undefined) {
      faults.push({ line, expected: '"key: value", "[section]" or a comment', received: describeLine(content) });
      return;
    }
    entry = { lines: [readValue(value)], line };
    section.entries.set(strip(key).toLowerCase(), entry);
  };

  for (const [index, raw] of text
    .replace(/^\ufeff/, "")
    .split("\n")
    .entries()) {
    const content = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    const value = strip(content);
    if (value === "" || COMMENT.test(content)) continue;
    if (SPACE.test(content.charAt(0)) && entry !== undefined) entry.lines.push(value);
    else readLine(content, index + 1);
  }
  return { sections: new Map([...sections].map(([name, open]) => [name, closed(open)])), faults };
}

const MAX_DEPTH = 10;
const MAX_LENGTH = 65_536;
const REFERENCE = /%(?:\(([^)]*)\)s|(%)|)/g;

/**
 * Replaces `%(name)s` by another value of the section, or of `[DEFAULT]`, until no reference is left: ConfigParser's
 * interpolation. A text without `%(` is not touched, whatever percent signs it has.
 *
 * @param lookUp gives the raw value of a name in lower case
 * @returns the text, or undefined when a reference names nothing, is malformed, or goes round in a circle
 */
export function interpolate(raw: string, lookUp: (name: string) => string | undefined): string | undefined {
  let text = raw;
  for (let depth = 0; text.includes("%("); depth++) {
    if (depth === MAX_DEPTH || text.length > MAX_LENGTH) return undefined;
    let isBroken = false;
    text = text.replace(REFERENCE, (_, name: string | undefined, percent: string | undefined) => {
      const value = name === undefined ? percent : lookUp(name.toLowerCase());
      if (value === undefined) isBroken = true;
      return value ?? "";
    });
    if (isBroken) return undefined;
  }
  return text;
}
