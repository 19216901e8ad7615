import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Fault } from "../../core/redirect-file/fault.ts";
import { createPause, inParallel } from "../../slices.ts";
import { isAbsent } from "../../system-error.ts";
import { readRedirectFile } from "./read-file.ts";
import { linkFaultAt, type Stat, statAt, unreadable } from "./stat.ts";
import { createResolver, type Resolver } from "./symlink.ts";
import {
  apply,
  below,
  type Directory,
  type DirectoryEntry,
  type DirectoryTree,
  type Observation,
  realPathOf,
  setFault,
} from "./tree.ts";

interface ScanOptions {
  readonly tree: DirectoryTree;
  /** Watches a directory; returns whether it was not watched before. */
  readonly watchDirectory: (real: string, identity?: string) => boolean;
  readonly signal: AbortSignal;
}

/** Enough to keep all threads busy; more would only make requests wait. */
const CONCURRENCY = 16;
/** Number of looks at paths that change under the scan. */
const MAX_LOOKS = 4;

const isRedirectName = (name: string): boolean => name.endsWith(".json");

/** Whether a name is of interest. The bookkeeping of a Kubernetes mount is read through visible links only. */
function isWanted(name: string, kind: Stat["kind"]): boolean {
  const isHidden = name.startsWith("..");
  if (kind === "directory") return !isHidden;
  return isRedirectName(name) || ((kind === "unreadable" || kind === "dangling") && !isHidden);
}

/** An empty directory in the place of one with files is an error, so that the last good state stays. */
async function observeRoot({ root }: DirectoryTree, end: Stat, real: string | undefined): Promise<Observation> {
  const unusable = (expected: string, received: string): Observation => ({
    kind: "unusable",
    fault: { field: "", expected, received },
  });
  if (end.kind === "dangling") return unusable("a readable directory", "no such directory");
  if (end.kind !== "directory") return unusable("a readable directory", "fault" in end ? end.fault.received : "a file");
  const { target } = root;
  const isOther = target?.kind === "directory" && (target.identity !== end.identity || target.real !== real);
  if (isOther && target.entries.size > 0 && (await readdir(real ?? "").catch(() => undefined))?.length === 0)
    return unusable("the data directory", "an empty directory in its place, as where nothing is mounted");
  return end;
}

/** Looks at a name. @returns undefined when it changes meanwhile */
async function observe(tree: DirectoryTree, directory: Directory, name: string, resolvePath: Resolver) {
  const path = below(directory.real, name);
  const isRoot = directory === tree.root.directory;
  // The links above the data directory count too.
  const stat: Stat = isRoot ? { kind: "link", to: path } : await statAt(path);
  const link = stat.kind === "link" ? await resolvePath(directory.real, stat.to) : undefined;
  const real = link === undefined ? path : link.real;
  const end = link === undefined ? stat : real === undefined ? await linkFaultAt(path) : await statAt(real);
  if (end === undefined || end.kind === "link" || (link !== undefined && end.kind === "removed")) return undefined;
  if (isRoot) return { ...(await observeRoot(tree, end, real)), link };
  if (end.kind === "removed" || !isWanted(name, end.kind)) return { kind: "removed" } as const;
  if (end.kind === "directory") return { ...end, link };
  if (end.kind === "file") {
    const contentOf = (identity: string) => tree.files.get(identity)?.content;
    const known = contentOf(end.identity);
    const isSame = known?.isSettled === true && known.fingerprint === end.fingerprint;
    const content = isSame ? known : await readRedirectFile(real ?? path, end, contentOf);
    return content && ({ kind: "file", content, link } as const);
  }
  // A link that leads nowhere yet is no fault, unless it is to a redirect file.
  const isAwaited = end.kind === "dangling" && !isRedirectName(name) && !directory.entries.get(name)?.target;
  return { kind: "unusable", fault: isAwaited ? undefined : end.fault, link } as const;
}

/**
 * Looks at paths, and at all below those that are directories, and applies what it finds to the tree.
 *
 * @param paths where something has happened, without links; the path of the data directory stands for everything
 */
export async function scan(paths: Iterable<string>, { tree, watchDirectory, signal }: ScanOptions): Promise<void> {
  /** Nothing is served yet that a slow disk could delay. */
  const isFirst = tree.root.target === undefined;
  const pause = createPause();
  const listings = new Map<string, Promise<Fault | undefined>>();
  const again = new Set(paths);
  const movedSteps = new Set(paths);
  const visited = new Set<string>();
  const toVisit: string[] = [];
  const toList: DirectoryEntry[] = [];
  let resolvePath = createResolver();

  function addVisit(path: string): void {
    if (!visited.has(path)) toVisit.push(path);
    visited.add(path);
  }

  async function visit(path: string): Promise<void> {
    signal.throwIfAborted();
    const directory = path === tree.rootPath ? tree.root.directory : tree.directories.get(dirname(path));
    if (directory === undefined) return;
    const name = basename(path);
    const before = directory.entries.get(name)?.link;
    const observed = await observe(tree, directory, name, resolvePath);
    if (observed === undefined) again.add(path);
    const entry = observed && apply(tree, directory, name, observed);
    if (entry === undefined) return;
    if (observed?.kind === "directory") toList.push(entry);
    const steps = entry.link?.steps ?? [];
    // What happened before these steps were watched is seen by another look.
    const isWatchedSince = steps.filter((step) => watchDirectory(dirname(step))).length > 0;
    if (entry.link !== before || isWatchedSince) again.add(path);
    if (entry.link !== before) for (const step of [...(before?.steps ?? []), ...steps]) movedSteps.add(step);
  }

  /** @returns why a directory can't be listed */
  async function listNames(directory: Directory): Promise<Fault | undefined> {
    // Before it is listed, so that no change is missed in between.
    watchDirectory(directory.real, directory.identity);
    try {
      const names = new Set<string>();
      for (const child of await readdir(directory.real, { withFileTypes: true })) {
        await pause();
        signal.throwIfAborted();
        if (child.isFile() && !isRedirectName(child.name)) continue;
        names.add(child.name);
        const path = below(directory.real, child.name);
        const content = isFirst && child.isFile() ? await readRedirectFile(path) : undefined;
        if (content === undefined) addVisit(path);
        else apply(tree, directory, child.name, { kind: "file", content });
      }
      // A listing during changes may lack a name, so only a look at the name itself can remove it.
      for (const name of directory.entries.keys()) if (!names.has(name)) addVisit(below(directory.real, name));
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      // Whether a directory has been removed is found where its name is.
      return isAbsent(error) ? undefined : unreadable("a readable directory", error);
    }
  }

  async function list(entry: DirectoryEntry): Promise<void> {
    const directory = entry.target;
    if (directory?.kind !== "directory") return;
    const key = `${directory.identity} ${directory.real}`;
    const listing = listings.get(key) ?? listNames(directory);
    listings.set(key, listing);
    setFault(tree, entry, await listing);
  }

  for (let looks = 0; looks < MAX_LOOKS && again.size > 0; looks++) {
    resolvePath = createResolver();
    visited.clear();
    for (const path of again) addVisit(path);
    again.clear();
    while (toVisit.length > 0) {
      await inParallel(CONCURRENCY, toVisit.splice(0), visit);
      await inParallel(CONCURRENCY, toList.splice(0), list);
      for (const entry of [...movedSteps].flatMap((step) => [...(tree.linksThrough.get(step) ?? [])])) {
        addVisit(realPathOf(entry));
        await pause();
      }
      movedSteps.clear();
    }
  }
}
