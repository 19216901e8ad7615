import { type Explanation, explainV1, explainV2 } from "../../../core/explain.ts";
import { MEDIA_TYPE, parseAccept } from "../../../core/media-types.ts";
import { timeIn } from "../../../core/redirect-file/created.ts";
import type { ReferrerDescriptor, WholeRepository } from "../../../core/redirect-file/repository.ts";
import { createdOf, manifestOf, manifestsOfTag, type StoredManifest } from "../../../core/redirect-file/whole-table.ts";
import { type Digest, isDigest, parseDigest, parseTag, type Reference, type Tag } from "../../../core/reference.ts";
import { referrersOf } from "../../../core/resolve.ts";
import {
  counted,
  cutText,
  dateOf,
  mediaTypeText,
  pathOf,
  shortDigest,
  sizeRange,
  sizeText,
  tagText,
} from "../format.ts";
import { type Html, html, NOTHING } from "../html.ts";
import type { NamedRepository } from "../repositories.ts";
import { scrollable } from "../table.ts";
import { annotationList } from "./annotations.ts";
import { badge, purposeBadge } from "./badges.ts";
import { commandList, commandsFor, copyButton, referenceText } from "./commands.ts";
import { breadcrumb, framed, manifestAddress, type PageRequest } from "./frame.ts";
import {
  detailsOf,
  imagesOf,
  isAttestation,
  type LayerDetails,
  type ManifestDetails,
  type PlatformImage,
} from "./manifest-details.ts";
import { artifactName, mediaTypeName } from "./names.ts";
import { knowledgeNote, knownTags } from "./repository-page.ts";
import { contentsOf, kindNames } from "./tag-summary.ts";

/** A manifest of a repository, and what the page knows of it. */
interface Shown {
  readonly asked: PageRequest;
  readonly repository: NamedRepository;
  readonly reference: Reference;
}

/** A page is read by people; clients get the manifest. */
const MAX_ROWS = 200;

/** Columns of numbers. */
const NUMBERS: ReadonlySet<string> = new Set(["Number", "Size", "Layers", "Manifest"]);

function table(id: string, label: string, head: readonly string[], rows: readonly Html[]): Html {
  const cut =
    rows.length > MAX_ROWS
      ? html`<p class="note">These are the first ${MAX_ROWS} of ${counted(rows.length)}.</p>`
      : NOTHING;
  return html`${scrollable(
    `${label}, as a table`,
    html`<table id="${id}"><thead><tr>${head.map((text) => html`<th scope="col"${NUMBERS.has(text) ? html` class="number"` : NOTHING}>${text}</th>`)}</tr></thead>
<tbody>${rows.slice(0, MAX_ROWS)}</tbody></table>`,
  )}${cut}`;
}

const sizeCell = (size: number | undefined): Html =>
  size === undefined
    ? html`<td class="number"><span class="quiet">unknown</span></td>`
    : html`<td class="number">${sizeText(size)}</td>`;

function manifestLink({ asked, repository: { name, v2 } }: Shown, digest: Digest): Html {
  const isKnown = v2?.version === 6 && manifestOf(v2, digest) !== undefined;
  return isKnown
    ? html`<a href="${manifestAddress(asked, name, digest)}">${shortDigest(digest)}</a>`
    : shortDigest(digest);
}

function platformSection(shown: Shown, repository: WholeRepository, images: readonly PlatformImage[]): Html {
  if (images.length === 0) return NOTHING;
  const last = (image: PlatformImage): number => Number(isAttestation(image.child));
  const rows = images
    .toSorted((a, b) => last(a) - last(b))
    .map(({ child, details }) => {
      const platform = isAttestation(child)
        ? "attestation"
        : (child.platform ?? details?.config?.platform ?? mediaTypeName(child.mediaType));
      const created = createdOf(repository, child.digest);
      return html`<tr><th scope="row">${platform}${details === undefined ? html` <span class="aside">not in this repository</span>` : NOTHING}</th><td>${manifestLink(shown, child.digest)}</td>
${sizeCell(details?.contentSize)}<td class="number">${details === undefined ? "" : counted(details.layers.length)}</td><td>${created === undefined ? "" : dateOf(created)}</td></tr>
`;
    });
  return html`<section class="card" aria-labelledby="platforms"><h2 id="platforms">Platforms</h2>
${table("platform-table", "Platforms", ["Platform", "Digest", "Size", "Layers", "Created"], rows)}</section>`;
}

