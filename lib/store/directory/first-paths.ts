/**
 * Names directories and files by the first path, by UTF-8 bytes, that leads to each. This needs the whole tree, and so
 * it is done when a scan has ended; directories can be scanned in any order.
 */
import { comparePaths } from "../../core/catalog/catalog.ts";
import type { Pause } from "../../slices.ts";
import {
  below,
  type Directory,
  type DirectoryEntry,
  type DirectoryTree,
  eachOf,
  pathOf,
  type RedirectFile,
  removeEntry,
} from "./tree.ts";

/** Returns the path under which a file is served: the first by UTF-8 bytes. */
function firstPath(file: RedirectFile): string | undefined {
  let first: string | undefined;
  for (const entry of eachOf(file.entries)) {
    const path = pathOf(entry);
    if (path !== undefined && (first === undefined || comparePaths(path, first) < 0)) first = path;
  }
  return first;
}

/**
 * Finds the first path to each directory. Going down in the order of UTF-8 bytes, each is reached by its first path
 * first. Loops end, since a path that leads back is never the first.
 */
async function directoryPaths(tree: DirectoryTree, pause: Pause): Promise<Map<string, Directory>> {
  const paths = new Map<string, Directory>();
  const reached = new Set<Directory>();
  const walk = async (directory: Directory, path: string): Promise<void> => {
    reached.add(directory);
    paths.set(path, directory);
    const children: { readonly path: string; readonly child: Directory }[] = [];
    for (const { name, target } of directory.entries.values()) {
      // With the slash, since "a b/" comes before "a/", though "a" comes before "a b".
      if (target?.kind === "directory") children.push({ path: below(path, `${name}/`), child: target });
      await pause();
    }
    children.sort((a, b) => comparePaths(a.path, b.path));
    for (const { path: childPath, child } of children)
      if (!reached.has(child)) await walk(child, childPath.slice(0, -1));
  };
  if (tree.root !== undefined) await walk(tree.root, tree.rootPath);
  return paths;
}

/** Gives every directory its first path, and removes those that no path leads to. */
async function nameDirectories(tree: DirectoryTree, pause: Pause): Promise<void> {
  tree.isShapeDirty = false;
  tree.byPath = await directoryPaths(tree, pause);
  const paths = new Map([...tree.byPath].map(([path, directory]) => [directory, path]));
  for (const directory of [...tree.directories.values()]) {
    const [before, path] = [directory.path, paths.get(directory)];
    if (before === path && path !== undefined) continue;
    for (const each of [before, path]) {
      if (each === undefined) continue;
      tree.dirtyPaths.add(each);
      for (const { name, target, fault } of directory.entries.values()) {
        if (target?.kind === "file") tree.dirtyFiles.add(target);
        else if (fault !== undefined) tree.dirtyPaths.add(below(each, name));
        await pause();
      }
    }
    directory.path = path;
    if (path !== undefined) continue;
    for (const entry of [...directory.entries.values()]) {
      removeEntry(tree, entry);
      await pause();
    }
    tree.directories.delete(directory.real);
  }
}

/** Names what has changed. @returns the paths whose state may be another now */
export async function takeDirtyPaths(tree: DirectoryTree, pause: Pause): Promise<ReadonlySet<string>> {
  while (tree.isShapeDirty) await nameDirectories(tree, pause);
  const { dirtyPaths, dirtyFiles } = tree;
  tree.dirtyPaths = new Set();
  tree.dirtyFiles = new Set();
  for (const file of dirtyFiles) {
    const path = firstPath(file);
    if (file.path !== undefined) dirtyPaths.add(file.path);
    if (path !== undefined) dirtyPaths.add(path);
    file.formerPath = file.path === path ? undefined : file.path;
    file.path = path;
    await pause();
  }
  return dirtyPaths;
}

/** Returns the paths where a broken file may have been good, the most likely first. */
export function* formerPaths(file: RedirectFile): Generator<string> {
  if (file.formerPath !== undefined) yield file.formerPath;
  for (const entry of eachOf(file.entries)) {
    const path = pathOf(entry);
    if (path !== undefined) yield path;
  }
}

/** Returns the entry at a path. */
export function entryAt(tree: DirectoryTree, path: string): DirectoryEntry | undefined {
  const slash = path.lastIndexOf("/");
  return tree.byPath.get(path.slice(0, slash) || "/")?.entries.get(path.slice(slash + 1));
}
