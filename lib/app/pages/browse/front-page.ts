import type { V2Repository } from "../../../core/redirect-file/repository.ts";
import { namedTags } from "../../../core/redirect-file/repository.ts";
import type { Tag } from "../../../core/reference.ts";
import { tagsOf } from "../../../core/resolve.ts";
import { counted, countOf, cutText, dateOf } from "../format.ts";
import { type Html, html, NOTHING } from "../html.ts";
import { addressOf, finder, type ListPage, pager, partOf } from "../list.ts";
import { byName, descriptionOf, hasWords, type NamedRepository, visibleTo } from "../repositories.ts";
import { accessBadge, badge, platformBadges, purposeBadge } from "./badges.ts";
import { breadcrumb, framed, namespaceAddress, type PageRequest, repositoryAddress } from "./frame.ts";
import { summaryOf, type TagSummary } from "./tag-summary.ts";

const PAGE_SIZE = 50;
/** Characters of a description in the list. */
const MAX_DESCRIPTION = 240;

/** Namespaces that are linked to; the search finds the repositories of the others. */
const MAX_NAMESPACES = 200;

const WORDS = { one: "repository", many: "repositories", within: "the name or description" };

/** Tags of a name on both APIs; `+` where its file may leave some out. */
function tagCount({ v1, v2 }: NamedRepository): string {
  if (v2 === undefined) return countOf(v1?.tags.size ?? 0, "tag");
  const known = tagsOf(v2);
  if (known !== undefined) return countOf(known.count, "tag");
  const named = namedTags(v2).length;
  return named === 0 ? "tags not listed" : `${countOf(named, "tag")} or more`;
}

/** The tag that stands for a repository: `latest`, or the last one. */
function usualTag(repository: V2Repository): Tag | undefined {
  const tags = namedTags(repository);
  return tags.find((tag) => tag === "latest") ?? tags.at(-1);
}

const summaries = new WeakMap<V2Repository, TagSummary>();

function summarized(repository: V2Repository): TagSummary | undefined {
  const known = summaries.get(repository);
  const tag = known === undefined ? usualTag(repository) : undefined;
  if (tag === undefined) return known;
  const summary = summaryOf(repository, tag);
  summaries.set(repository, summary);
  return summary;
}

function row(asked: PageRequest, repository: NamedRepository): Html {
  const { name, v1, v2 } = repository;
  const description = descriptionOf(repository);
  const summary = v2 === undefined ? undefined : summarized(v2);
  const about = v2?.about ?? v1?.about;
  return html`<li class="repository"><div class="title"><a href="${repositoryAddress(asked, name)}">${name}</a>${about?.isOfficial === true ? badge("official", "accent") : NOTHING}${
    (v2 ?? v1)?.isProtected === true ? accessBadge(true) : NOTHING
  }</div>
${description === "" ? NOTHING : html`<p>${cutText(description, MAX_DESCRIPTION)}</p>`}
<div class="facets">${purposeBadge(summary?.purpose)}${v1 === undefined ? NOTHING : badge(v2 === undefined ? "API v1 only" : "API v1 and v2")}${platformBadges(summary?.platforms ?? [])}<span class="quiet">${tagCount(repository)}</span>${
    summary?.created === undefined ? NOTHING : html`<span class="quiet">updated ${dateOf(summary.created)}</span>`
  }</div></li>
`;
}

function list(asked: PageRequest, { items }: ListPage<NamedRepository>, isSearch: boolean): Html {
  if (items.length > 0) return html`<ul class="rows">${items.map((each) => row(asked, each))}</ul>`;
  return html`<p class="empty">${isSearch ? "Nothing fits. Try a part of the name." : "Once redirect files are published, their repositories are listed here."}</p>`;
}

/** The part of the list that a request asks for. */
interface ListQuery {
  /** Words that the name or the description has, each of them. */
  readonly search: string;
  /** Without its last slash; empty for all. */
  readonly namespace: string;
  readonly page: number;
}

/** Counts repositories by the next part of their names, where another one follows. @param prefix of all of them */
function namespacesOf(repositories: readonly NamedRepository[], prefix: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { name } of repositories) {
    const end = name.indexOf("/", prefix.length);
    if (end === -1) continue;
    const namespace = name.slice(0, end);
    counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  }
  return counts;
}

/** Links to the namespaces of the repositories, to be unfolded. */
function namespaceLinks(
  asked: PageRequest,
  repositories: readonly NamedRepository[],
  { search, namespace }: ListQuery,
): Html {
  const prefix = namespace === "" ? "" : `${namespace}/`;
  const counts = [...namespacesOf(repositories, prefix)];
  const isOneForAll = counts.length === 1 && counts[0]?.[1] === repositories.length;
  if (counts.length === 0 || isOneForAll) return NOTHING;
  const largest = counts.toSorted(([, a], [, b]) => b - a).slice(0, MAX_NAMESPACES);
  const links = largest
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, count]) =>
        html`<li><a href="${namespaceAddress(asked, name, search)}">${name.slice(prefix.length)}/</a> <span class="quiet">${counted(count)}</span></li>
`,
    );
  const cut =
    counts.length > links.length ? html`<p class="note">These are the largest ${counted(links.length)}.</p>` : NOTHING;
  return html`<details class="more"><summary>${countOf(counts.length, "namespace")}</summary>${cut}<ul class="spaces">${links}</ul></details>`;
}

/** The page of all repositories, or of those of a namespace. */
export function frontPage(asked: PageRequest, query: ListQuery): string {
  const { view, registry, root, site } = asked;
  const { search, namespace, page } = query;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const repositories = byName(visibleTo(view)).filter(
    (each) => (namespace === "" || each.name.startsWith(`${namespace}/`)) && hasWords(each, words),
  );
  const part = partOf(repositories, page, PAGE_SIZE);
  return framed(
    asked,
    namespace === "" ? site.title : `${namespace}/`,
    "list",
    html`${namespace === "" ? NOTHING : breadcrumb(asked, namespace)}
<div class="hero"><h1>${namespace === "" ? "Repositories" : `${namespace}/`}</h1><p class="quiet">${namespace === "" ? "of" : "at"} <code>${registry.host}</code></p></div>
<section class="card" aria-label="Repositories">${finder({ action: root, label: "Search names and descriptions", search, kept: { in: namespace }, part, words: WORDS })}
<div id="list">${namespaceLinks(asked, repositories, query)}${list(asked, part, search + namespace !== "")}${pager(part, (to) => addressOf(root, { in: namespace, q: search }, to))}</div></section>`,
  );
}