function layerRow({ digest, mediaType, size, title }: LayerDetails, at: number, command: string, type: Html): Html {
  const made = title ?? (command === "" ? undefined : html`<code class="step">${cutText(command)}</code>`);
  return html`<tr><td class="number">${at + 1}</td><th scope="row">${made === undefined ? html`<code>${mediaType}</code>` : html`${made}${type}`}</th><td>${shortDigest(digest)}</td>${sizeCell(size)}</tr>
`;
}

/** The layers, and between them the commands that made none. */
function layerSection({ layers, config, purpose }: ManifestDetails): Html {
  const [first] = layers;
  if (first === undefined) return NOTHING;
  const isMixed = layers.some(({ mediaType }) => mediaType !== first.mediaType);
  const waiting = layers.entries();
  const row = ([at, layer]: readonly [number, LayerDetails], command = ""): Html =>
    layerRow(layer, at, command, isMixed ? html`<div class="aside">${layer.mediaType}</div>` : NOTHING);
  const steps = (config?.steps ?? []).flatMap(({ command, makesLayer }) => {
    if (!makesLayer)
      return html`<tr><td></td><th scope="row"><code class="step">${cutText(command)}</code></th><td></td><td></td></tr>
`;
    const { value } = waiting.next();
    return value === undefined ? [] : row(value, command);
  });
  const isImage = purpose === "image";
  const title = isImage ? "Layers" : "Files";
  return html`<section class="card" aria-labelledby="layers"><h2 id="layers">${title}</h2>${isMixed ? NOTHING : html`<p class="note">${mediaTypeText(first.mediaType)}</p>`}
${table("layer-table", title, ["Number", isImage ? "Made by" : "Name", "Digest", "Size"], [...steps, ...[...waiting].map((each) => row(each))])}</section>`;
}

const definitions = (entries: Iterable<readonly [string, string | Html]>): Html =>
  html`<dl class="pairs">${[...entries].map(
    ([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>
`,
  )}</dl>`;

function configSection({ config }: ManifestDetails): Html {
  if (config === undefined || config.settings.size === 0) return NOTHING;
  const entries = [...config.settings].map(
    ([name, text]) => [name, html`<code class="lines">${cutText(text)}</code>`] as const,
  );
  return html`<section class="card" aria-labelledby="config"><h2 id="config">Configuration</h2>${definitions(entries)}</section>`;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function referrerRow(shown: Shown, descriptor: ReferrerDescriptor): Html {
  const digest = parseDigest(textOf(descriptor["digest"]));
  const type = textOf(descriptor["artifactType"]) || textOf(descriptor["mediaType"]);
  const { annotations } = descriptor;
  const created = timeIn((annotations as Record<string, unknown> | undefined)?.["org.opencontainers.image.created"]);
  const size = descriptor["size"];
  return html`<tr><th scope="row">${artifactName(type) ?? type}${artifactName(type) === undefined ? NOTHING : html`<div class="aside">${type}</div>`}</th><td>${digest === undefined ? "" : manifestLink(shown, digest)}</td>${sizeCell(typeof size === "number" ? size : undefined)}<td>${created === undefined ? "" : dateOf(created)}</td></tr>
`;
}

const COSIGN_TAGS: ReadonlyMap<string, string> = new Map([
  ["sig", "cosign signature"],
  ["att", "cosign attestation"],
  ["sbom", "cosign SBOM"],
]);

/** Cosign's artifacts of a manifest under tags of its digest, instead of the referrers API. */
function cosignRows({ asked, repository }: Shown, digest: Digest): readonly Html[] {
  const { tags } = knownTags(asked, repository);
  return [...COSIGN_TAGS].flatMap(([ending, title]) => {
    const tag = parseTag(`${digest.replace(":", "-")}.${ending}`);
    if (tag === undefined || !tags.includes(tag)) return [];
    const address = manifestAddress(asked, repository.name, tag);
    return [
      html`<tr><th scope="row">${title}<div class="aside">by its tag</div></th><td><a href="${address}"><code>${tagText(tag)}</code></a></td>${sizeCell(undefined)}<td></td></tr>`,
    ];
  });
}

function referrerSection(shown: Shown, digest: Digest | undefined): Html {
  const { v2, name } = shown.repository;
  if (v2 === undefined || digest === undefined) return NOTHING;
  const referrers = referrersOf(v2, digest) ?? [];
  const rows = [...referrers.map((each) => referrerRow(shown, each)), ...cosignRows(shown, digest)];
  if (rows.length === 0) return NOTHING;
  const { host, isPlain } = shown.asked.registry;
  const line = `oras discover ${isPlain ? "--plain-http " : ""}${host}/${referenceText(name, digest)}`;
  return html`<section class="card" aria-labelledby="referrers"><h2 id="referrers">Signatures, SBOMs and other referrers</h2>
