/** Long lists of a page: a search box, a part that fits, and links to the others. */
import { counted, countOf } from "./format.ts";
import { type Html, html, NOTHING } from "./html.ts";

/** A part of a list that fits a page. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** Number of results before `items`. */
  readonly before: number;
  /** Number of results. */
  readonly total: number;
  /** Counted from 1. */
  readonly page: number;
  readonly pages: number;
}

/** Cuts a page out of a list. @param page the nearest there is, when there is no such page */
export function partOf<Item>(results: readonly Item[], page: number, size: number): ListPage<Item> {
  const pages = Math.max(1, Math.ceil(results.length / size));
  const nearest = Math.min(Math.max(1, page), pages);
  const before = (nearest - 1) * size;
  return { items: results.slice(before, before + size), before, total: results.length, page: nearest, pages };
}

/** An address with those parameters that say something. */
export function addressOf(path: string, parameters: Readonly<Record<string, string>>, page = 1): string {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ""));
  if (page > 1) query.set("page", String(page));
  return query.size === 0 ? path : `${path}?${query}`;
}

/** Links to the pages before and after. */
export function pager({ page, pages }: ListPage<unknown>, address: (page: number) => string): Html {
  if (pages === 1) return NOTHING;
  const step = (to: number, text: string, rel: string): Html =>
    to < 1 || to > pages
      ? html`<li><span class="here" aria-disabled="true">${text}</span></li>`
      : html`<li><a href="${address(to)}" rel="${rel}">${text}</a></li>`;
  return html`<nav class="pages" aria-label="Pages"><span class="quiet">Page ${counted(page)} of ${counted(pages)}</span>
<ul>${step(page - 1, "Previous", "prev")}${step(page + 1, "Next", "next")}</ul></nav>`;
}

/** Words for the items of a list. */
export interface ListWords {
  readonly one: string;
  readonly many: string;
  /** Searched text, such as "the name". */
  readonly within: string;
}

/** Tells how many there are, and which of them are shown. */
function rangeText(
  { items, before, total }: ListPage<unknown>,
  search: string,
  { one, many, within }: ListWords,
): string {
  const scope = search === "" ? "" : ` with “${search}” in ${within}`;
  if (total === 0) return search === "" ? `There are no ${many}.` : `No ${one}${scope}.`;
  const all = countOf(total, one, many);
  if (items.length === total) return `${all}${scope}`;
  return `${counted(before + 1)} to ${counted(before + items.length)} of ${all}${scope}`;
}

interface Finder {
  /** Address that the form is sent to. */
  readonly action: string;
  readonly label: string;
  readonly search: string;
  /** Further parameters. */
  readonly kept?: Readonly<Record<string, string>>;
  readonly part: ListPage<unknown>;
  readonly words: ListWords;
}

/** A form that searches the list with the id `list`, and what it found; the script sends it while one types. */
export function finder({ action, label, search, kept = {}, part, words }: Finder): Html {
  const hidden = Object.entries(kept)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  return html`<div class="find"><form role="search" action="${action}"><label for="q">${label}</label>
<div class="box"><input type="search" id="q" name="q" value="${search}" maxlength="255" autocomplete="off" autocapitalize="none" spellcheck="false" aria-controls="list">
<button>Find</button></div>${hidden}</form><p id="status" role="status">${rangeText(part, search, words)}</p></div>`;
}
