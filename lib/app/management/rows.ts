import { type Catalog, servedFrom } from "../../core/catalog/catalog.ts";
import { type Repository, namedTags as tagsOf } from "../../core/redirect-file/repository.ts";
import { accessBadge } from "../pages/browse/badges.ts";
import { counted, countOf, pathOf } from "../pages/format.ts";
import { type Html, html, NOTHING } from "../pages/html.ts";

/** Tags shown of a repository among others, and of one that is alone on its page. */
const MAX_TAGS = 20;
const MAX_TAGS_ALONE = 1000;

/** A repository's tags, as its file has them. */
interface Tags {
  readonly items: readonly Html[];
  readonly summary: string;
  readonly style: "pairs" | "tags";
}

/** Files before version 5 name those of their tags that some types of manifest have. */
const namedTags = (count: number): string =>
  count === 0 ? "tags not named" : `${countOf(count, "tag")} named, there may be more`;

function shownTags(repository: Repository, limit: number): Tags {
  if (repository.api === "v1") {
    const all = [...repository.tags].sort(([a], [b]) => (a < b ? -1 : 1));
    const items = all.slice(0, limit).map(([tag, id]) => html`<li>${tag} → <code>${id}</code></li>`);
    return { items, summary: countOf(all.length, "tag"), style: "pairs" };
  }
  const all = tagsOf(repository);
  const items = all.slice(0, limit).map((tag) => html`<li>${tag}</li>`);
  const isComplete = repository.version >= 5;
  return { items, summary: isComplete ? countOf(all.length, "tag") : namedTags(all.length), style: "tags" };
}

function tagList(repository: Repository, limit: number): Html {
  const { items, summary, style } = shownTags(repository, limit);
  if (items.length === 0) return html`<div class="aside">${summary}</div>`;
  const cut = items.length === limit ? html`<p class="quiet">The list shows at most ${counted(limit)}.</p>` : NOTHING;
  return html`<details><summary>${summary}<span class="unseen"> of ${repository.name}</span></summary>
<ul class="${style}">${items}</ul>${cut}</details>`;
}

function row(catalog: Catalog, repository: Repository, limit: number): Html {
  const { api, name, version, url } = repository;
  return html`<tr><th scope="row">${name}${tagList(repository, limit)}</th>
<td>${api}</td><td class="number">${version}</td><td>${accessBadge(repository.isProtected)}</td>
<td>${pathOf(url)}</td><td>${pathOf(servedFrom(catalog, api, name) ?? "")}</td></tr>
`;
}

/** The rows of the table of repositories. */
export function rowsOf(catalog: Catalog, repositories: readonly Repository[]): readonly Html[] {
  const limit = repositories.length === 1 ? MAX_TAGS_ALONE : MAX_TAGS;
  return repositories.map((repository) => row(catalog, repository, limit));
}
