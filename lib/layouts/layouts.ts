/**
 * Image layouts on this machine, served as they are: as redirect files of version 6, made in memory, and as blobs out
 * of the layouts' own files.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type OpenFile, openRoot, type Root, stateFrom } from "../content/open.ts";
import type { FileFault } from "../core/redirect-file/fault.ts";
import { type ParsedFile, parseRedirectFile } from "../core/redirect-file/parse.ts";
import { type Digest, parseDigest, parseRepositoryName, type RepositoryName, type Tag } from "../core/reference.ts";
import type { Plan } from "../publish/plan.ts";
import { describeError } from "../publish/publish-error.ts";
import { listingOf } from "../publish/redirect-file/version-5.ts";
import { meaningOfTags, version6 } from "../publish/redirect-file/version-6.ts";
import type { Manifest } from "../publish/sources/manifest.ts";
import { createWatches, type WatchOptions } from "../store/directory/watch.ts";
import { hashOf } from "../store/parsing.ts";
import { NOTHING, type RedirectSource, stateOfContent } from "../store/snapshots.ts";
import type { GivenName } from "./given-name.ts";
import { findPlaces, fingerprintOf, type Place } from "./places.ts";
import { type BlobPlace, type LayoutContent, readLayout } from "./read-layout.ts";

interface LayoutsOptions {
  /** For images whose layout gives them no name. */
  readonly given: GivenName | undefined;
  readonly warn: (text: string) => void;
  readonly watch?: WatchOptions;
}

/** Layouts, to be followed like a data directory. */
export interface Layouts extends RedirectSource {
  /** Root of their blobs: the path ends in `<algorithm>/<hex>`. */
  readonly blobs: Root;
}

/** A layout that has been read, or could not be. */
interface WatchedLayout {
  readonly place: Place;
  /** The last good one. */
  readonly reading: LayoutContent | undefined;
  readonly fault: FileFault | undefined;
}

/** Events come in bursts, and a file that is being written is not read at each of them. In ms. */
const QUIET_MS = 100;

/** The log names the path, and so does the error. */
const faultOf = (path: string, error: unknown, reading: LayoutContent | undefined): FileFault => ({
  faults: [
    {
      field: "",
      expected: "image layouts that can be read",
      received: describeError(error).replace(`${path}: `, ""),
    },
  ],
  servesLastGood: reading !== undefined,
});

/** The redirect file of a repository, from all layouts that have images of it; the first one's tags count. */
function redirectFileOf(name: RepositoryName, plans: readonly Plan[]): Uint8Array {
  const manifests = new Map<Digest, Manifest>();
  const tags = new Map<Tag, readonly Digest[]>();
  for (const plan of plans) {
    for (const [digest, manifest] of plan.manifests) manifests.set(digest, manifest);
    for (const [tag, digests] of meaningOfTags(plan.tags.values(), listingOf(plan).amd64)) {
      if (!tags.has(tag)) tags.set(tag, digests);
    }
  }
  const identity = { name, repository: name, url: `http://localhost/${name}/`, isProtected: false };
  return version6(identity, { manifests: manifests.values(), tags, configs: new Map(), blobs: undefined });
}

/**
 * Opens layouts.
 *
 * @param paths each a layout, an archive of one, or a directory of both
 */
