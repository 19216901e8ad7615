import { MARK } from "../pages/brand.ts";
import { type Html, html, NOTHING } from "../pages/html.ts";
import { pageText } from "../pages/shell.ts";
import {
  conflictsAmong,
  hiddenFrom,
  type Part,
  partOf,
  type Repositories,
  type Scope,
  type Sight,
  visibleTo,
  within,
} from "./listing.ts";
import { conflictSection, faultSection, type Problem } from "./problems.ts";
import { counted, countOf, rowsOf } from "./rows.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** What the page is made from. */
export interface PageSource extends Sight {
  /** By the path of the file or directory. */
  readonly problems: ReadonlyMap<string, Problem>;
  /** When the data directory last gave something new; undefined as long as there was none to read. */
  readonly loadedAt: Date | undefined;
  readonly dataDir: string;
}

/** Which part of it somebody asked for. */
export interface PageQuery {
  readonly scope: Scope;
  /** What names have to contain; empty finds all. */
  readonly search: string;
  /** Counted from 1. */
  readonly page: number;
}

const BASE = "/crane/repositories";

const LISTS: readonly { readonly scope: Scope; readonly path: string; readonly title: string }[] = [
  { scope: "all", path: BASE, title: "All repositories" },
  { scope: "v1", path: `${BASE}/v1`, title: "Version 1" },
  { scope: "v2", path: `${BASE}/v2`, title: "Version 2" },
];

const HEADINGS: Readonly<Record<Scope, string>> = {
  all: "Repositories",
  v1: "Repositories of API version 1",
  v2: "Repositories of API version 2",
};

function lists(scope: Scope): Html {
  const items = LISTS.map(
    ({ scope: each, path, title }) =>
      html`<li><a href="${path}"${each === scope ? html` aria-current="page"` : NOTHING}>${title}</a></li>`,
  );
  return html`<nav aria-label="Lists"><ul>${items}</ul></nav>`;
}

/** Seconds are enough for people; the machine-readable time has it all. */
const timeOf = (time: Date): Html =>
  html`<time datetime="${time.toISOString()}">${time.toISOString().slice(0, 19).replace("T", " ")}</time><small>UTC; the last that found a change</small>`;

function facts({ catalog, problems, loadedAt, dataDir }: PageSource, visible: Repositories): Html {
  const hidden = hiddenFrom(visible, catalog);
  const [v1, v2] = [visible.v1.length, visible.v2.length];
  const notShown = hidden === 0 ? NOTHING : html`<small>${counted(hidden)} protected not shown to you</small>`;
  const loaded = loadedAt === undefined ? html`<span class="bad">not yet</span>` : timeOf(loadedAt);
  const inError =
    problems.size === 0 ? html`<dd>0</dd>` : html`<dd><a class="bad" href="#faults">${counted(problems.size)}</a></dd>`;
  return html`<dl class="facts">
<div><dt>Repositories</dt><dd>${counted(v1 + v2)}<small>${counted(v1)} of version 1, ${counted(v2)} of version 2</small>${notShown}</dd></div>
<div><dt>Files in error</dt>${inError}</div>
<div><dt>Last reload</dt><dd>${loaded}</dd></div>
<div><dt>Data directory</dt><dd class="mono">${dataDir}</dd></div>
</dl>
`;
}

function addressOf(path: string, search: string, page: number): string {
  const query = new URLSearchParams();
  if (search !== "") query.set("q", search);
  if (page > 1) query.set("page", String(page));
  return query.size === 0 ? path : `${path}?${query}`;
}

function turnPages(path: string, search: string, { page, pages }: Part): Html {
  if (pages === 1) return NOTHING;
  const step = (to: number, text: string, rel: string): Html =>
    to < 1 || to > pages
      ? html`<li><span class="here" aria-disabled="true">${text}</span></li>`
      : html`<li><a href="${addressOf(path, search, to)}" rel="${rel}">${text}</a></li>`;
  return html`<nav class="pages" aria-label="Pages"><span class="quiet">Page ${counted(page)} of ${counted(pages)}</span>
<ul>${step(page - 1, "Previous", "prev")}${step(page + 1, "Next", "next")}</ul></nav>`;
}

function told({ repositories, before, found }: Part, search: string): string {
  const what = search === "" ? "" : ` with “${search}” in the name`;
  if (found === 0) return search === "" ? "There are no repositories." : `No repository${what}.`;
  const all = countOf(found, "repository", "repositories");
  if (repositories.length === found) return `${all}${what}`;
  return `${counted(before + 1)} to ${counted(before + repositories.length)} of ${all}${what}`;
}

const TABLE_HEAD = html`<thead><tr><th scope="col">Name</th><th scope="col">API</th><th scope="col" class="number">Format</th>
<th scope="col">Access</th><th scope="col">Content at</th><th scope="col">Redirect file</th></tr></thead>`;

function table(source: PageSource, part: Part): Html {
  if (part.found === 0) return html`<p class="empty">Nothing to show.</p>`;
  return html`<div class="wide" role="region" tabindex="0" aria-label="Table of repositories"><table>
<caption class="unseen">Repositories, by name</caption>
${TABLE_HEAD}
<tbody>${rowsOf(source.catalog, part.repositories)}</tbody></table></div>`;
}

/** Everything below the bar. */
function content(source: PageSource, { scope, search, page }: PageQuery, path: string): Html {
  const visible = visibleTo(source);
  const part = partOf(within(visible, scope), search, page);
  return html`<h1>${HEADINGS[scope]}</h1>
${facts(source, visible)}${faultSection(source.problems)}${conflictSection(conflictsAmong(visible, source.catalog))}
<section class="card" aria-labelledby="repositories"><h2 id="repositories" class="unseen">List</h2>
<div class="find"><form role="search" action="${path}"><label for="q">Find by name</label>
<div class="box"><input type="search" id="q" name="q" value="${search}" maxlength="255" autocomplete="off" autocapitalize="none" spellcheck="false" aria-controls="list">
<button>Find</button></div></form><p id="status" role="status">${told(part, search)}</p></div>
<div id="list">${table(source, part)}${turnPages(path, search, part)}</div></section>`;
}

/**
 * Makes the page for people. It holds a hundred repositories, however many there are; search and paging are links and
 * a form, which the script only makes quicker.
 */
export function renderPage(source: PageSource, query: PageQuery): string {
  const path = LISTS.find(({ scope }) => scope === query.scope)?.path ?? BASE;
  return pageText({
    title: `${HEADINGS[query.scope]} – craned`,
    style: STYLE,
    script: SCRIPT,
    skip: { to: "#list", text: "Skip to the list" },
    body: html`<header class="bar"><div><p class="brand">${MARK}craned</p>${lists(query.scope)}</div></header>
<main>${content(source, { ...query, search: query.search.trim() }, path)}</main>`,
  });
}
