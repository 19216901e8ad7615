/**
 * The state of a data directory: directories by their real path, and the files in them.
 *
 * Links make it a graph. Directories are scanned in any order; afterwards, each directory and file is named by
 * the first path that leads to it.
 */

import { dirname } from "node:path";
import type { Fault } from "../../core/redirect-file/fault.ts";
import type { RedirectFileContent } from "./read-file.ts";
import type { Stat } from "./stat.ts";
import { isSamePath, type SymlinkPath } from "./symlink.ts";

export interface Directory {
  readonly kind: "directory";
  /** Its path without links. */
  readonly real: string;
  identity: string;
  readonly entries: Map<string, DirectoryEntry>;
  /** The first path that leads to it; undefined until it is known. */
  path: string | undefined;
  /** Why it can't be listed; its known entries stay. */
  fault: Fault | undefined;
}

/** Almost always one: a Set for each would take more memory than all else. */
export type OneOrMore<Item extends object> = Item | Set<Item>;

/** A name in a directory. */
export interface DirectoryEntry {
  readonly directory: Directory;
  readonly name: string;
  target: Directory | RedirectFile | undefined;
  /** Its resolution, if it is a symbolic link. */
  link: SymlinkPath | undefined;
  /** Why it can't be read now. A directory is kept meanwhile, a file by the last good state of its path. */
  fault: Fault | undefined;
}

/** A file on disk, under one name or several. */
export interface RedirectFile {
  readonly kind: "file";
  readonly identity: string;
  content: RedirectFileContent;
  /** The scan that read it last. */
  readIn: number;
  entries: OneOrMore<DirectoryEntry> | undefined;
  /** The first path that leads to it, and the one before if that has just changed. */
  path: string | undefined;
  formerPath: string | undefined;
}

export type DirectoryTree = ReturnType<typeof createTree>;

/** @param rootPath absolute, as configured */
export const createTree = (rootPath: string) => ({
  rootPath,
  rootLink: undefined as SymlinkPath | undefined,
  root: undefined as Directory | undefined,
  /** Why the data directory can't be read. */
  rootFault: undefined as Fault | undefined,
  directories: new Map<string, Directory>(),
  files: new Map<string, RedirectFile>(),
  /** Links by the paths that they lead through, and the directories of these. */
  linksThrough: new Map<string, OneOrMore<DirectoryEntry>>(),
  /** Links that lead elsewhere since the last scan, or to other content. */
  movedLinks: new Set<DirectoryEntry>(),
  /** Names that were not found, and since when, in ms. */
  missing: new Map<DirectoryEntry, number>(),
  /** The number of the current scan. */
  scan: 0,
  byPath: new Map<string, Directory>(),
  dirtyPaths: new Set<string>(),
  dirtyFiles: new Set<RedirectFile>(),
  /** Whether directories were added, removed or moved. */
  isShapeDirty: false,
});

/** The bookkeeping of a Kubernetes mount, which is read through visible links only. */
export const isHidden = (name: string): boolean => name.startsWith("..");

export const isRedirectName = (name: string): boolean => name.endsWith(".json");

export const below = (directory: string, name: string): string =>
  directory === "/" ? `/${name}` : `${directory}/${name}`;

export const pathOf = ({ directory, name }: DirectoryEntry): string | undefined =>
  directory.path === undefined ? undefined : below(directory.path, name);

export function* eachOf<Item extends object>(items: OneOrMore<Item> | undefined): Generator<Item> {
  if (items instanceof Set) yield* items;
  else if (items !== undefined) yield items;
}

function withItem<Item extends object>(items: OneOrMore<Item> | undefined, item: Item): OneOrMore<Item> {
  if (items === undefined || items === item) return item;
  return items instanceof Set ? items.add(item) : new Set([items, item]);
}

function withoutItem<Item extends object>(items: OneOrMore<Item> | undefined, item: Item): OneOrMore<Item> | undefined {
  if (!(items instanceof Set)) return items === item ? undefined : items;
  items.delete(item);
  return items.size === 0 ? undefined : items;
}

function markEntry(tree: DirectoryTree, entry: DirectoryEntry): void {
  const path = pathOf(entry);
  if (path !== undefined) tree.dirtyPaths.add(path);
  if (entry.link !== undefined) tree.movedLinks.add(entry);
}

function setTarget(tree: DirectoryTree, entry: DirectoryEntry, target: DirectoryEntry["target"]): void {
  const before = entry.target;
  if (before === target) return;
  if (before?.kind === "directory" || target?.kind === "directory") tree.isShapeDirty = true;
  if (before?.kind === "file") {
    before.entries = withoutItem(before.entries, entry);
    tree.dirtyFiles.add(before);
    if (before.entries === undefined && tree.files.get(before.identity) === before) tree.files.delete(before.identity);
  }
  entry.target = target;
  if (target?.kind === "file") {
    target.entries = withItem(target.entries, entry);
    tree.dirtyFiles.add(target);
  }
  markEntry(tree, entry);
}

function setFault(tree: DirectoryTree, entry: DirectoryEntry, fault: Fault | undefined): void {
  if (entry.fault === undefined && fault === undefined) return;
  entry.fault = fault;
  const path = pathOf(entry);
  if (path !== undefined) tree.dirtyPaths.add(path);
}

