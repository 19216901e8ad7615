/**
 * Redirect files for content that lies on its host already: an OCI image layout, or the storage of a distribution
 * registry. Only the redirect file is written; of the content, manifests and small configurations are read.
 */
import { mediaTypeOf } from "../core/manifest.ts";
import { fillTemplate } from "../core/redirect-file/blob-template.ts";
import { plain } from "../core/redirect-file/fault.ts";
import { type Digest, parseDigest, parseRepositoryName, type RepositoryName } from "../core/reference.ts";
import { AT_ONCE, type BlobStore, embeddedConfigs, fromSourceOf, ownStore } from "./blobs.ts";
import type { Report } from "./events.ts";
import { inParallel } from "./in-parallel.ts";
import type { Plan } from "./plan.ts";
import {
  identityOf,
  mustBeGood,
  planAll,
  putRedirectFile,
  type RepositoryOptions,
  reportTags,
  reportUntagged,
  warnOfLarge,
} from "./publish.ts";
import { broken, describeError, PublishError } from "./publish-error.ts";
import { configsIn, readPrevious, redirectPath } from "./redirect-file/previous.ts";
import { listingOf } from "./redirect-file/version-5.ts";
import { meaningOfTags, version6 } from "./redirect-file/version-6.ts";
import { kindOfType } from "./sources/manifest.ts";
import { isLayout, ociLayout } from "./sources/oci-layout.ts";
import { MAX_MANIFEST, readSmall } from "./sources/reading.ts";
import type { Source, SourceImage } from "./sources/source.ts";
import type { Target } from "./targets/target.ts";

/** Every blob has to be there, and as long as the manifests say. */
async function mustBeThere({ blobs }: Plan, { target, pathOf }: BlobStore): Promise<void> {
  const wrong: string[] = [];
  await inParallel(blobs.values(), 4 * AT_ONCE, async ({ descriptor: { digest, size } }) => {
    const there = await target.open(pathOf(digest));
    if (there === undefined) wrong.push(`${pathOf(digest)} is not there`);
    else if (size !== undefined && (there.size ?? size) !== size) {
      wrong.push(`${pathOf(digest)} has ${there.size} bytes instead of ${size}`);
    }
  });
  const [first] = wrong.sort();
  if (first === undefined) return;
  throw new PublishError(`${target.name}: ${wrong.length} of ${blobs.size} blobs are not as they should be: ${first}`);
}

/** Writes the redirect file of one repository. @param template where blobs are; undefined for an OCI image layout */
async function describeInPlace(
  source: Source,
  store: BlobStore,
  template: string | undefined,
  options: RepositoryOptions,
  metadata: Target,
  report: Report,
): Promise<void> {
  const previous = await readPrevious(metadata, options);
  const plan = await planAll(source, options, previous, () => ({ content: store.target, store }), report);
  const counts = { tags: plan.tags.size, manifests: plan.manifests.size, blobs: plan.blobs.size };
  report({ event: "planned", ...counts, bytes: 0 });
  warnOfLarge(plan, report);
  await mustBeThere(plan, store);
  const configs = await embeddedConfigs(plan.manifests.values(), store, configsIn(previous.v2), fromSourceOf(plan));
  const tags = meaningOfTags(plan.tags.values(), listingOf(plan).amd64);
  const whole = { manifests: plan.manifests.values(), tags, configs, blobs: template };
  const bytes = mustBeGood(version6(identityOf(options, previous), whole, previous.others.v2));
  await reportTags(plan, previous, store.target, report);
  reportUntagged(plan, previous, report);
  await putRedirectFile(metadata, redirectPath("v2", options.repository), bytes, report);
}

/**
 * Publishes an OCI image layout where it lies.
 *
 * @throws {PublishError} when it is none, or something of it is missing
 */
export async function publishLayoutInPlace(
  layout: Target,
  options: RepositoryOptions,
  metadata: Target,
  report: Report,
): Promise<void> {
  const bundle = { name: layout.name, open: layout.open, close: async () => {} };
  if (!(await isLayout(bundle)))
    throw broken(layout.name, "", "an OCI image layout (oci-layout, index.json)", "neither");
  const warn = (text: string) => report({ event: "warning", text });
  const context = { scratch: undefined, compressed: new Map(), onBytes: () => {}, warn };
  const source = await ociLayout(bundle, context, { keepLayers: true });
  await describeInPlace(source, ownStore(layout, 6, false), undefined, options, metadata, report);
}

export const STORAGE_PREFIX = "registry-storage:";

