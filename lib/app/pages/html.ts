const MARKUP = Symbol("markup");

/** Text that is HTML: only {@link html} makes it, so whatever else is put into a page is escaped. */
export interface Html {
  readonly [MARKUP]: string;
}

type HtmlPart = string | number | Html | readonly Html[] | undefined;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeText = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c);

function markupOf(part: HtmlPart): string {
  if (part === undefined) return "";
  if (typeof part === "string") return escapeText(part);
  if (typeof part === "number") return String(part);
  return MARKUP in part ? part[MARKUP] : part.map((each) => each[MARKUP]).join("");
}

/**
 * A piece of a page. What is put in is text, and safe between tags and in quoted attributes, unless it is a piece
 * itself.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let markup = strings[0] ?? "";
  for (const [index, part] of parts.entries()) markup += markupOf(part) + (strings[index + 1] ?? "");
  return { [MARKUP]: markup };
}

/** Style or script: the program's own, to the letter, since the policy of the page has its hash. */
export const ownText = (text: string): Html => ({ [MARKUP]: text });

export const NOTHING: Html = html``;

/** The page as it is sent. */
export const textOf = (page: Html): string => page[MARKUP];
