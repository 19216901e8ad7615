/** Everything that a repository will have: found by walking from each image down. */
import { digestOfManifest, mediaTypeOf } from "../core/manifest.ts";
import { type ManifestKind, MEDIA_TYPE } from "../core/media-types.ts";
import { plain } from "../core/redirect-file/fault.ts";
import type { Digest, Tag } from "../core/reference.ts";
import { inParallel } from "./in-parallel.ts";
import { readJson } from "./json-file.ts";
import { broken, Missing, mismatch, PublishError, SourceFailure } from "./publish-error.ts";
import {
  type Descriptor,
  isForeign,
  kindOfType,
  type Manifest,
  platformFields,
  readManifest,
} from "./sources/manifest.ts";
import { type PlatformChoice, platformText, wantedChildren } from "./sources/platforms.ts";
import { MAX_MANIFEST, readSmall, verified } from "./sources/reading.ts";
import type { Source, TaggedImage } from "./sources/source.ts";

/** A tag of one kind; a tag may have one manifest of each kind. */
export interface PlannedTag {
  readonly tag: Tag;
  readonly kind: ManifestKind;
  readonly digest: Digest;
}

/** A blob, and the source that has it. */
export interface PlannedBlob {
  readonly descriptor: Descriptor;
  readonly source: Source;
}

/** The future content of a repository. */
export interface Plan {
  readonly manifests: ReadonlyMap<Digest, Manifest>;
  readonly blobs: ReadonlyMap<Digest, PlannedBlob>;
  /** Layers that clients fetch elsewhere. */
  readonly foreign: ReadonlySet<Digest>;
  /** By {@link tagKey}. */
  readonly tags: ReadonlyMap<string, PlannedTag>;
}

/** Lists in lists are rare; a long chain of them is an attack. */
const MAX_DEPTH = 8;

/** All manifests of a source are in memory at once. Bytes. */
const MAX_MANIFESTS = 128 * 1024 * 1024;

/** Warnings of one list; it may name tens of thousands of manifests that are not there. */
const MAX_WARNINGS = 20;

/** Types of the configurations of images; those of artifacts say nothing of platforms. */
const IMAGE_CONFIG = /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json$/;

/** Questions to a source at a time. */
const AT_ONCE = 4;

/** The path of a tag's entry below `manifests/`. */
export const tagKey = (kind: ManifestKind, tag: Tag): string => `${kind}/${tag}`;

/** A plan in the making. */
export interface Planning {
  readonly plan: Plan;
  /**
   * Adds an image with all that it leads to; nothing of it when it fails.
   *
   * @param isChosen whether it has to be for one of the platforms that are wanted; by default what is kept need not
   */
  readonly add: (source: Source, image: TaggedImage, isChosen?: boolean) => Promise<void>;
  /** Adds those of the candidates that refer to something in the plan, directly or through each other. */
  readonly addReferrers: (source: Source, candidates: readonly Descriptor[]) => Promise<void>;
  /** The same, of a source that has to be asked what refers to what. */
  readonly askForReferrers: (source: Source) => Promise<void>;
}

/** Which parts of images are planned. */
export interface PlanOptions {
  /** None means all that the source has. */
  readonly platforms: readonly PlatformChoice[];
  /** Blobs that were named and could not be read, and why. */
  readonly unreadable?: ReadonlyMap<Digest, string> | undefined;
  readonly warn: (text: string) => void;
}

/** The error about something that a source names and does not have. */
export const missing = (source: Source, { digest, mediaType }: Descriptor, from: string): Missing =>
  new Missing(`${from}: names ${digest} (${plain(mediaType)}), which ${source.name} does not have`);

/** The additions of one image to a plan. */
interface PlanAdditions {
  readonly manifests: Map<Digest, Manifest>;
  readonly blobs: Map<Digest, Descriptor>;
  readonly foreign: Map<Digest, Descriptor>;
}

const newPart = (): PlanAdditions => ({ manifests: new Map(), blobs: new Map(), foreign: new Map() });

/** Describes a child of a list for messages. */
const describeChild = ({ platform }: Descriptor): string =>
  platform === undefined || platform.os === "unknown" ? "it" : `the image for ${platformText(platform)}`;

