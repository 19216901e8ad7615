/** Reads a tree that Pulp published. @see spec "Layout at `url`" */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { mediaTypeOf } from "../../core/manifest.ts";
import { type ManifestKind, MEDIA_TYPE } from "../../core/media-types.ts";
import { isDigest, parseReference, type Reference } from "../../core/reference.ts";
import { isAbsent } from "../../system-error.ts";
import { inParallel } from "../in-parallel.ts";
import { fields, readJson } from "../json-file.ts";
import { knownDigest } from "../manifest-digest.ts";
import { broken, PublishError } from "../publish-error.ts";
import { KINDS } from "../redirect-file/version-5.ts";
import { kindOfType, type Manifest, readManifest } from "../sources/manifest.ts";
import { readSmall, readWhole, sha256 } from "../sources/reading.ts";

/** A manifest under one of its names. */
export interface NamedManifest {
  readonly reference: Reference;
  readonly manifest: Manifest;
  /** False where it lies in `manifests/` itself, as in trees of version 2. */
  readonly isByKind: boolean;
}

/** All that can be served, and what is wrong with the rest. */
export interface PulpTree {
  readonly entries: readonly NamedManifest[];
  readonly faults: readonly string[];
}

const AT_ONCE = 8;

/** The names in a directory, in order; none when there is no such directory. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Reads a manifest, which has to be one of the directory's kind, and to have the digest that it is called by. */
async function readEntry(path: string, reference: Reference, kind: ManifestKind | undefined): Promise<Manifest> {
  const { size } = await stat(path);
  const bytes = await readSmall(path, readWhole(path, size));
  const mediaType = mediaTypeOf(bytes);
  const kindByType = kindOfType(mediaType);
  if (kindByType === undefined || (kind !== undefined && kind !== kindByType)) {
    throw broken(path, "", kind === undefined ? "a manifest" : MEDIA_TYPE[kind], mediaType);
  }
  const digest = knownDigest(bytes, mediaType, isDigest(reference) ? reference : undefined, path);
  return readManifest(kindByType, digest, bytes, path);
}

/** A tag is the manifest that lies beside it with the same bytes, also where that is called by its sha512 digest. */
function underItsDigest(entries: readonly NamedManifest[]): (entry: NamedManifest) => NamedManifest {
  const named = entries.filter(({ reference }) => isDigest(reference)).toReversed();
  const bySum = new Map(named.map(({ manifest }) => [sha256(manifest.bytes), manifest]));
  return (entry) => ({ ...entry, manifest: bySum.get(sha256(entry.manifest.bytes)) ?? entry.manifest });
}

/** Reads all manifests of one directory; directories in it are others' business. */
async function readDirectory(directory: string, kind: ManifestKind | undefined): Promise<PulpTree> {
  const entries: NamedManifest[] = [];
  const faults: string[] = [];
  await inParallel(await namesIn(directory), AT_ONCE, async (name) => {
    const path = join(directory, name);
    // What is hidden is not for clients.
    if (name.startsWith(".")) return;
    const reference = parseReference(name);
    try {
      if ((await stat(path)).isDirectory()) return;
      if (reference === undefined) throw broken(path, "name", "a tag or a digest", name);
      const manifest = await readEntry(path, reference, kind);
      entries.push({ reference, manifest, isByKind: kind !== undefined });
    } catch (error) {
      if (isAbsent(error)) faults.push(`${path}: it leads to a file that is not there`);
      else if (error instanceof PublishError) faults.push(error.message);
      else throw error;
    }
  });
  const byName = (a: NamedManifest, b: NamedManifest) => (a.reference < b.reference ? -1 : 1);
  return { entries: entries.sort(byName).map(underItsDigest(entries)), faults: faults.sort() };
}

/**
 * Reads and verifies every manifest of a tree, whether they are kept by kind or all in one directory.
 *
 * @throws the system's error when a file is there and can't be read
 */
export async function readTree(root: string): Promise<PulpTree> {
  const directories = [undefined, ...KINDS] as const;
  const trees: PulpTree[] = [];
  for (const kind of directories) trees.push(await readDirectory(join(root, "manifests", kind ?? ""), kind));
  return { entries: trees.flatMap(({ entries }) => entries), faults: trees.flatMap(({ faults }) => faults) };
}

const tagsFile = fields({ tags: v.nullable(v.array(v.string("a tag"), "an array of tags")) });

/** The tags in `tags/list`; undefined when there is no such file. @throws {PublishError} when it is broken */
export async function readTagsList(root: string): Promise<readonly string[] | undefined> {
  const path = join(root, "tags/list");
  try {
    const { size } = await stat(path);
    return readJson(tagsFile, await readSmall(path, readWhole(path, size), Number.POSITIVE_INFINITY), path).tags ?? [];
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
