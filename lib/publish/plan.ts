/** Everything that a repository will have: found by walking from each image down. */
import { digestOfManifest } from "../core/manifest.ts";
import { type ManifestKind, MEDIA_TYPE } from "../core/media-types.ts";
import { plain } from "../core/redirect-file/fault.ts";
import type { Digest, Tag } from "../core/reference.ts";
import { inParallel } from "./in-parallel.ts";
import { type Descriptor, isForeign, kindOfType, type Manifest, readManifest } from "./sources/manifest.ts";
import { broken, mismatch, PublishError } from "./publish-error.ts";
import { readSmall, verified } from "./sources/reading.ts";
import type { ChosenImage } from "./sources/selection.ts";
import type { Source } from "./sources/source.ts";

/** A tag of one kind; a tag may have one manifest of each kind. */
export interface PlannedTag {
  readonly tag: Tag;
  readonly kind: ManifestKind;
  readonly digest: Digest;
}

/** A blob, and who has it. */
export interface PlannedBlob {
  readonly descriptor: Descriptor;
  readonly source: Source;
}

/** What a repository will have. */
export interface Plan {
  readonly manifests: ReadonlyMap<Digest, Manifest>;
  readonly blobs: ReadonlyMap<Digest, PlannedBlob>;
  /** Layers that clients fetch elsewhere. */
  readonly foreign: ReadonlySet<Digest>;
  /** By {@link tagKey}. */
  readonly tags: ReadonlyMap<string, PlannedTag>;
}

/** Lists in lists are rare, and a chain of them is somebody's joke. */
const MAX_DEPTH = 8;

/** Questions to a source at a time. */
const AT_ONCE = 4;

/** What a tag's entry is called below `manifests/`. */
export const tagKey = (kind: ManifestKind, tag: Tag): string => `${kind}/${tag}`;

/** A plan in the making. */
export interface Planning {
  readonly plan: Plan;
  /** Adds an image with all that it leads to. */
  readonly add: (source: Source, image: ChosenImage) => Promise<void>;
  /** Adds those of the candidates that refer to something in the plan, directly or through each other. */
  readonly addReferrers: (source: Source, candidates: readonly Descriptor[]) => Promise<void>;
  /** The same, of a source that has to be asked what refers to what. */
  readonly askForReferrers: (source: Source) => Promise<void>;
}

/**
 * Reads one manifest, and verifies it.
 *
 * @param from the file that names it
 * @throws {PublishError} when it is missing, broken or no manifest
 */
async function fetchManifest(source: Source, descriptor: Descriptor, from: string): Promise<[Manifest, string]> {
  const { digest, mediaType } = descriptor;
  const kind = kindOfType(mediaType);
  if (kind === undefined) throw broken(from, `mediaType of ${digest}`, "the type of a manifest", mediaType);
  const file = await source.open(descriptor, "manifest");
  if (file === undefined) throw missing(source, descriptor, from);
  // The digest of a signed manifest is that of what was signed, not of all its bytes.
  const bytes = await readSmall(file.name, kind === "1" ? file.read() : verified(file, descriptor));
  const received = kind === "1" ? digestOfManifest(bytes, MEDIA_TYPE["1"]) : digest;
  if (received !== digest) throw mismatch(file.name, digest, received);
  return [readManifest(kind, digest, bytes, file.name), file.name];
}

/** What a source names and does not have. */
export const missing = (source: Source, { digest, mediaType }: Descriptor, from: string): PublishError =>
  new PublishError(`${from}: names ${digest} (${plain(mediaType)}), which ${source.name} does not have`);

/** Collects images of one source after another. */
export function startPlan(): Planning {
  const manifests = new Map<Digest, Manifest>();
  const blobs = new Map<Digest, PlannedBlob>();
  const foreign = new Set<Digest>();
  const tags = new Map<string, PlannedTag>();

  function addBlob(source: Source, descriptor: Descriptor): void {
    if (isForeign(descriptor)) {
      foreign.add(descriptor.digest);
      return;
    }
    const known = blobs.get(descriptor.digest)?.descriptor.size;
    if (known !== undefined && descriptor.size !== undefined && known !== descriptor.size) {
      throw broken(source.name, `size of ${descriptor.digest}`, `${known} bytes everywhere`, `${descriptor.size}`);
    }
    if (known === undefined) blobs.set(descriptor.digest, { descriptor, source });
  }

  async function addManifest(source: Source, descriptor: Descriptor, from: string, depth: number): Promise<Manifest> {
    const known = manifests.get(descriptor.digest);
    if (known !== undefined) return known;
    if (depth > MAX_DEPTH) throw broken(from, "manifests", `at most ${MAX_DEPTH} lists in each other`, "more");
    const [manifest, file] = await fetchManifest(source, descriptor, from);
    manifests.set(manifest.digest, manifest);
    for (const blob of manifest.blobs) addBlob(source, blob);
    for (const child of manifest.children) {
      if (kindOfType(child.mediaType) === undefined) addBlob(source, child);
      else await addManifest(source, child, file, depth + 1);
    }
    return manifest;
  }

  async function add(source: Source, { tag, root }: ChosenImage): Promise<void> {
    const { kind, digest } = await addManifest(source, root, source.name, 0);
    if (tag === undefined) return;
    const key = tagKey(kind, tag);
    const other = tags.get(key)?.digest;
    if (other !== undefined && other !== digest) {
      throw new PublishError(`${source.name}: the tag ${tag} is given to ${other} and ${digest}: choose with --tag`);
    }
    tags.set(key, { tag, kind, digest });
  }

  async function addReferrers(source: Source, candidates: readonly Descriptor[]): Promise<void> {
    let waiting = candidates.filter(({ digest }) => !manifests.has(digest));
    for (let isDone = false; !isDone; ) {
      isDone = true;
      const others: Descriptor[] = [];
      for (const candidate of waiting) {
        const [{ subject }] = await fetchManifest(source, candidate, source.name);
        if (subject === undefined || !manifests.has(subject)) others.push(candidate);
        else await add(source, { tag: undefined, root: candidate });
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
      const found: Descriptor[] = [];
      await inParallel(fresh, AT_ONCE, async (digest) => {
        asked.add(digest);
        found.push(...(await referrers(digest)));
      });
      if (found.length === 0) return;
      await addReferrers(source, found);
    }
  }

  return { plan: { manifests, blobs, foreign, tags }, add, addReferrers, askForReferrers };
}
