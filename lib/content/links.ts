/** Finds the links of published trees that the server doesn't follow, for `craned check`. */
import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type ContentSettings, directoryFault } from "./content.ts";
import { isBelow, resolveRoots, unlessAbsent } from "./open.ts";

/** The entries of a directory; none where it can't be read, or has been replaced meanwhile. */
function entriesOf(directory: string, onError: (error: unknown) => void): readonly Dirent[] {
  try {
    return unlessAbsent(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  } catch (error) {
    onError(error);
    return [];
  }
}

interface Link {
  readonly path: string;
  readonly target: string;
  /** The target itself, or the directory of a file. */
  readonly directory: string;
}

/**
 * Walks a tree as the server reads it, through links that it follows, and collects those that it does not.
 *
 * @param onError receives the errors of directories that can't be read
 */
function outsideLinks(directory: string, roots: readonly string[], onError: (error: unknown) => void): readonly Link[] {
  const links: Link[] = [];
  const visited = new Set<string>();
  const pending = [realpathSync(directory)];
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    if (visited.has(current)) continue;
    visited.add(current);
    for (const entry of entriesOf(current, onError)) {
      const path = join(current, entry.name);
      if (entry.isDirectory()) pending.push(path);
      if (!entry.isSymbolicLink()) continue;
      const target = unlessAbsent(() => realpathSync(path));
      if (target === undefined) continue;
      const isDirectory = statSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
      const isInside = roots.some((root) => isBelow(root, target) || (isDirectory && target === root));
      if (!isInside) links.push({ path, target, directory: isDirectory ? target : dirname(target) });
      else if (isDirectory) pending.push(target);
    }
  }
  return links;
}

/** Number of leading names that targets of links share, for one proposed link root. */
const COMMON_NAMES = 3;

function commonDirectory(a: string, b: string): string {
  const names = b.split("/");
  const parts = a.split("/");
  const length = parts.findIndex((part, at) => part !== names[at]);
  return length === -1 ? a : parts.slice(0, length).join("/");
}

/** Tells of all links that one further link root would allow in one fault. */
function faultsOf(links: readonly Link[]): readonly string[] {
  const groups = Map.groupBy(links, ({ directory }) => directory.split("/", COMMON_NAMES + 1).join("/"));
  return [...groups.values()].map((group) => {
    const [first] = group;
    const root = group.map(({ directory }) => directory).reduce(commonDirectory);
    const others = group.length === 1 ? "" : ` (${group.length} links lead there)`;
    return (
      `${first?.path} leads to ${first?.target}${others}, outside of the content directory and of link_roots: ` +
      `not served; add ${root.replace(/\/*$/, "/")} to link_roots to serve it`
    );
  });
}

/**
 * Finds the links that lead outside of the content directories and the link roots, reading what the server would read.
 *
 * @returns a message for all links that one further link root would allow; nothing about missing directories
 */
export function linkFaults(settings: ContentSettings): readonly string[] {
  if (!settings.enable) return [];
  return [...new Set([settings.contentDirV1, settings.contentDirV2])]
    .filter((directory) => directoryFault(directory) === undefined)
    .flatMap((directory) => {
      const errors: string[] = [];
      const onError = (error: unknown) => void errors.push(error instanceof Error ? error.message : String(error));
      const roots = resolveRoots([resolve(directory), ...settings.linkRoots]);
      return [...faultsOf(outsideLinks(directory, roots, onError)), ...errors];
    });
}
