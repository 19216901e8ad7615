import { comparePaths } from "../core/catalog/catalog.ts";
import {
  below,
  type Directory,
  type Entry,
  type FileEntry,
  pathOf,
  type RedirectFile,
  removeEntry,
  type Tree,
  touch,
  touchPath,
} from "./tree.ts";

/** @returns the entry under which a file is served: the first of its paths by UTF-8 bytes */
export function firstEntry(file: RedirectFile): FileEntry | undefined {
  let first: { readonly entry: FileEntry; readonly path: string } | undefined;
  for (const entry of file.entries) {
    const path = pathOf(entry);
    if (path === undefined) continue;
    if (first === undefined || comparePaths(path, first.path) < 0) first = { entry, path };
  }
  return first?.entry;
}

/** Lets requests have their turn, now and then. */
type Pause = () => Promise<void> | undefined;

async function moveTo(tree: Tree, directory: Directory, path: string, pause: Pause): Promise<void> {
  if (directory.path === path) return;
  for (const entry of directory.entries.values()) {
    touchPath(tree, entry);
    await pause();
  }
  tree.dirt.paths.add(path);
  if (directory.path !== undefined && tree.byPath.get(directory.path) === directory) tree.byPath.delete(directory.path);
  directory.formerPath = directory.path;
  directory.path = path;
  tree.byPath.set(path, directory);
  for (const entry of directory.entries.values()) {
    touchPath(tree, entry);
    if (entry.kind === "file" && entry.file !== undefined) touch(tree, entry.file);
    await pause();
  }
}

async function forget(tree: Tree, directory: Directory, pause: Pause): Promise<void> {
  if (directory.path !== undefined) {
    tree.dirt.paths.add(directory.path);
    if (tree.byPath.get(directory.path) === directory) tree.byPath.delete(directory.path);
  }
  for (const entry of [...directory.entries.values()]) {
    removeEntry(tree, entry);
    await pause();
  }
  tree.directories.delete(directory.identity);
  if (tree.byReal.get(directory.real) === directory) tree.byReal.delete(directory.real);
}

/**
 * Gives every directory the first path that leads to it, and forgets those that none leads to.
 *
 * Going down in the order of UTF-8 bytes, each directory is met first under its first path. A path that comes
 * back to where it was is never first of anything, so a loop ends by itself.
 */
export async function nameDirectories(tree: Tree, pause: Pause): Promise<void> {
  const reached = new Set<Directory>();
  const walk = async (directory: Directory, path: string): Promise<void> => {
    reached.add(directory);
    await moveTo(tree, directory, path, pause);
    const children: { readonly path: string; readonly child: Directory }[] = [];
    for (const entry of directory.entries.values()) {
      // The slash counts: "a b/" sorts before "a/", though "a" sorts before "a b".
      if (entry.kind === "directory" && entry.child !== undefined)
        children.push({ path: below(path, `${entry.name}/`), child: entry.child });
    }
    children.sort((a, b) => comparePaths(a.path, b.path));
    for (const { path: childPath, child } of children)
      if (!reached.has(child)) await walk(child, childPath.slice(0, -1));
  };
  if (tree.root !== undefined) await walk(tree.root, tree.rootPath);
  for (const directory of [...tree.directories.values()])
    if (!reached.has(directory)) await forget(tree, directory, pause);
  tree.dirt.isShape = false;
}

/** @returns the entry at a path */
export function entryAt(tree: Tree, path: string): Entry | undefined {
  const slash = path.lastIndexOf("/");
  return tree.byPath.get(path.slice(0, slash) || "/")?.entries.get(path.slice(slash + 1));
}

/** @returns the file that a path leads to, whether or not it is the first one */
export function fileBehind(tree: Tree, path: string): RedirectFile | undefined {
  const names = path.slice(below(tree.rootPath, "").length).split("/");
  let directory = tree.root;
  let entry: Entry | undefined;
  for (const name of names) {
    entry = directory?.entries.get(name);
    directory = entry?.kind === "directory" ? entry.child : undefined;
  }
  return entry?.kind === "file" ? entry.file : undefined;
}
