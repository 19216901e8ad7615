import { type Catalog, type Conflict, comparePaths, conflictsIn, servedFrom } from "../../core/catalog/catalog.ts";
import type { FileFault, Warning } from "../../core/redirect-file/fault.ts";
import type { Repository } from "../../core/redirect-file/repository.ts";
import type { NavigationLink } from "../pages/bar.ts";
import { counted } from "../pages/format.ts";
import { type Html, html, NOTHING } from "../pages/html.ts";
import { addressOf, finder, type ListPage, pager, partOf } from "../pages/list.ts";
import { byName, type Repositories, visibleTo } from "../pages/repositories.ts";
import { pageText } from "../pages/shell.ts";
import { scrollable } from "../pages/table.ts";
import type { View } from "../view.ts";
import { conflictSection, faultSection, warningSection } from "./problems.ts";
import { rowsOf } from "./rows.ts";

/** Which repositories a page is about. */
export type ApiFilter = "all" | Repository["api"];

/** The data of the page. */
export interface PageSource extends Pick<View, "catalog" | "maySee"> {
  /** By the path of the file or directory. */
  readonly faults: ReadonlyMap<string, FileFault>;
  /** By the path of the file. */
  readonly warnings: ReadonlyMap<string, readonly Warning[]>;
  /** When the data directory last gave something new; undefined as long as there was none to read. */
  readonly loadedAt: Date | undefined;
  readonly dataDir: string;
  /** Links beside those of management. */
  readonly links: readonly NavigationLink[];
}

/** The requested part of the page. */
export interface RepositoriesQuery {
  readonly scope: ApiFilter;
  /** Text that names must contain; empty finds all. */
  readonly search: string;
  /** Counted from 1. */
  readonly page: number;
}

/** As much as can be read, and a tenth of a megabyte. */
const PAGE_SIZE = 100;

const BASE = "/crane/repositories";

const LISTS = [
  { scope: "all", href: BASE, text: "All repositories" },
  { scope: "v1", href: `${BASE}/v1`, text: "API v1" },
  { scope: "v2", href: `${BASE}/v2`, text: "API v2" },
] as const;

const HEADINGS: Readonly<Record<ApiFilter, string>> = {
  all: "Repositories",
  v1: "Repositories of API v1",
  v2: "Repositories of API v2",
};

const WORDS = { one: "repository", many: "repositories", within: "the name" };

/** The files that are passed over in a catalogue, in the order of their paths; it never changes. */
const knownConflicts = new WeakMap<Catalog, readonly Conflict[]>();

/** The files that are passed over for one that may be seen. */
function conflictsAmong({ v1, v2 }: Repositories, catalog: Catalog): readonly Conflict[] {
  const conflicts =
    knownConflicts.get(catalog) ?? conflictsIn(catalog).toSorted((a, b) => comparePaths(a.path, b.path));
  knownConflicts.set(catalog, conflicts);
  if (conflicts.length === 0) return conflicts;
  const names = new Set<string>([...v1, ...v2].map(({ name }) => name));
  return conflicts.filter(({ name }) => names.has(name));
}

/** The warnings of files that are served to those who see the page. */
function warningsAmong({ v1, v2 }: Repositories, { catalog, warnings }: PageSource): PageSource["warnings"] {
  if (warnings.size === 0) return warnings;
  const served = new Set([...v1, ...v2].map(({ api, name }) => servedFrom(catalog, api, name)));
  return new Map([...warnings].filter(([path]) => served.has(path)));
}

/** Counts the repositories that may not be seen. */
const hiddenFrom = (visible: Repositories, { v1, v2 }: Catalog): number =>
  v1.names.length + v2.names.length - visible.v1.length - visible.v2.length;

/** Returns the repositories of a scope by name; v1 comes first where both APIs have a name. */
const within = (visible: Repositories, scope: ApiFilter): readonly Repository[] =>
  scope === "all"
    ? byName(visible).flatMap(({ v1, v2 }) => [v1, v2].filter((each) => each !== undefined))
    : visible[scope];

/** Seconds are enough for people; the machine-readable time has it all. */
const timeOf = (time: Date): Html =>
  html`<time datetime="${time.toISOString()}">${time.toISOString().slice(0, 19).replace("T", " ")}</time><small>UTC; the last that found a change</small>`;

function facts({ catalog, faults, loadedAt, dataDir }: PageSource, visible: Repositories): Html {
  const hidden = hiddenFrom(visible, catalog);
  const [v1, v2] = [visible.v1.length, visible.v2.length];
  const notShown = hidden === 0 ? NOTHING : html`<small>${counted(hidden)} protected not shown to you</small>`;
  const loaded = loadedAt === undefined ? html`<span class="bad">not yet</span>` : timeOf(loadedAt);
  const inError =
    faults.size === 0 ? html`<dd>0</dd>` : html`<dd><a class="bad" href="#faults">${counted(faults.size)}</a></dd>`;
  return html`<dl class="facts">
<div><dt>Repositories</dt><dd>${counted(v1 + v2)}<small>${counted(v1)} of API v1, ${counted(v2)} of API v2</small>${notShown}</dd></div>
<div><dt>Files in error</dt>${inError}</div>
<div><dt>Last reload</dt><dd>${loaded}</dd></div>
<div><dt>Data directory</dt><dd class="mono">${dataDir}</dd></div>
</dl>
`;
}

const TABLE_HEAD = html`<thead><tr><th scope="col">Name</th><th scope="col">API</th><th scope="col" class="number">Format</th>
<th scope="col">Access</th><th scope="col">Content at</th><th scope="col">Redirect file</th></tr></thead>`;

function table(source: PageSource, { items }: ListPage<Repository>): Html {
  if (items.length === 0) return html`<p class="empty">Nothing to show.</p>`;
  return scrollable(
    "Table of repositories",
    html`<table>
<caption class="unseen">Repositories, by name</caption>
${TABLE_HEAD}
<tbody>${rowsOf(source.catalog, items)}</tbody></table>`,
  );
}

/** Everything below the bar. */
function content(source: PageSource, { scope, search, page }: RepositoriesQuery, path: string): Html {
  const visible = visibleTo(source);
  const all = within(visible, scope);
  const wanted = search.toLowerCase();
  const part = partOf(wanted === "" ? all : all.filter(({ name }) => name.includes(wanted)), page, PAGE_SIZE);
  return html`<h1>${HEADINGS[scope]}</h1>
${facts(source, visible)}${faultSection(source.faults)}${conflictSection(conflictsAmong(visible, source.catalog))}${warningSection(warningsAmong(visible, source))}
<section class="card" aria-labelledby="repositories"><h2 id="repositories" class="unseen">List</h2>
${finder({ action: path, label: "Find by name", search, part, words: WORDS })}
<div id="list">${table(source, part)}${pager(part, (to) => addressOf(path, { q: search }, to))}</div></section>`;
}

/**
 * Makes the page for people. It holds a hundred repositories, however many there are; search and paging are links and
 * a form, which the script only makes quicker.
 */
export function renderPage(source: PageSource, query: RepositoriesQuery): string {
  const path = LISTS.find(({ scope }) => scope === query.scope)?.href ?? BASE;
  return pageText({
    title: `${HEADINGS[query.scope]} – craned`,
    brand: "craned",
    navigation: [...LISTS, { href: "/metrics", text: "Metrics" }, ...source.links],
    current: path,
    skipTo: "list",
    body: content(source, query, path),
  });
}
