/**
 * Finds where a text stops being JSON, which the engine's own parser does not tell.
 */

/** The next expected token. */
type Expected = "value" | "value or ]" | "key" | "key or }" | "colon" | "comma or ]" | "comma or }" | "end";

const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-f]{4})[^"\\\u0000-\u001f]*)*")|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null))/giy;

const BLANKS = /[ \t\r\n]*/y;

function afterValue(open: readonly string[]): Expected {
  const innermost = open.at(-1);
  if (innermost === undefined) return "end";
  return innermost === "{" ? "comma or }" : "comma or ]";
}

/** @returns what is expected after a token; undefined when the token may not be there */
function next(expected: Expected, token: string, isString: boolean, open: string[]): Expected | undefined {
  const isClose = token === "}" || token === "]";
  if (isClose) {
    if (!expected.endsWith(token)) return undefined;
    open.pop();
    return afterValue(open);
  }
  if (token === ",") {
    if (expected === "comma or }") return "key";
    return expected === "comma or ]" ? "value" : undefined;
  }
  if (token === ":") return expected === "colon" ? "value" : undefined;
  if (expected.startsWith("key")) return isString ? "colon" : undefined;
  if (!expected.startsWith("value")) return undefined;
  if (token !== "{" && token !== "[") return afterValue(open);
  open.push(token);
  return token === "{" ? "key or }" : "value or ]";
}

/** @returns the index of the first character that is not JSON */
function errorIndex(text: string): number {
  const open: string[] = [];
  let expected: Expected = "value";
  for (let at = 0; ; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const token = match?.[1] ?? match?.[0].trimStart() ?? "";
    const following: Expected | undefined = match ? next(expected, token, match[2] !== undefined, open) : undefined;
    if (following === undefined) {
      BLANKS.lastIndex = at;
      BLANKS.exec(text);
      return BLANKS.lastIndex;
    }
    expected = following;
    at = TOKEN.lastIndex;
  }
}

/** @returns `line 3, column 14` */
export function errorPosition(text: string): string {
  const before = text.slice(0, errorIndex(text));
  const line = before.split("\n").length;
  return `line ${line}, column ${before.length - before.lastIndexOf("\n")}`;
}
