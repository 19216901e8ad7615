import { type Html, html } from "../pages/html.ts";

/** A line of the document's prose: what stands between backticks is code. */
export function line(text: string): Html {
  const parts = text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
  return html`${parts}`;
}

/** Prose with empty lines between its paragraphs. */
export const prose = (text: string): Html => html`${text.split("\n\n").map((each) => html`<p>${line(each)}</p>`)}`;

/** A path, its parameters marked. */
export function pathText(path: string): Html {
  const parts = path.split(/(\{\w+\})/).map((part) => (part.startsWith("{") ? html`<i>${part}</i>` : html`${part}`));
  return html`${parts}`;
}
