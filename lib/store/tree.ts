/**
 * What is known of the data directory: a graph of directories, since links make it one, and the files in them.
 *
 * A directory or file is one whatever the paths that lead to it. Its own path is the first of them, and is found
 * afterwards, in memory, so that directories can be read in any order.
 */
import type { Fault } from "../core/redirect-file/fault.ts";
import type { Parsed } from "../core/redirect-file/parse.ts";
import { isSameTrail, type Trail } from "./trail.ts";

export interface Directory {
  readonly identity: string;
  readonly entries: Map<string, Entry>;
  /** Where it is, without links. */
  real: string;
  /** The first path that leads to it; undefined until it has one. */
  path: string | undefined;
  /** The path that it had before. */
  formerPath: string | undefined;
  /** Why it can't be listed; what was known below it stays known. */
  fault: Fault | undefined;
  /** The look round that listed it last, and the one that listed it once more. */
  listedIn: number;
  relistedIn: number;
}

export type Entry = FileEntry | DirectoryEntry;

interface Named {
  readonly directory: Directory;
  readonly name: string;
  /** How its link leads on, if it is one. */
  trail: Trail | undefined;
  /** Why nobody knows what is there now. */
  fault: Fault | undefined;
  /** The number of the look that saw it last. */
  seenIn: number;
}

/** A name under which a redirect file is reached. */
export interface FileEntry extends Named {
  readonly kind: "file";
  file: RedirectFile | undefined;
  /** False for a link that leads nowhere: its file is gone, not broken. */
  keepsLastGood: boolean;
}

/** A name under which a directory is reached. */
export interface DirectoryEntry extends Named {
  readonly kind: "directory";
  child: Directory | undefined;
}

/** A file on disk and what it said when it was last read. */
export interface RedirectFile {
  readonly identity: string;
  readonly entries: FileEntry[];
  fingerprint: string | undefined;
  /** Whether an equal fingerprint means equal content. */
  isSettled: boolean;
  hash: bigint | undefined;
  parsed: Parsed | undefined;
  reading: Promise<void> | undefined;
  readIn: number;
}

/** What may have another state than before, to be looked at when the look round is over. */
export interface Dirt {
  readonly paths: Set<string>;
  readonly entries: Set<FileEntry>;
  /** Whether a directory came, went or changed its place. */
  isShape: boolean;
}

export interface Tree {
  /** Absolute, as configured. */
  readonly rootPath: string;
  root: Directory | undefined;
  /** Why the data directory as a whole can't be read. */
  rootFault: Fault | undefined;
  rootTrail: Trail | undefined;
  readonly directories: Map<string, Directory>;
  readonly byReal: Map<string, Directory>;
  readonly byPath: Map<string, Directory>;
  readonly files: Map<string, RedirectFile>;
  /** Entries that are links. */
  readonly links: Set<Entry>;
  dirt: Dirt;
  /** Whether directories or the ways of links are others than those that are watched. */
  placesChanged: boolean;
}

export const noDirt = (): Dirt => ({ paths: new Set(), entries: new Set(), isShape: false });

export function createTree(rootPath: string): Tree {
  return {
    rootPath,
    root: undefined,
    rootFault: undefined,
    rootTrail: undefined,
    directories: new Map(),
    byReal: new Map(),
    byPath: new Map(),
    files: new Map(),
    links: new Set(),
    dirt: noDirt(),
    placesChanged: true,
  };
}

export const below = (directory: string, name: string): string =>
  directory === "/" ? `/${name}` : `${directory}/${name}`;

/** @returns the path of an entry, once its directory has one */
export function pathOf(entry: Entry): string | undefined {
  return entry.directory.path === undefined ? undefined : below(entry.directory.path, entry.name);
}

