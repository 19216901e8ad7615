/**
 * The state of a data directory: directories by their real path, and the files in them.
 *
 * Links make it a graph. Directories are scanned in any order; afterwards, each directory and file is named by
 * the first path that leads to it.
 */
import { basename, dirname } from "node:path";
import type { Fault } from "../../core/redirect-file/fault.ts";
import type { RedirectFileContent } from "./read-file.ts";
import type { SymlinkPath } from "./symlink.ts";

export interface Directory {
  readonly kind: "directory";
  /** Its path without links. */
  readonly real: string;
  identity: string;
  readonly entries: Map<string, DirectoryEntry>;
  /** The first path that leads to it; undefined until it is known. */
  path: string | undefined;
}

/** A name in a directory. */
export interface DirectoryEntry {
  readonly directory: Directory;
  readonly name: string;
  target: Directory | RedirectFile | undefined;
  /** Its resolution, if it is a symbolic link. */
  link: SymlinkPath | undefined;
  /** Why it can't be read or listed now. A directory is kept meanwhile, a file by the last good state of its path. */
  fault: Fault | undefined;
}

/** A file on disk, under one name or several. */
export interface RedirectFile {
  readonly kind: "file";
  content: RedirectFileContent;
  entries: DirectoryEntry[];
  /** The first path that leads to it, and the one before if that has just changed. */
  path: string | undefined;
  formerPath: string | undefined;
}

/** The result of looking at a name, with the resolution of a link. */
export type Observation = { readonly link?: SymlinkPath | undefined } & (
  | { readonly kind: "file"; readonly content: RedirectFileContent }
  | { readonly kind: "directory"; readonly identity: string }
  | { readonly kind: "unusable"; readonly fault: Fault | undefined }
  | { readonly kind: "removed" }
);

export type DirectoryTree = ReturnType<typeof createTree>;

const newDirectory = (real: string, identity: string, path: string | undefined): Directory => ({
  kind: "directory",
  real,
  identity,
  entries: new Map(),
  path,
});

/** @returns the entry of a name, which is made if it is new */
function entryOf(directory: Directory, name: string): DirectoryEntry {
  const known = directory.entries.get(name);
  const entry = known ?? { directory, name, target: undefined, link: undefined, fault: undefined };
  if (known === undefined) directory.entries.set(name, entry);
  return entry;
}

/** @param rootPath absolute, as configured */
export const createTree = (rootPath: string) => ({
  rootPath,
  /** The data directory, as an entry of the directory above, of which nothing else is known. */
  root: entryOf(newDirectory(dirname(rootPath), "", dirname(rootPath)), basename(rootPath)),
  directories: new Map<string, Directory>(),
  files: new Map<string, RedirectFile>(),
  /** Links by the paths that they lead through, and the directories of these. */
  linksThrough: new Map<string, Set<DirectoryEntry>>(),
  /** Names that were not found, and since when, in ms. */
  missing: new Map<DirectoryEntry, number>(),
  byPath: new Map<string, Directory>(),
  dirtyPaths: new Set<string>(),
  dirtyFiles: new Set<RedirectFile>(),
  /** Whether directories were added, removed or moved. */
  isShapeDirty: false,
  /** Directories that may be of no interest any more. */
  released: new Set<string>(),
});

export const below = (directory: string, name: string): string =>
  directory === "/" ? `/${name}` : `${directory}/${name}`;

/** Returns the path of a name without links. */
export const realPathOf = ({ directory, name }: DirectoryEntry): string => below(directory.real, name);

/** Returns the first path that leads to a name. */
export const pathOf = ({ directory, name }: DirectoryEntry): string | undefined =>
  directory.path === undefined ? undefined : below(directory.path, name);

function markDirty(tree: DirectoryTree, entry: DirectoryEntry): void {
  const path = pathOf(entry);
  if (path !== undefined) tree.dirtyPaths.add(path);
}

function setTarget(tree: DirectoryTree, entry: DirectoryEntry, target: DirectoryEntry["target"]): void {
  const before = entry.target;
  if (before === target) return;
  if (before?.kind === "directory" || target?.kind === "directory") tree.isShapeDirty = true;
  if (before?.kind === "file") {
    before.entries = before.entries.filter((each) => each !== entry);
    tree.dirtyFiles.add(before);
    if (before.entries.length === 0) tree.files.delete(before.content.identity);
  }
  if (target?.kind === "file") {
    target.entries.push(entry);
    tree.dirtyFiles.add(target);
  }
  entry.target = target;
  markDirty(tree, entry);
}

function setLink(tree: DirectoryTree, entry: DirectoryEntry, link: SymlinkPath | undefined): void {
  if (Bun.deepEquals(entry.link, link)) return;
  const watchedPaths = (steps: readonly string[] = []) => steps.flatMap((step) => [step, dirname(step)]);
  for (const path of watchedPaths(entry.link?.steps)) {
    const links = tree.linksThrough.get(path);
    links?.delete(entry);
    if (links?.size !== 0) continue;
    tree.linksThrough.delete(path);
    tree.released.add(path);
  }
  for (const path of watchedPaths(link?.steps))
    tree.linksThrough.set(path, (tree.linksThrough.get(path) ?? new Set()).add(entry));
  entry.link = link;
}

export function setFault(tree: DirectoryTree, entry: DirectoryEntry, fault: Fault | undefined): void {
  if (entry.fault !== undefined || fault !== undefined) markDirty(tree, entry);
  entry.fault = fault;
}

function fileOf(tree: DirectoryTree, content: RedirectFileContent): RedirectFile {
  const known = tree.files.get(content.identity);
  const file = known ?? { kind: "file", content, entries: [], path: undefined, formerPath: undefined };
  if (known === undefined) tree.files.set(content.identity, file);
  if (file.content !== content) tree.dirtyFiles.add(file);
  file.content = content;
  return file;
}

/**
 * Updates the tree with what was found at a name. A name that was not found stays for the time being: it may have been
 * moved to a place that is not scanned yet.
 *
 * @returns the entry of the name, if it was found
 */
export function apply(tree: DirectoryTree, directory: Directory, name: string, observation: Observation) {
  if (observation.kind === "removed") {
    const known = directory.entries.get(name);
    if (known !== undefined && !tree.missing.has(known)) tree.missing.set(known, performance.now());
    return undefined;
  }
  const { link } = observation;
  const entry = entryOf(directory, name);
  tree.missing.delete(entry);
  setLink(tree, entry, link);
  setFault(tree, entry, observation.kind === "unusable" ? observation.fault : undefined);
  if (observation.kind === "file") setTarget(tree, entry, fileOf(tree, observation.content));
  else if (observation.kind === "directory") {
    const { identity } = observation;
    const real = link?.real ?? realPathOf(entry);
    const target = tree.directories.get(real) ?? newDirectory(real, identity, undefined);
    // Another directory at the same path has other entries, which are listed next.
    target.identity = identity;
    tree.directories.set(real, target);
    setTarget(tree, entry, target);
  } else if (entry.target?.kind === "file") setTarget(tree, entry, undefined);
  return entry;
}

/** Removes a name, and what only it leads to. */
export function removeEntry(tree: DirectoryTree, entry: DirectoryEntry): void {
  entry.directory.entries.delete(entry.name);
  setLink(tree, entry, undefined);
  setTarget(tree, entry, undefined);
  setFault(tree, entry, undefined);
  tree.missing.delete(entry);
}
