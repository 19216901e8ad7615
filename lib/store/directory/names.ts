/**
 * Names directories and files by the first path, by UTF-8 bytes, that leads to each. This needs the whole tree, and so
 * it is done when a scan has ended; directories can be scanned in any order.
 */
import { comparePaths } from "../../core/catalog/catalog.ts";
import { createPause, type Pause } from "../../slices.ts";
import {
  below,
  type Directory,
  type DirectoryEntry,
  type DirectoryTree,
  pathOf,
  type RedirectFile,
  removeEntry,
} from "./tree.ts";

/** Returns the paths that lead to a file. */
export const pathsOf = ({ entries }: RedirectFile): readonly string[] =>
  entries.map(pathOf).filter((path) => path !== undefined);

/**
 * Finds the first path to each directory. Going down in the order of UTF-8 bytes, each is reached by its first path
 * first. Loops end, since a path that leads back is never the first.
 */
async function directoryPaths(tree: DirectoryTree, pause: Pause): Promise<Map<Directory, string>> {
  const paths = new Map<Directory, string>();
  const walk = async (directory: Directory, path: string): Promise<void> => {
    if (paths.has(directory)) return;
    paths.set(directory, path);
    const children: [path: string, Directory][] = [];
    for (const { name, target } of directory.entries.values()) {
      // With the slash, since "a b/" comes before "a/", though "a" comes before "a b".
      if (target?.kind === "directory") children.push([below(path, `${name}/`), target]);
      await pause();
    }
    children.sort(([a], [b]) => comparePaths(a, b));
    for (const [childPath, child] of children) await walk(child, childPath.slice(0, -1));
  };
  if (tree.root.target?.kind === "directory") await walk(tree.root.target, tree.rootPath);
  return paths;
}

/** Gives every directory its first path, and removes those that no path leads to. */
async function nameDirectories(tree: DirectoryTree, pause: Pause): Promise<void> {
  const paths = await directoryPaths(tree, pause);
  tree.byPath = new Map([...paths].map(([directory, path]) => [path, directory]));
  for (const directory of [...tree.directories.values()]) {
    const [before, path] = [directory.path, paths.get(directory)];
    if (before === path && path !== undefined) continue;
    for (const each of [before, path]) {
      if (each === undefined) continue;
      tree.dirtyPaths.add(each);
      for (const { name, target } of directory.entries.values()) {
        if (target?.kind === "file") tree.dirtyFiles.add(target);
        else tree.dirtyPaths.add(below(each, name));
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
    tree.released.add(directory.real);
  }
  tree.isShapeDirty = false;
}

/** Names what has changed. @returns the paths whose state may be another now */
export async function takeDirtyPaths(tree: DirectoryTree): Promise<ReadonlySet<string>> {
  const pause = createPause();
  if (tree.isShapeDirty) await nameDirectories(tree, pause);
  const { dirtyPaths, dirtyFiles } = tree;
  tree.dirtyPaths = new Set();
  tree.dirtyFiles = new Set();
  for (const file of dirtyFiles) {
    const [path] = pathsOf(file).toSorted(comparePaths);
    for (const each of [file.path, path]) if (each !== undefined) dirtyPaths.add(each);
    file.formerPath = file.path === path ? undefined : file.path;
    file.path = path;
    await pause();
  }
  return dirtyPaths;
}

/** Returns the entry at a path. */
export function entryAt(tree: DirectoryTree, path: string): DirectoryEntry | undefined {
  if (path === tree.rootPath) return tree.root;
  const slash = path.lastIndexOf("/");
  return tree.byPath.get(path.slice(0, slash) || "/")?.entries.get(path.slice(slash + 1));
}