/** The paths that a link leads through, beside its own, and their directories. */
export const watchedPaths = (link: SymlinkPath | undefined): ReadonlySet<string> =>
  new Set(link?.steps.slice(1).flatMap((step) => [step, dirname(step)]));

function setLink(tree: DirectoryTree, entry: DirectoryEntry, link: SymlinkPath | undefined): void {
  if (isSamePath(entry.link, link)) return;
  for (const path of watchedPaths(entry.link)) {
    const links = withoutItem(tree.linksThrough.get(path), entry);
    if (links === undefined) tree.linksThrough.delete(path);
    else tree.linksThrough.set(path, links);
  }
  for (const path of watchedPaths(link)) tree.linksThrough.set(path, withItem(tree.linksThrough.get(path), entry));
  entry.link = link;
  tree.movedLinks.add(entry);
}

/** Removes a name, and what only it leads to. */
export function removeEntry(tree: DirectoryTree, entry: DirectoryEntry): void {
  entry.directory.entries.delete(entry.name);
  setLink(tree, entry, undefined);
  setTarget(tree, entry, undefined);
  markEntry(tree, entry);
  tree.missing.delete(entry);
  tree.movedLinks.delete(entry);
}

function fileOf(tree: DirectoryTree, content: RedirectFileContent): RedirectFile {
  const { identity } = content;
  const known = tree.files.get(identity);
  if (known === undefined) {
    const entries = undefined;
    const file: RedirectFile = {
      kind: "file",
      identity,
      content,
      readIn: tree.scan,
      entries,
      path: undefined,
      formerPath: undefined,
    };
    tree.files.set(identity, file);
    return file;
  }
  if (known.content === content) return known;
  if (known.content.hash !== content.hash || content.hash === undefined) {
    tree.dirtyFiles.add(known);
    for (const entry of eachOf(known.entries)) if (entry.link !== undefined) tree.movedLinks.add(entry);
  }
  known.content = content;
  known.readIn = tree.scan;
  return known;
}

/** Returns the directory at a real path. @param identity another one there has other entries, which are to be listed */
export function directoryAt(tree: DirectoryTree, real: string, identity: string): Directory {
  const known = tree.directories.get(real);
  if (known !== undefined) {
    known.identity = identity;
    return known;
  }
  const directory: Directory = {
    kind: "directory",
    real,
    identity,
    entries: new Map(),
    path: undefined,
    fault: undefined,
  };
  tree.directories.set(real, directory);
  return directory;
}

/** Why a directory can't be listed, or that it can. */
export function setListingFault(tree: DirectoryTree, directory: Directory, fault: Fault | undefined): void {
  if (directory.fault === undefined && fault === undefined) return;
  directory.fault = fault;
  if (directory.path !== undefined) tree.dirtyPaths.add(directory.path);
}

/** The result of looking at a name. */
export type Observation = Exclude<Stat, { readonly kind: "file" }> | { readonly kind: "file" };

function isWanted(name: string, { kind }: Observation): boolean {
  if (kind === "removed") return false;
  if (kind === "directory") return !isHidden(name);
  return isRedirectName(name) || ((kind === "unreadable" || kind === "dangling") && !isHidden(name));
}

/**
 * Updates the tree with what was found at a name. A name that was not found stays for the time being: it may have been
 * moved to a place that is not scanned yet.
 *
 * @param link how the name is resolved, if it is a link
 * @param content of a wanted file
 * @returns a directory whose entries are not known
 */
export function apply(
  tree: DirectoryTree,
  directory: Directory,
  name: string,
  found: Observation,
  link?: SymlinkPath,
  content?: RedirectFileContent,
): Directory | undefined {
  const known = directory.entries.get(name);
  if (found.kind === "removed" || !isWanted(name, found)) {
    if (known !== undefined && !tree.missing.has(known)) tree.missing.set(known, performance.now());
    return undefined;
  }
  const entry: DirectoryEntry = known ?? { directory, name, target: undefined, link: undefined, fault: undefined };
  if (known === undefined) directory.entries.set(name, entry);
  tree.missing.delete(entry);
  setLink(tree, entry, link);
  if (found.kind === "file") {
    setFault(tree, entry, undefined);
    if (content !== undefined) setTarget(tree, entry, fileOf(tree, content));
  } else if (found.kind === "directory") {
    const real = link?.real ?? below(directory.real, name);
    const wasReadable = entry.fault === undefined && tree.directories.get(real)?.identity === found.identity;
    const child = directoryAt(tree, real, found.identity);
    const isListed = wasReadable && entry.target === child;
    setFault(tree, entry, undefined);
    setTarget(tree, entry, child);
    if (!isListed) return child;
  } else {
    // A link that leads nowhere yet is no fault, unless it is to a redirect file.
    const isIgnored = found.kind === "dangling" && !isRedirectName(name) && entry.target === undefined;
    setFault(tree, entry, isIgnored ? undefined : found.fault);
    if (entry.target?.kind === "file") setTarget(tree, entry, undefined);
  }
  return undefined;
}
