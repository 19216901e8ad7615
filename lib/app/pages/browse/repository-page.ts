import { namedTags, type V1Repository, type V2Repository } from "../../../core/redirect-file/repository.ts";
import { isDigest, parseTag, type Tag } from "../../../core/reference.ts";
import { counted, dateOf, shortDigest, sizeRange, tagText } from "../format.ts";
import { type Html, html, NOTHING } from "../html.ts";
import { addressOf, finder, type ListPage, pager, partOf } from "../list.ts";
import type { NamedRepository } from "../repositories.ts";
import { accessBadge, badge, platformBadges, purposeBadge } from "./badges.ts";
import { commandList, commandsFor, copyButton, referenceText } from "./commands.ts";
import { breadcrumb, framed, manifestAddress, type PageRequest, repositoryAddress } from "./frame.ts";
import { datesOf, inTagOrder, isVersion, ORDER_NAMES, type TagOrder } from "./tag-order.ts";
import { summaryOf, type TagSummary } from "./tag-summary.ts";

const PAGE_SIZE = 50;
const WORDS = { one: "tag", many: "tags", within: "the name" };

/** All tags of a name that are known, in ASCII order. */
interface KnownTags {
  readonly tags: readonly Tag[];
  /** False where the file may leave some out. */
  readonly isComplete: boolean;
}

/** The tags that a file of the v2 API names: the same list each time. */
const tagLists = new WeakMap<V2Repository, readonly Tag[]>();

function tagsIn(repository: V2Repository | undefined): readonly Tag[] {
  if (repository === undefined) return [];
  const known = tagLists.get(repository) ?? namedTags(repository);
  tagLists.set(repository, known);
  return known;
}

/** The tags of both APIs: docker falls back to v1 for those that v2 lacks. */
export function knownTags({ view }: PageRequest, { v1, v2 }: NamedRepository): KnownTags {
  const learned = v2 === undefined || v2.version > 4 ? undefined : view.learnedTags?.(v2);
  const ofV2 = tagsIn(v2);
  const others = [...(v1?.tags.keys() ?? []), ...[...(learned ?? [])].flatMap((tag) => parseTag(tag) ?? [])];
  const tags = others.length === 0 ? ofV2 : [...new Set([...ofV2, ...others])].sort();
  return { tags, isComplete: v2 === undefined || v2.version > 4 || learned !== undefined };
}

/** Says what the redirect file of a repository does not tell. */
export function knowledgeNote({ v1, v2 }: NamedRepository, isComplete: boolean): Html {
  if (v2?.version === 6) return NOTHING;
  const parts =
    v2 === undefined
      ? `This repository is on API v1 only. Its redirect file, of version ${v1?.version ?? 1}, lists images and tags, and no sizes, platforms or dates.`
      : `The redirect file of this repository is of version ${v2.version}: it lists ${
          v2.version === 2 ? "references" : "references and the types of their manifests"
        }, and no sizes, platforms or dates.${isComplete ? "" : " It may leave out tags; clients reach those too."}`;
  return html`<p class="note">${parts}</p>`;
}

function tagRow(asked: PageRequest, name: string, tag: Tag, summary: TagSummary | undefined): Html {
  const { host } = asked.registry;
  const [command] = commandsFor(asked.registry, name, tag, summary?.purpose ?? "image");
  const shown = tagText(tag);
  const text = command?.line ?? `${host}/${referenceText(name, tag)}`;
  return html`<li class="tag"><div class="title"><a href="${manifestAddress(asked, name, tag)}"${shown === tag ? NOTHING : html` title="${tag}"`}>${shown}</a></div>
<div class="facets">${
    summary === undefined
      ? badge("API v1")
      : html`${summary.purpose === "image" ? NOTHING : purposeBadge(summary.purpose)}${platformBadges(summary.platforms)}${summary.types.map((type) => html`<span class="quiet">${type}</span>`)}`
  }</div>
<div class="aside"><span>${sizeRange(summary?.sizes ?? [])}</span>${
    summary?.created === undefined ? html`<span></span>` : dateOf(summary.created)
  }${summary?.digest === undefined ? NOTHING : shortDigest(summary.digest)}</div>
${copyButton(text, `${command?.tool ?? ""} command for ${tag}`)}</li>
`;
}

function orders(address: (order: TagOrder) => string, offered: readonly TagOrder[], current: TagOrder): Html {
  if (offered.length < 2) return NOTHING;
  const links = offered.map(
    (order) =>
      html`<li><a href="${address(order)}"${order === current ? html` aria-current="true"` : NOTHING}>${ORDER_NAMES[order]}</a></li>`,
  );
  return html`<nav class="orders" aria-label="Order"><ul>${links}</ul></nav>`;
}