/** The directory of that identity, known or new; it is where it was seen last. */
export function directoryAt(tree: Tree, identity: string, real: string): Directory {
  const known = tree.directories.get(identity);
  const directory = known ?? {
    identity,
    entries: new Map(),
    real,
    path: undefined,
    formerPath: undefined,
    fault: undefined,
    listedIn: 0,
    relistedIn: 0,
  };
  if (tree.byReal.get(directory.real) === directory) tree.byReal.delete(directory.real);
  directory.real = real;
  tree.byReal.set(real, directory);
  tree.directories.set(identity, directory);
  return directory;
}

/** The file of that identity, known or new. */
export function fileAt(tree: Tree, identity: string): RedirectFile {
  const known = tree.files.get(identity);
  if (known !== undefined) return known;
  const file: RedirectFile = {
    identity,
    entries: [],
    fingerprint: undefined,
    isSettled: false,
    hash: undefined,
    parsed: undefined,
    reading: undefined,
    readIn: 0,
  };
  tree.files.set(identity, file);
  return file;
}

/** Notes that the file may serve otherwise, under any of its paths. */
export function touch(tree: Tree, file: RedirectFile): void {
  for (const entry of file.entries) tree.dirt.entries.add(entry);
}

/** Notes that something else may be at an entry's path. */
export function touchPath(tree: Tree, entry: Entry): void {
  const path = pathOf(entry);
  if (path !== undefined) tree.dirt.paths.add(path);
}

/** Notes that an entry leads to another file, or to none. */
export function pointTo(tree: Tree, entry: FileEntry, file: RedirectFile | undefined): void {
  const before = entry.file;
  if (before === file) return;
  if (before !== undefined) {
    before.entries.splice(before.entries.indexOf(entry), 1);
    touch(tree, before);
    if (before.entries.length === 0 && tree.files.get(before.identity) === before) tree.files.delete(before.identity);
  }
  entry.file = file;
  file?.entries.push(entry);
  tree.dirt.entries.add(entry);
  if (file !== undefined) touch(tree, file);
}

/** Notes how an entry's link leads on, or that it is none. */
export function setTrail(tree: Tree, entry: Entry, trail: Trail | undefined): void {
  if (isSameTrail(entry.trail, trail)) return;
  if (trail === undefined) tree.links.delete(entry);
  else tree.links.add(entry);
  entry.trail = trail;
  tree.placesChanged = true;
}

/** Says of an entry why nobody knows what is there, or that somebody does. */
export function setFault(tree: Tree, entry: Entry, fault: Fault | undefined): void {
  entry.fault = fault;
  if (entry.kind === "file") tree.dirt.entries.add(entry);
  else touchPath(tree, entry);
}

/** Forgets an entry, and with it whatever is reached through it alone. */
export function removeEntry(tree: Tree, entry: Entry): void {
  entry.directory.entries.delete(entry.name);
  tree.links.delete(entry);
  touchPath(tree, entry);
  if (entry.kind === "file") pointTo(tree, entry, undefined);
  else tree.dirt.isShape = true;
}

function putEntry(tree: Tree, entry: Entry): void {
  const before = entry.directory.entries.get(entry.name);
  if (before !== undefined) removeEntry(tree, before);
  entry.directory.entries.set(entry.name, entry);
  if (entry.kind === "file") tree.dirt.entries.add(entry);
  else tree.dirt.isShape = true;
}

/** The file's entry of that name, known or new. */
export function fileEntry(tree: Tree, directory: Directory, name: string): FileEntry {
  const known = directory.entries.get(name);
  if (known?.kind === "file") return known;
  const entry: FileEntry = {
    kind: "file",
    directory,
    name,
    trail: undefined,
    fault: undefined,
    seenIn: 0,
    file: undefined,
    keepsLastGood: true,
  };
  putEntry(tree, entry);
  return entry;
}

/** The directory's entry of that name, known or new. */
export function directoryEntry(tree: Tree, directory: Directory, name: string): DirectoryEntry {
  const known = directory.entries.get(name);
  if (known?.kind === "directory") return known;
  const entry: DirectoryEntry = {
    kind: "directory",
    directory,
    name,
    trail: undefined,
    fault: undefined,
    seenIn: 0,
    child: undefined,
  };
  putEntry(tree, entry);
  return entry;
}