${table("referrer-table", "Referrers", ["Type", "Digest", "Manifest", "Created"], rows)}
${referrers.length === 0 ? NOTHING : commandList([{ tool: "oras", line }])}</section>`;
}

const CLIENTS: readonly (readonly [client: string, accept: string | undefined])[] = [
  ["Current clients", Object.values(MEDIA_TYPE).join(", ")],
  ["Clients that read no index", [MEDIA_TYPE.oci, MEDIA_TYPE["2"]].join(", ")],
  ["Docker before 1.10", undefined],
];

function explanationText(explanation: Explanation): Html {
  if (!explanation.found) {
    const { error, reason } = explanation;
    return html`<td><code>${error}</code></td><td>${reason}</td>`;
  }
  const { rule, url, manifest } = explanation;
  // A signature is nobody's business but the client's.
  const place = url === undefined ? NOTHING : html`redirect to ${pathOf(url.replace(/\?.*/s, ""))}`;
  const sent =
    manifest === undefined
      ? place
      : html`${mediaTypeName(manifest.mediaType)} ${shortDigest(manifest.digest)}${url === undefined ? NOTHING : html`, ${place}`}`;
  return html`<td>${sent}</td><td>${rule}</td>`;
}

/** Shows the answer that clients get, as `craned resolve` explains it. */
function resolutionSection({ asked: { view }, repository: { v1, v2 }, reference }: Shown): Html {
  const ofV2 =
    v2 === undefined
      ? []
      : CLIENTS.map(
          ([client, accept]) =>
            html`<tr><th scope="row">${client}</th>${explanationText(explainV2(v2, reference, parseAccept(accept), view.locations))}</tr>
`,
        );
  const ofV1 =
    v1 === undefined || isDigest(reference)
      ? NOTHING
      : html`<tr><th scope="row">API v1</th>${explanationText(explainV1(v1, reference, view.locations))}</tr>`;
  return html`<section class="card" aria-labelledby="resolution"><h2 id="resolution">What clients receive</h2>
${table("resolution-table", "What clients receive", ["Client", "Answer", "Because"], [...ofV2, ofV1])}</section>`;
}

function pullSection(
  { asked: { registry }, repository: { name, v2 }, reference }: Shown,
  purpose: ManifestDetails["purpose"],
  digest: Digest | undefined,
): Html {
  const title = purpose === "chart" ? "Pull or install" : "Pull";
  const commands = commandsFor(registry, name, reference, purpose).slice(0, v2 === undefined ? 1 : undefined);
  const byDigest =
    digest === undefined || isDigest(reference)
      ? NOTHING
      : html`<details class="more"><summary>By digest, which always means the same</summary>${commandList(commandsFor(registry, name, digest, purpose))}</details>`;
  return html`<section class="card" aria-labelledby="pull"><h2 id="pull">${title}</h2>${v2 === undefined ? html`<p class="note">Only Docker before 17.12 speaks API v1.</p>` : NOTHING}
${commandList(commands)}${byDigest}</section>`;
}

function manifestFacts(
  shown: Shown,
  repository: WholeRepository,
  manifest: StoredManifest,
  details: ManifestDetails | undefined,
): Html {
  const { mediaType, digest, size } = manifest;
  const contents = details === undefined ? undefined : contentsOf(repository, details);
  const created = createdOf(repository, digest);
  const total = sizeRange(contents?.sizes ?? []);
  return html`<dl class="facts">
