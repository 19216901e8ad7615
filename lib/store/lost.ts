import type { Fault } from "../core/redirect-file/fault.ts";
import type { Trail } from "./trail.ts";
import {
  type Directory,
  directoryEntry,
  type FileEntry,
  fileEntry,
  pointTo,
  setFault,
  setTrail,
  type Tree,
} from "./tree.ts";

/** The bookkeeping of a Kubernetes mount, which is read through visible links only. */
export const isHidden = (name: string): boolean => name.startsWith("..");

export const isRedirectName = (name: string): boolean => name.endsWith(".json");

/** Nobody knows what is there: what was known stays, with a fault. */
export function seeUnreadable(
  tree: Tree,
  directory: Directory,
  name: string,
  fault: Fault,
  trail: Trail | undefined,
): void {
  const isDirectory = directory.entries.get(name)?.kind === "directory" || !isRedirectName(name);
  const entry = isDirectory ? directoryEntry(tree, directory, name) : fileEntry(tree, directory, name);
  setTrail(tree, entry, trail);
  setFault(tree, entry, fault);
  if (entry.kind === "file") loseFile(tree, entry, true);
}

/** A link that leads nowhere has lost its file; it may lead somewhere later. */
export function seeDangling(
  tree: Tree,
  directory: Directory,
  name: string,
  fault: Fault,
  trail: Trail | undefined,
): void {
  const entry = isRedirectName(name) ? fileEntry(tree, directory, name) : directoryEntry(tree, directory, name);
  setTrail(tree, entry, trail);
  if (entry.kind === "file") {
    setFault(tree, entry, fault);
    loseFile(tree, entry, false);
  } else if (entry.child !== undefined) {
    entry.child = undefined;
    tree.dirt.isShape = true;
  }
}

function loseFile(tree: Tree, entry: FileEntry, keepsLastGood: boolean): void {
  entry.keepsLastGood = keepsLastGood;
  pointTo(tree, entry, undefined);
}