/** Collects images of one source after another. */
export function startPlan({ platforms, unreadable, warn }: PlanOptions): Planning {
  const manifests = new Map<Digest, Manifest>();
  const blobs = new Map<Digest, PlannedBlob>();
  const foreign = new Set<Digest>();
  const tags = new Map<string, PlannedTag>();
  let bytesInMemory = 0;

  /**
   * Reads one manifest, and verifies it.
   *
   * @param from the file that names it
   * @throws {PublishError} when it is missing, broken or no manifest
   */
  async function fetchManifest(source: Source, descriptor: Descriptor, from: string): Promise<[Manifest, string]> {
    const { digest, mediaType } = descriptor;
    if (mediaType !== "" && kindOfType(mediaType) === undefined) {
      throw broken(from, `mediaType of ${digest}`, "the type of a manifest", mediaType);
    }
    const file = await source.open(descriptor, "manifest");
    if (file === undefined) throw missing(source, descriptor, from);
    const isSigned = mediaType === MEDIA_TYPE["1"];
    // The digest of a signed manifest is that of what was signed, not of all its bytes.
    const bytes = await readSmall(file.name, isSigned ? file.read() : verified(file, descriptor), MAX_MANIFEST);
    const received = isSigned ? digestOfManifest(bytes, MEDIA_TYPE["1"]) : digest;
    if (received !== digest) throw mismatch(file.name, digest, received);
    const kind = kindOfType(mediaType === "" ? mediaTypeOf(bytes) : mediaType);
    if (kind === undefined) throw broken(file.name, "mediaType", "the type of a manifest", "none");
    bytesInMemory += bytes.length;
    mustFit(source, 0);
    return [readManifest(kind, digest, bytes, file.name), file.name];
  }

  /** @throws {SourceFailure} when so many more bytes of manifests would be too many */
  function mustFit(source: Source, more: number): void {
    if (bytesInMemory + more <= MAX_MANIFESTS) return;
    const limit = broken(source.name, "manifests", `at most ${MAX_MANIFESTS} bytes together`, "more");
    throw new SourceFailure(limit.message);
  }

  async function addBlob(source: Source, descriptor: Descriptor, part: PlanAdditions, from: string): Promise<void> {
    const { digest, size } = descriptor;
    const why = unreadable?.get(digest);
    if (why !== undefined) throw new Missing(why);
    const known = (blobs.get(digest)?.descriptor ?? part.blobs.get(digest))?.size;
    if (known !== undefined && size !== undefined && known !== size) {
      throw broken(source.name, `size of ${digest}`, `${known} bytes everywhere`, `${size}`);
    }
    if (known !== undefined || part.foreign.has(digest)) return;
    const isFetchedElsewhere = isForeign(descriptor);
    const isThere =
      source.has === undefined
        ? !isFetchedElsewhere || (await source.open(descriptor, "blob")) !== undefined
        : await source.has(descriptor);
    if (isThere) part.blobs.set(digest, descriptor);
    else if (isFetchedElsewhere) part.foreign.set(digest, descriptor);
    else throw missing(source, descriptor, from);
  }

  /** Adds the children that the source has; an index may name others, such as those of platforms that were not pulled. */
  async function addChildren(
    source: Source,
    list: Manifest,
    part: PlanAdditions,
    from: string,
    depth: number,
  ): Promise<void> {
    const wanted = wantedChildren(list.children, platforms, from);
    const isManifest = ({ mediaType }: Descriptor) => mediaType === "" || kindOfType(mediaType) !== undefined;
    const sizes = new Map(wanted.filter(isManifest).map(({ digest, size = 0 }) => [digest, size]));
    mustFit(
      source,
      [...sizes.values()].reduce((sum, size) => sum + size, 0),
    );
    let missingCount = 0;
    for (const child of wanted) {
      try {
        const known = manifests.get(child.digest) ?? part.manifests.get(child.digest);
        if (known !== undefined) continue;
        if (isManifest(child)) await addManifest(source, child, part, from, depth + 1);
        else await addBlob(source, child, part, from);
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        missingCount++;
        if (missingCount <= MAX_WARNINGS) warn(`${error.message}: published without ${describeChild(child)}`);
      }
    }
    if (missingCount > MAX_WARNINGS) warn(`${from}: ${missingCount - MAX_WARNINGS} more are not there`);
    if (missingCount > 0 && missingCount === wanted.length) {
      throw new Missing(`${from}: names no manifest that ${source.name} has with all its blobs`);
    }
  }

  /** An image that is in no list says in its configuration which platform it is for. */
  async function mustBeWanted(source: Source, { config, digest }: Manifest): Promise<void> {
    if (platforms.length === 0 || config === undefined || !IMAGE_CONFIG.test(config.mediaType)) return;
    const file = await source.open(config, "blob");
    if (file === undefined) return;
    const platform = readJson(platformFields, await readSmall(file.name, verified(file, config)), file.name);
    if (platform.os && platform.architecture)
      wantedChildren([{ ...config, platform }], platforms, `${source.name}: ${digest}`);
  }

  async function addManifest(
    source: Source,
    descriptor: Descriptor,
    whole: PlanAdditions,
    from: string,
    depth: number,
  ): Promise<Manifest> {
    const known = manifests.get(descriptor.digest) ?? whole.manifests.get(descriptor.digest);
    if (known !== undefined) return known;
    if (depth > MAX_DEPTH) throw broken(from, "manifests", `at most ${MAX_DEPTH} lists in each other`, "more");
    const [manifest, file] = await fetchManifest(source, descriptor, from);
    const part = newPart();
    part.manifests.set(manifest.digest, manifest);
    for (const blob of manifest.blobs) await addBlob(source, blob, part, file);
    await addChildren(source, manifest, part, file, depth);
    for (const [digest, each] of part.manifests) whole.manifests.set(digest, each);
    for (const [digest, each] of part.blobs) whole.blobs.set(digest, each);
    for (const [digest, each] of part.foreign) whole.foreign.set(digest, each);
    return manifest;
  }

  async function add(source: Source, { tag, root }: TaggedImage, isChosen = false): Promise<void> {
    const part = newPart();
    const manifest = await addManifest(source, root, part, source.name, 0);
    if (isChosen) await mustBeWanted(source, manifest);
    const { kind, digest } = manifest;
    const key = tag === undefined ? undefined : tagKey(kind, tag);
    const other = key === undefined ? undefined : tags.get(key)?.digest;
    if (other !== undefined && other !== digest) {
      throw new SourceFailure(`${source.name}: the tag ${tag} is given to ${other} and ${digest}: choose with --tag`);
    }
    for (const [each, manifest] of part.manifests) manifests.set(each, manifest);
    for (const [each, descriptor] of part.blobs) if (!blobs.has(each)) blobs.set(each, { descriptor, source });
    for (const [each, { urls = [] }] of part.foreign) {
      if (foreign.has(each)) continue;
      foreign.add(each);
      warn(`${source.name}: does not have the layer ${each}: clients fetch it from ${urls.map(plain).join(" or ")}`);
    }
    if (key !== undefined && tag !== undefined) tags.set(key, { tag, kind, digest });
  }

  /** Says of a referrer that it is broken. @throws what has another cause */
  function warnOf(error: unknown): void {
    if (!(error instanceof PublishError) || error instanceof SourceFailure) throw error;
    warn(`${error.message}: published without it`);
  }

  async function addReferrers(source: Source, candidates: readonly Descriptor[]): Promise<void> {
    let waiting = candidates.filter(({ digest }) => !manifests.has(digest));
    for (let isDone = false; !isDone; ) {
      const others: Descriptor[] = [];
      for (const candidate of waiting) {
        try {
          const [{ subject }] = await fetchManifest(source, candidate, source.name);
          if (subject === undefined || !manifests.has(subject)) others.push(candidate);
          else await add(source, { tag: undefined, root: candidate });
        } catch (error) {
          warnOf(error);
        }
      }
      isDone = others.length === waiting.length;
      waiting = others;
    }
  }

  async function askForReferrers(source: Source): Promise<void> {
    const { referrers } = source;
    if (referrers === undefined) return;
    const asked = new Set<Digest>();
    for (let depth = 0; depth <= MAX_DEPTH; depth++) {
      const fresh = [...manifests.keys()].filter((digest) => !asked.has(digest));
      const referring: TaggedImage[] = [];
      await inParallel(fresh, AT_ONCE, async (digest) => {
        asked.add(digest);
        referring.push(...(await referrers(digest)));
      });
      if (referring.length === 0) return;
      for (const image of referring) if (image.tag !== undefined) await add(source, image).catch(warnOf);
      await addReferrers(
        source,
        referring.flatMap(({ tag, root }) => (tag === undefined ? [root] : [])),
      );
    }
  }

  return { plan: { manifests, blobs, foreign, tags }, add, addReferrers, askForReferrers };
}