const STORAGE = "docker/registry/v2";
/** Directory of the links of a distribution registry, below the root of its storage. */
export const STORAGE_REPOSITORIES = `${STORAGE}/repositories`;
const STORAGE_BLOBS = `${STORAGE}/blobs/{algorithm}/{hex:2}/{hex}/data`;

const LINK = /^(.+)\/_manifests\/(?:revisions\/([a-z0-9]+)\/([0-9a-f]+)|tags\/([^/]+)\/current)\/link$/;

/** The links of one repository: its manifests, and the file that says what each tag is. */
interface Links {
  readonly revisions: Digest[];
  readonly tags: Map<string, string>;
}

async function linksIn(repositories: Target): Promise<ReadonlyMap<RepositoryName, Links>> {
  const byName = new Map<RepositoryName, Links>();
  for await (const path of repositories.list()) {
    const [, directory = "", algorithm = "", hex = "", tag] = LINK.exec(path) ?? [];
    const name = parseRepositoryName(directory);
    if (name === undefined) continue;
    const links: Links = byName.get(name) ?? { revisions: [], tags: new Map() };
    byName.set(name, links);
    const digest = parseDigest(`${algorithm}:${hex}`);
    if (tag !== undefined) links.tags.set(tag, path);
    else if (digest !== undefined) links.revisions.push(digest);
  }
  return byName;
}

/** One repository of a registry's storage as a source: every manifest that the registry would serve. */
function storageSource(repositories: Target, { revisions, tags }: Links, store: BlobStore, report: Report): Source {
  const { target, pathOf } = store;
  const warn = (text: string) => report({ event: "warning", text: `${target.name}: ${text}` });

  async function* images(): AsyncGenerator<SourceImage> {
    const types = new Map<Digest, string>();
    for (const digest of revisions.toSorted()) {
      const file = await target.open(pathOf(digest));
      const mediaType =
        file === undefined ? undefined : mediaTypeOf(await readSmall(file.name, file.read(), MAX_MANIFEST));
      // The registry does not keep the signatures of old manifests.
      if (mediaType === undefined) warn(`the manifest ${digest} is not there`);
      else if (kindOfType(mediaType) === undefined) warn(`${digest} is left out: it is ${mediaType}`);
      else types.set(digest, mediaType);
    }
    const tagged = new Set<Digest>();
    for (const [tag, path] of [...tags].sort()) {
      const link = new TextDecoder().decode((await repositories.read(path)) ?? new Uint8Array());
      const digest = parseDigest(link.trim());
      const mediaType = digest === undefined ? undefined : types.get(digest);
      if (digest === undefined || mediaType === undefined) warn(`the tag ${plain(tag)} is left out: it leads nowhere`);
      else {
        tagged.add(digest);
        yield { names: [tag], root: async () => ({ digest, mediaType, size: undefined }) };
      }
    }
    for (const [digest, mediaType] of types) {
      if (!tagged.has(digest)) yield { names: [], root: async () => ({ digest, mediaType, size: undefined }) };
    }
  }

  return { name: target.name, images, open: ({ digest }) => target.open(pathOf(digest)), close: async () => {} };
}

/**
 * Publishes repositories of a distribution registry from its storage. One that can't be published is a warning, and the
 * others are published.
 *
 * @param storage the root of the storage, which has `docker/registry/v2` in it
 * @param optionsOf what is asked for of a repository; undefined leaves it out
 * @throws {PublishError} in the end, when one failed, or there was nothing to publish
 */
export async function publishStorageInPlace(
  storage: Target,
  repositories: Target,
  optionsOf: (name: RepositoryName) => RepositoryOptions | undefined,
  metadata: Target,
  report: Report,
): Promise<void> {
  const store: BlobStore = {
    target: storage,
    pathOf: (digest) => fillTemplate(STORAGE_BLOBS, digest),
    formerPathOf: undefined,
  };
  let failed = 0;
  let done = 0;
  for (const [name, links] of [...(await linksIn(repositories))].sort()) {
    const options = optionsOf(name);
    if (options === undefined) continue;
    try {
      const source = storageSource(repositories, links, store, report);
      await describeInPlace(source, store, STORAGE_BLOBS, options, metadata, report);
      done++;
    } catch (error) {
      failed++;
      report({ event: "warning", text: `${name}: ${describeError(error)}` });
    }
  }
  if (failed > 0)
    throw new PublishError(`${storage.name}: ${failed} of ${failed + done} repositories are not published`);
  if (done === 0) throw new PublishError(`${repositories.name}: no such repository`);
}