function tagList(asked: PageRequest, { name, v2 }: NamedRepository, { items }: ListPage<Tag>): Html {
  if (items.length === 0) return html`<p class="empty">No tag to show.</p>`;
  const rows = items.map((tag) => {
    const summary = v2 === undefined ? undefined : summaryOf(v2, tag);
    const isOnV1 = v2 !== undefined && v2.version > 4 && summary?.types.length === 0;
    return tagRow(asked, name, tag, isOnV1 ? undefined : summary);
  });
  return html`<ul class="rows">${rows}</ul>`;
}

function facts({ v1, v2 }: NamedRepository, tagCount: number): Html {
  const source = v2 ?? (v1 as V1Repository);
  const versions = [v2, v1].flatMap((each) =>
    each === undefined ? [] : [`API ${each.api}, file version ${each.version}`],
  );
  const manifests =
    v2?.version === 6 ? v2.manifestCount : v2?.manifests.references.filter((reference) => isDigest(reference)).length;
  return html`<dl class="facts">
<div><dt>Tags</dt><dd>${counted(tagCount)}</dd></div>
${manifests === undefined || manifests === 0 ? NOTHING : html`<div><dt>Manifests</dt><dd>${counted(manifests)}</dd></div>`}
<div><dt>Published as</dt><dd>${versions.map((text) => html`<span>${text}</span>`)}</dd></div>
<div><dt>Access</dt><dd>${accessBadge(source.isProtected)}</dd></div>
</dl>`;
}

interface TagQuery {
  readonly search: string;
  readonly page: number;
  /** Empty for the best that is known. */
  readonly order: TagOrder | "";
}

/** The page of a repository: what it is, how to pull it, and its tags. */
export function repositoryPage(asked: PageRequest, repository: NamedRepository, query: TagQuery): string {
  const { name, v1, v2 } = repository;
  const { search, page } = query;
  const { tags, isComplete } = knownTags(asked, repository);
  const dates = v2 === undefined ? new Map<string, number>() : datesOf(v2);
  const hasVersions = tags.some(isVersion);
  const offered: readonly TagOrder[] =
    tags.length < 2
      ? ["name"]
      : [...(dates.size > 0 ? (["newest"] as const) : []), ...(hasVersions ? (["version"] as const) : []), "name"];
  const order = offered.find((each) => each === query.order) ?? offered[0] ?? "name";
  const ordered = inTagOrder(tags, order, dates);
  const wanted = search.toLowerCase();
  const part = partOf(
    wanted === "" ? ordered : ordered.filter((tag) => tag.toLowerCase().includes(wanted)),
    page,
    PAGE_SIZE,
  );
  const address = repositoryAddress(asked, name);
  const usual = tags.find((tag) => tag === "latest") ?? inTagOrder(tags, offered[0] ?? "name", dates)[0];
  const summary = usual === undefined || v2 === undefined ? undefined : summaryOf(v2, usual);
  const commands = usual === undefined ? [] : commandsFor(asked.registry, name, usual, summary?.purpose ?? "image");
  const others = commands.slice(1);
  const description = v2?.about?.description || v1?.about?.description;
  const kept = query.order === "" ? "" : order;
  return framed(
    asked,
    name,
    "list",
    html`${breadcrumb(asked, name)}
<div class="hero"><h1>${name}</h1>${purposeBadge(summary?.purpose)}</div>
${description ? html`<p class="lead">${description}</p>` : NOTHING}${facts(repository, tags.length)}
${
  usual === undefined
    ? NOTHING
    : html`<section class="card" aria-labelledby="pull"><h2 id="pull">Pull ${usual}</h2>${v2 === undefined ? html`<p class="note">Only Docker before 17.12 speaks API v1.</p>` : NOTHING}
${commandList(commands.slice(0, 1))}${
  others.length === 0 || v2 === undefined
    ? NOTHING
    : html`<details class="more"><summary>${others.map(({ tool }) => tool).join(", ")}</summary>${commandList(others)}</details>`
}</section>`
}
<section class="card" aria-labelledby="tags"><h2 id="tags">Tags</h2>${knowledgeNote(repository, isComplete)}
${finder({ action: address, label: "Search tags", search, kept: { order: kept }, part, words: WORDS })}
<div id="list">${orders((each) => addressOf(address, { q: search, order: each }), offered, order)}${tagList(asked, repository, part)}${pager(part, (to) => addressOf(address, { q: search, order: kept }, to))}</div></section>`,
  );
}
