/**
 * A reader of the XML that needs no DTD.
 *
 * It is one pass and knows no entities but XML's own five, so that a hostile text has nothing to expand, to fetch or to
 * nest too deep. A DOCTYPE may name a DTD, which is not read; one that declares something is refused.
 *
 * @see XML 1.0, fifth edition
 */

/** Told of the elements as they come; their text is not passed on. */
export interface XmlVisitor {
  readonly onStart: (name: string, attributes: ReadonlyMap<string, string>) => void;
  readonly onEnd: () => void;
}

const NAME = "[\\p{L}_:][\\p{L}\\p{N}\\p{M}_:.·-]*";
const START = new RegExp(`<(${NAME})`, "uy");
const ATTRIBUTE = new RegExp(`[ \\t\\r\\n]+(${NAME})[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"([^"<]*)"|'([^'<]*)')`, "uy");
const START_END = /[ \t\r\n]*(\/?)>/y;
const END = new RegExp(`</(${NAME})[ \\t\\r\\n]*>`, "uy");
const DOCTYPE = /<!DOCTYPE[ \t\r\n][^<>[\]]*>/y;
const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));/g;
const NO_REFERENCE = /&(?!(?:lt|gt|amp|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)/;
const BLANK = /^[ \t\r\n]*$/;
// What no XML can hold, not even by its number.
const NO_CHARACTER = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function character(code: number): string | undefined {
  const text = code <= 0x10ffff ? String.fromCodePoint(code) : "";
  return text === "" || NO_CHARACTER.test(text) ? undefined : text;
}

/** @returns the text with its references resolved, or undefined when one is none */
function resolved(text: string): string | undefined {
  if (!text.includes("&")) return text;
  if (NO_REFERENCE.test(text)) return undefined;
  let isSound = true;
  const output = text.replace(REFERENCE, (_, name?: string, decimal?: string, hex?: string) => {
    const code = decimal ?? (hex === undefined ? undefined : `0x${hex}`);
    const found = code === undefined ? ENTITIES.get(name ?? "") : character(Number(code));
    isSound &&= found !== undefined;
    return found ?? "";
  });
  return isSound ? output : undefined;
}

/** A start tag and where it ends; undefined when it breaks the grammar. */
function startTag(text: string, at: number) {
  const start = matchAt(START, text, at);
  const name = start?.[1];
  if (start === null || name === undefined) return undefined;
  let end = at + start[0].length;
  let attributes: Map<string, string> | undefined;
  for (let found = matchAt(ATTRIBUTE, text, end); found !== null; found = matchAt(ATTRIBUTE, text, end)) {
    const [all, key = "", doubly, singly = ""] = found;
    const value = resolved((doubly ?? singly).replace(/\r\n|[\t\r\n]/g, " "));
    attributes ??= new Map();
    if (value === undefined || attributes.has(key)) return undefined;
    attributes.set(key, value);
    end += all.length;
  }
  const close = matchAt(START_END, text, end);
  if (close === null) return undefined;
  return { name, attributes: attributes ?? NO_ATTRIBUTES, isEmpty: close[1] === "/", end: end + close[0].length };
}

/** Where a comment, CDATA, instruction or DOCTYPE that begins at `at` ends; undefined when it does not, or is none. */
function endOfOther(text: string, at: number, isInside: boolean): number | undefined {
  const after = (mark: string, from: number): number | undefined => {
    const found = text.indexOf(mark, from);
    return found === -1 ? undefined : found + mark.length;
  };
  if (text.startsWith("<!--", at)) {
    const dashes = after("--", at + 4);
    return dashes !== undefined && text[dashes] === ">" ? dashes + 1 : undefined;
  }
  if (text.startsWith("<?", at)) return after("?>", at + 2);
  if (isInside) return text.startsWith("<![CDATA[", at) ? after("]]>", at) : undefined;
  const doctype = matchAt(DOCTYPE, text, at);
  return doctype === null ? undefined : at + doctype[0].length;
}

/** @returns whether the text is well-formed to its end; the visitor may have been told of a part of it even if not */
export function readXml(text: string, { onStart, onEnd }: XmlVisitor): boolean {
  if (NO_CHARACTER.test(text)) return false;
  const open: string[] = [];
  let hasRoot = false;
  let at = 0;
  while (at < text.length) {
    const found = text.indexOf("<", at);
    const next = found === -1 ? text.length : found;
    const between = text.slice(at, next);
    const isText = open.length > 0 ? !between.includes("]]>") && resolved(between) !== undefined : BLANK.test(between);
    if (!isText) return false;
    at = next;
    if (at === text.length) break;
    const mark = text[at + 1];
    if (mark === "!" || mark === "?") {
      const end = endOfOther(text, at, open.length > 0 || hasRoot);
      if (end === undefined) return false;
      at = end;
    } else if (mark === "/") {
      const end = matchAt(END, text, at);
      if (end === null || open.pop() !== end[1]) return false;
      at += end[0].length;
      onEnd();
    } else {
      const start = open.length === 0 && hasRoot ? undefined : startTag(text, at);
      if (start === undefined) return false;
      hasRoot = true;
      onStart(start.name, start.attributes);
      if (start.isEmpty) onEnd();
      else open.push(start.name);
      at = start.end;
    }
  }
  return hasRoot && open.length === 0;
}