<div class="broad"><dt>Digest</dt><dd class="mono">${digest} ${copyButton(digest, "the digest")}</dd></div>
<div><dt>Media type</dt><dd>${mediaTypeName(mediaType)}<small>${mediaTypeText(mediaType)}</small></dd></div>
${details?.artifactType === undefined || details.purpose === "image" ? NOTHING : html`<div><dt>Artifact type</dt><dd>${artifactName(details.artifactType) ?? details.artifactType}<small>${mediaTypeText(details.artifactType)}</small></dd></div>`}
<div><dt>Size</dt><dd>${total ?? "unknown"}<small>compressed; the manifest has ${sizeText(size)}</small></dd></div>
${created === undefined ? NOTHING : html`<div><dt>Created</dt><dd>${dateOf(created)}</dd></div>`}
${details?.subject === undefined ? NOTHING : html`<div><dt>Refers to</dt><dd>${manifestLink(shown, details.subject)}</dd></div>`}
</dl>`;
}

const heading = (name: string, reference: Reference, badges: readonly Html[]): Html =>
  html`<div class="hero"><h1>${name}<span class="quiet">${isDigest(reference) ? "@" : ":"}</span>${isDigest(reference) ? html`<span title="${reference}">${reference.slice(0, 19)}…</span>` : reference}</h1>${badges}</div>`;

/** The page of a manifest in a repository of version 6. */
function wholePage(shown: Shown, v2: WholeRepository, manifests: readonly [StoredManifest, ...StoredManifest[]]): Html {
  const { repository, reference } = shown;
  const [manifest, ...others] = manifests;
  const details = detailsOf(v2, manifest);
  const purpose = details?.purpose ?? "image";
  const labels = details?.config?.labels ?? {};
  const also = others.map(
    ({ digest, mediaType }) => html`<li>${mediaTypeName(mediaType)} ${manifestLink(shown, digest)}</li>`,
  );
  return html`${heading(repository.name, reference, [purposeBadge(details?.purpose), ...(details?.config?.platform === undefined ? [] : [badge(details.config.platform)])])}
${manifestFacts(shown, v2, manifest, details)}${pullSection(shown, purpose, manifest.digest)}${
  details === undefined
    ? html`<p class="note">The redirect file has no more than the descriptor of this manifest.</p>`
    : html`${platformSection(shown, v2, imagesOf(v2, details.children))}${layerSection(details)}${configSection(details)}${annotationList("annotations", "Annotations", details.annotations)}${annotationList("labels", "Labels", labels)}`
}${referrerSection(shown, manifest.digest)}${
  also.length === 0
    ? NOTHING
    : html`<section class="card" aria-labelledby="also"><h2 id="also">Other types of this tag</h2><ul class="plain">${also}</ul></section>`
}${resolutionSection(shown)}`;
}

/** The page of a reference in a repository whose file does not have the manifests. */
function treePage(shown: Shown): Html {
  const { asked, repository, reference } = shown;
  const { v2, name } = repository;
  const types = v2 === undefined ? [] : kindNames(v2, reference);
  const digest = isDigest(reference) ? reference : undefined;
  return html`${heading(
    name,
    reference,
    types.map((type) => badge(type)),
  )}
${knowledgeNote(repository, knownTags(asked, repository).isComplete)}${pullSection(shown, "image", digest)}${referrerSection(shown, digest)}${resolutionSection(shown)}`;
}

/** The page of a tag or a digest. @returns undefined where it is unknown */
export function manifestPage(
  asked: PageRequest,
  repository: NamedRepository,
  reference: Reference,
): string | undefined {
  const { name, v1, v2 } = repository;
  const shown: Shown = { asked, repository, reference };
  const body = (): Html | undefined => {
    if (v2?.version === 6) {
      const [first, ...others] = isDigest(reference) ? [manifestOf(v2, reference)] : manifestsOfTag(v2, reference);
      if (first !== undefined) return wholePage(shown, v2, [first, ...others.filter((each) => each !== undefined)]);
    }
    const isListed = v2 !== undefined && kindNames(v2, reference).length > 0;
    const isOnV1 = !isDigest(reference) && v1?.tags.has(reference) === true;
    const learned = v2 === undefined || isDigest(reference) ? undefined : asked.view.learnedTags?.(v2);
    const isBlind = v2 !== undefined && v2.version < 5 && learned?.has(reference) !== false;
    return isListed || isOnV1 || isBlind ? treePage(shown) : undefined;
  };
  const made = body();
  if (made === undefined) return undefined;
  const title = referenceText(name, reference);
  return framed(
    asked,
    title,
    "pull",
    html`${breadcrumb(asked, name, html`${isDigest(reference) ? `${reference.slice(0, 19)}…` : (reference as Tag)}`)}${made}`,
  );
}