export function createLayouts(paths: readonly string[], { given, warn, watch }: LayoutsOptions): Layouts {
  const roots = paths.map((path) => resolve(path));
  const known = new Map<string, WatchedLayout>();
  const rootFaults = new Map<string, FileFault>();
  const files = new Map<string, { readonly parsed: ParsedFile; readonly hash: number }>();
  const directoryRoots = new Map<string, Root>();
  let blobs: ReadonlyMap<Digest, BlobPlace> = new Map();
  let dirty = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function scanSoon(): void {
    clearTimeout(timer);
    timer = setTimeout(() => watch?.scanPending(), QUIET_MS);
    timer.unref();
  }
  const watches = watch === undefined ? undefined : createWatches(scanSoon, watch);

  async function read(place: Place): Promise<void> {
    const before = known.get(place.path);
    if (before?.place.fingerprint === place.fingerprint) return;
    const byDirectory = parseRepositoryName(place.below);
    const name = byDirectory === undefined ? given : { name: byDirectory, tag: undefined };
    try {
      known.set(place.path, { place, reading: await readLayout(place, name, warn), fault: undefined });
    } catch (error) {
      const reading = before?.reading;
      known.set(place.path, { place, reading, fault: faultOf(place.path, error, reading) });
    }
    dirty.add(place.path);
  }

  /** @returns the paths of the layouts; those of last time where the root can't be read now */
  async function scanRoot(root: string): Promise<readonly string[]> {
    const former = [...known.keys()].filter((path) => path === root || path.startsWith(`${root}/`));
    try {
      const { places, directories } = await findPlaces(root);
      for (const directory of [dirname(root), ...directories]) watches?.open(directory);
      for (const place of places) await read(place);
      if (places.length === 0) throw new Error("no image layout");
      if (rootFaults.delete(root)) dirty.add(root);
      return places.map(({ path }) => path);
    } catch (error) {
      const reading = former.map((path) => known.get(path)?.reading).find((each) => each !== undefined);
      watches?.open(dirname(root));
      rootFaults.set(root, faultOf(root, error, reading));
      dirty.add(root);
      return former;
    }
  }

  /** Makes the redirect files anew. */
  function merge(): void {
    const plans = new Map<RepositoryName, Plan[]>();
    const blobPlaces = new Map<Digest, BlobPlace>();
    for (const { reading } of known.values()) {
      for (const [name, plan] of reading?.repositories ?? []) plans.set(name, [...(plans.get(name) ?? []), plan]);
      for (const [digest, blob] of reading?.blobs ?? []) if (!blobPlaces.has(digest)) blobPlaces.set(digest, blob);
    }
    blobs = blobPlaces;
    for (const [name, each] of plans) {
      const bytes = redirectFileOf(name, each);
      const hash = hashOf(bytes);
      if (files.get(name)?.hash === hash) continue;
      files.set(name, { parsed: parseRedirectFile(bytes), hash });
      dirty.add(name);
    }
    for (const name of files.keys()) {
      if (plans.has(parseRepositoryName(name) as RepositoryName)) continue;
      files.delete(name);
      dirty.add(name);
    }
  }

  function rootOf({ path }: Place): Root {
    const root =
      directoryRoots.get(path) ??
      openRoot(path, [], (inside, target) => warn(`${path}/${inside}: leads outside, to ${target}`));
    directoryRoots.set(path, root);
    return root;
  }

  /** @returns the place of a blob, and its path in a layout */
  function find(path: string): readonly [BlobPlace, string] | undefined {
    const [hex = "", algorithm = ""] = path.split("/").reverse();
    const digest = parseDigest(`${algorithm}:${hex}`);
    const blob = digest === undefined ? undefined : blobs.get(digest);
    return blob === undefined ? undefined : [blob, `blobs/${algorithm}/${hex}`];
  }

  /** Opens a blob in a layout's directory, or at its place in an archive, if that is still what was read. */
  function openBlob({ place, start, size }: BlobPlace, path: string): OpenFile | undefined {
    if (!place.isArchive) return rootOf(place).open(path);
    const descriptor = openSync(place.path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
    const status = fstatSync(descriptor, { bigint: true });
    if (fingerprintOf(status) !== place.fingerprint) {
      closeSync(descriptor);
      scanSoon();
      throw new Error(`${place.path} has changed, and is being read again`);
    }
    let isOpen = true;
    return {
      descriptor,
      offset: start,
      state: { ...stateFrom(status), size },
      close() {
        if (isOpen) closeSync(descriptor);
        isOpen = false;
      },
    };
  }

  return {
    rootPath: roots.join(", "),
    async scan(_everything, signal) {
      const present = new Set<string>();
      for (const root of roots) for (const path of await scanRoot(root)) present.add(path);
      signal.throwIfAborted();
      for (const path of known.keys()) {
        if (present.has(path)) continue;
        known.delete(path);
        dirty.add(path);
      }
      if (dirty.size > 0) merge();
      const dirtyPaths = dirty;
      dirty = new Set();
      return { isRead: rootFaults.size < roots.length, dirtyPaths };
    },
    stateOf(path, last) {
      const file = files.get(path);
      if (file !== undefined) return stateOfContent(last(path), file);
      const fault = rootFaults.get(path) ?? known.get(path)?.fault;
      return { ...NOTHING, fault };
    },
    close() {
      clearTimeout(timer);
      watches?.close();
    },
    blobs: {
      directory: roots[0] ?? "",
      open(path) {
        const located = find(path);
        return located === undefined ? undefined : openBlob(...located);
      },
      stateOf(path) {
        const located = find(path);
        if (located === undefined) return undefined;
        const [{ place, size }, inside] = located;
        if (!place.isArchive) return rootOf(place).stateOf(inside);
        const status = statSync(place.path, { bigint: true, throwIfNoEntry: false });
        return status === undefined ? undefined : { ...stateFrom(status), size };
      },
    },
  };
}
