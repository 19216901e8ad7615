import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { createPause, createTurns, inParallel } from "../../slices.ts";
import { isAbsent } from "../../system-error.ts";
import { type RedirectFileContent, readFile, readFileAtOnce } from "./read-file.ts";
import { type FileStat, isEmptyDirectory, statAt, unreadable } from "./stat.ts";
import { createResolver, isSamePath, type SymlinkPath } from "./symlink.ts";
import {
  apply,
  below,
  type Directory,
  type DirectoryEntry,
  type DirectoryTree,
  directoryAt,
  eachOf,
  isRedirectName,
  setListingFault,
} from "./tree.ts";

/** The scope of a scan. */
export interface ScanScope {
  readonly everything: boolean;
  /** Real paths where something has happened. */
  readonly paths: Iterable<string>;
  /** Links to resolve again. */
  readonly links: Iterable<DirectoryEntry>;
}

interface ScanOptions {
  readonly tree: DirectoryTree;
  /** Is called with each directory before it is listed, so that no change is missed in between. */
  readonly watchDirectory: (real: string, identity?: string) => void;
  readonly signal: AbortSignal;
}

/** A name to look at. */
interface Visit {
  readonly directory: Directory;
  readonly name: string;
  /** Whether a directory there is to be listed though it is known. */
  readonly lists: boolean;
}

/** Enough to keep all threads busy; more would only make requests wait. */
const CONCURRENCY = 16;
/** Number of looks at a name that changes under the scan. */
const MAX_TRIES = 3;

const turn = createTurns();

/** Scans names and directories, and applies what it finds to the tree. */
export async function scan({ everything, paths, links }: ScanScope, options: ScanOptions): Promise<void> {
  const { tree, watchDirectory, signal } = options;
  /** Nothing is served yet that a slow disk could delay. */
  const isFirst = tree.root === undefined;
  const resolvePath = createResolver();
  const pause = createPause();
  const listed = new Set<Directory>();
  const listedAgain = new Set<Directory>();
  let toList = new Set<Directory>();
  let toVisit = new Map<string, Visit>();
  tree.scan++;

  function addVisit(directory: Directory, name: string, lists: boolean): void {
    const path = below(directory.real, name);
    if (lists || !toVisit.has(path)) toVisit.set(path, { directory, name, lists });
  }

  const contentOf = (identity: string): RedirectFileContent | undefined => tree.files.get(identity)?.content;

  function knownContent({ identity, fingerprint }: FileStat): RedirectFileContent | undefined {
    const file = tree.files.get(identity);
    if (file === undefined || file.content.fingerprint !== fingerprint) return undefined;
    return file.content.isSettled || file.readIn === tree.scan ? file.content : undefined;
  }

  async function visit({ directory, name, lists }: Visit, triesLeft = MAX_TRIES): Promise<void> {
    signal.throwIfAborted();
    const path = below(directory.real, name);
    const seen = await statAt(path);
    const link = seen.isLink ? await resolvePath(directory.real, name) : undefined;
    const isRead = seen.kind === "file" && isRedirectName(name);
    const content = isRead ? (knownContent(seen) ?? (await readFile(path, seen, contentOf, turn))) : undefined;
    const isResolved = seen.kind !== "directory" || link === undefined || link.real !== undefined;
    // It was removed or moved after it was seen.
    if ((isRead && content === undefined) || !isResolved) {
      if (triesLeft > 0) await visit({ directory, name, lists }, triesLeft - 1);
      return;
    }
    const unlisted = apply(tree, directory, name, seen, link, content);
    const child = unlisted ?? (lists ? directory.entries.get(name)?.target : undefined);
    if (seen.kind === "directory" && child?.kind === "directory") toList.add(child);
    // It may have been renamed to a name that the listing has passed already.
    if (seen.kind !== "removed" || !listed.has(directory) || listedAgain.has(directory)) return;
    listedAgain.add(directory);
    listed.delete(directory);
    toList.add(directory);
  }

  async function list(directory: Directory): Promise<void> {
    signal.throwIfAborted();
    if (listed.has(directory)) return;
    listed.add(directory);
    watchDirectory(directory.real, directory.identity);
    try {
      const names = new Set<string>();
      for (const entry of await readdir(directory.real, { withFileTypes: true })) {
        const { name } = entry;
        await pause();
        signal.throwIfAborted();
        if (entry.isFile() && !isRedirectName(name)) continue;
        names.add(name);
        const content = isFirst && entry.isFile() ? readFileAtOnce(below(directory.real, name)) : undefined;
        if (content === undefined) addVisit(directory, name, true);
        else apply(tree, directory, name, { kind: "file" }, undefined, content);
      }
      // A listing during changes may lack a name, so only a look at the name itself can remove it.
      for (const name of directory.entries.keys()) if (!names.has(name)) addVisit(directory, name, true);
      setListingFault(tree, directory, undefined);
    } catch (error) {
      signal.throwIfAborted();
      // Whether a directory has been removed is found where its name is.
      if (!isAbsent(error)) setListingFault(tree, directory, unreadable("a readable directory", error));
    }
  }

  /** Resolves the path of the data directory, and watches what it leads through. */
  async function resolveRoot(): Promise<SymlinkPath> {
    for (;;) {
      const link = await createResolver()("/", tree.rootPath);
      if (isSamePath(tree.rootLink, link)) return link;
      tree.rootLink = link;
      for (const step of link.steps) watchDirectory(dirname(step));
    }
  }

  async function scanRoot(): Promise<void> {
    const { real } = await resolveRoot();
    const seen = await statAt(tree.rootPath);
    tree.dirtyPaths.add(tree.rootPath);
    tree.rootFault = undefined;
    if (seen.kind !== "directory" || real === undefined) {
      const received = seen.kind === "removed" ? "no such directory" : "fault" in seen ? seen.fault.received : "a file";
      tree.rootFault = { field: "", expected: "a readable directory", received };
      return;
    }
    const isOther = tree.root !== undefined && (tree.root.identity !== seen.identity || tree.root.real !== real);
    if (isOther && (tree.root?.entries.size ?? 0) > 0 && (await isEmptyDirectory(real))) {
      const received = "an empty directory in its place, as where nothing is mounted";
      tree.rootFault = { field: "", expected: "the data directory", received };
      return;
    }
    const root = directoryAt(tree, real, seen.identity);
    if (tree.root !== root) tree.isShapeDirty = true;
    tree.root = root;
    toList.add(root);
  }

  if (everything) await scanRoot();
  else {
    for (const path of paths) {
      const [parent, directory] = [tree.directories.get(dirname(path)), tree.directories.get(path)];
      if (parent !== undefined) addVisit(parent, basename(path), true);
      else if (directory !== undefined) toList.add(directory);
      for (const entry of eachOf(tree.linksThrough.get(path))) addVisit(entry.directory, entry.name, false);
    }
    for (const { directory, name } of links) addVisit(directory, name, false);
  }
  while (toList.size > 0 || toVisit.size > 0) {
    const directories = toList;
    toList = new Set();
    await inParallel(CONCURRENCY, directories, list);
    const visits = toVisit;
    toVisit = new Map();
    await inParallel(CONCURRENCY, visits.values(), (each) => visit(each));
  }
}
