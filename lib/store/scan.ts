import { readdir } from "node:fs/promises";
import { isHidden, isRedirectName, seeDangling, seeUnreadable } from "./lost.ts";
import { createMissing } from "./missing.ts";
import { nameDirectories } from "./naming.ts";
import { isKnown, readAtOnce, readInto } from "./read.ts";
import { codeOf, type Facts, isEmptyDirectory, isGone, lookAt, unreadable, whatIsAt } from "./sight.ts";
import { createTrails, isSameTrail, type Trail } from "./trail.ts";
import {
  below,
  type Directory,
  directoryAt,
  directoryEntry,
  type Entry,
  fileAt,
  fileEntry,
  pointTo,
  setFault,
  setTrail,
  type Tree,
  touch,
} from "./tree.ts";
import { createPauses, createTurns, createWork } from "./work.ts";

/** What to look at again. */
export interface Hints {
  readonly everything: boolean;
  /** Real directory → names in it; the empty name stands for the directory as a whole. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
  readonly links: boolean;
}

export interface Scan {
  /** Looks round, and brings the tree up to date. */
  look(hints: Hints): Promise<void>;
  /** Whether names were found to be gone that are not forgotten yet. */
  missesAny(): boolean;
  /** Forgets those that have been gone for a while, or were not found by a look at everything, and are gone still. */
  forgetMissing(): Promise<void>;
  /** Whether a link led elsewhere in the last look round, so that others may have been seen before that. */
  linksMoved(): boolean;
}

/** Reads and looks under way at once: enough to keep every thread busy; more would only make requests wait longer. */
const CONCURRENCY = 16;
/** How long requests wait for their turn at most while a large directory is gone through, in ms. */
const SLICE_MS = 0.5;

/** Why a name is looked at: it was in a listing, something happened to it, or something happened elsewhere. */
type Reason = "listed" | "hinted" | "again";

/**
 * Makes the look at a data directory.
 *
 * @param tree kept up to date; paths are given in it, so the caller need only settle its dirt
 * @param watchDirectory told of each directory before it is listed, so that no change falls between
 */
export function createScan(tree: Tree, watchDirectory: (real: string, identity: string) => void): Scan {
  const work = createWork(CONCURRENCY);
  const turn = createTurns(SLICE_MS);
  let round = 0;
  let turns = 0;
  let follow = createTrails();
  const missing = createMissing(tree);
  let linksMoved = false;
  /** Before the first look is over nothing is served that a slow disk could hold up. */
  let isFirstLook = true;

  const later = (entry: Entry) => work.add(() => visit(entry.directory, entry.name, "again"));

  async function seeFile(directory: Directory, name: string, facts: Facts, trail: Trail | undefined): Promise<void> {
    const entry = fileEntry(tree, directory, name);
    setTrail(tree, entry, trail);
    if (entry.fault !== undefined) setFault(tree, entry, undefined);
    entry.keepsLastGood = true;
    const file = fileAt(tree, facts.identity);
    if (entry.file !== file) {
      pointTo(tree, entry, file);
      if (trail !== undefined) linksMoved = true;
    }
    if (file.reading !== undefined) return file.reading;
    if (isKnown(file, facts) || (file.readIn === round && file.fingerprint === facts.fingerprint)) return;
    file.readIn = round;
    file.reading = readInto(file, below(directory.real, name), turn).then((result) => {
      file.reading = undefined;
      if (result === "moved") later(entry);
      if (result !== "changed") return;
      touch(tree, file);
      if (trail !== undefined) linksMoved = true;
    });
    return file.reading;
  }

  /** @returns false when it takes a closer look */
  function seeAtOnce(directory: Directory, name: string): boolean {
    if (directory.entries.has(name)) return false;
    const file = readAtOnce(below(directory.real, name), (identity) => fileAt(tree, identity));
    if (file === undefined) return false;
    file.readIn = round;
    pointTo(tree, fileEntry(tree, directory, name), file);
    return true;
  }

  function seeDirectory(
    directory: Directory,
    name: string,
    identity: string,
    trail: Trail | undefined,
    reason: Reason,
  ): void {
    const real = trail === undefined ? below(directory.real, name) : trail.real;
    if (real === undefined) return;
    const entry = directoryEntry(tree, directory, name);
    setTrail(tree, entry, trail);
    if (entry.fault !== undefined) setFault(tree, entry, undefined);
    const child = directoryAt(tree, identity, real);
    const isNew = entry.child !== child;
    if (isNew) {
      entry.child = child;
      tree.dirt.isShape = true;
      if (trail !== undefined) linksMoved = true;
    }
    if (isNew || reason !== "again") work.add(() => list(child));
  }

  async function visit(directory: Directory, name: string, reason: Reason): Promise<void> {
    const turn = ++turns;
    const sight = await lookAt(below(directory.real, name));
    const known = directory.entries.get(name);
    // Of two looks that overtake each other, the one that began later is right.
    if (known !== undefined && known.seenIn > turn) return;
    if (known !== undefined) known.seenIn = turn;
    if (sight.kind === "gone") {
      if (known !== undefined) missing.add(known);
      // It was renamed meanwhile, perhaps to a name that the listing passed over.
      if (reason === "listed" && directory.relistedIn !== round) {
        directory.relistedIn = round;
        directory.listedIn = 0;
        work.add(() => list(directory));
      }
      return;
    }
    if (known !== undefined) missing.found(known);
    const isLink = sight.kind === "dangling" || sight.isLink;
    const trail = isLink ? await follow(directory.real, name) : undefined;
    const isWanted = sight.kind === "directory" ? !isHidden(name) : isRedirectName(name);
    if (!isWanted && (sight.kind === "file" || sight.kind === "directory" || sight.kind === "other")) {
      if (known !== undefined) missing.add(known);
    } else if (sight.kind === "file") await seeFile(directory, name, sight.facts, trail);
    else if (sight.kind === "directory") seeDirectory(directory, name, sight.identity, trail, reason);
    else if (sight.kind === "dangling") seeDangling(tree, directory, name, sight.fault, trail);
    else seeUnreadable(tree, directory, name, sight.fault, trail);
  }

  async function list(directory: Directory): Promise<void> {
    if (directory.listedIn === round) return;
    directory.listedIn = round;
    const { real } = directory;
    watchDirectory(real, directory.identity);
    const hadFault = directory.fault !== undefined;
    try {
      const found = await readdir(real, { withFileTypes: true });
      directory.fault = undefined;
      const names = new Set<string>();
      const pause = createPauses(SLICE_MS);
      for (const each of found) {
        const { name } = each;
        if (each.isFile() && !isRedirectName(name)) continue;
        names.add(name);
        if (!(isFirstLook && each.isFile() && seeAtOnce(directory, name)))
          work.add(() => visit(directory, name, "listed"));
        await pause();
      }
      // A listing made while names change may lack one, so only a look at the name itself removes it.
      for (const name of directory.entries.keys())
        if (!names.has(name)) work.add(() => visit(directory, name, "hinted"));
    } catch (error) {
      const code = codeOf(error);
      if (!isGone(code)) directory.fault = unreadable("a readable directory", code);
      else {
        // Whether it is gone altogether is for its parent to say; or it was only moved.
        directory.listedIn = 0;
        if (directory.real !== real) work.add(() => list(directory));
      }
    }
    if (directory.path !== undefined && (hadFault || directory.fault !== undefined))
      tree.dirt.paths.add(directory.path);
  }

  async function lookAtRoot(): Promise<void> {
    const trail = await follow("/", tree.rootPath);
    if (!isSameTrail(tree.rootTrail, trail)) tree.placesChanged = true;
    tree.rootTrail = trail;
    const sight = await lookAt(tree.rootPath);
    tree.dirt.paths.add(tree.rootPath);
    if (sight.kind !== "directory" || trail.real === undefined) {
      tree.rootFault = unreadable("a readable directory", whatIsAt(sight));
      return;
    }
    const isOther = tree.root?.identity !== sight.identity && (tree.root?.entries.size ?? 0) > 0;
    if (isOther && (await isEmptyDirectory(trail.real))) {
      tree.rootFault = unreadable("the data directory", "an empty one in its place, as where nothing is mounted");
      return;
    }
    tree.rootFault = undefined;
    const root = directoryAt(tree, sight.identity, trail.real);
    if (tree.root !== root) tree.dirt.isShape = true;
    tree.root = root;
    await list(root);
  }

  async function nameAnew(): Promise<void> {
    if (!tree.dirt.isShape) return;
    await nameDirectories(tree, createPauses(SLICE_MS));
    tree.placesChanged = true;
  }

  async function forgetMissing(): Promise<void> {
    const due = missing.takeDue();
    if (due.length === 0) return;
    for (const entry of due) work.add(() => visit(entry.directory, entry.name, "hinted"));
    await work.done();
    await missing.forget(due);
    await nameAnew();
  }

  return {
    missesAny: () => !missing.isEmpty(),
    forgetMissing,
    look: async (hints) => {
      round++;
      follow = createTrails();
      linksMoved = false;
      missing.begin(hints.everything);
      if (hints.everything) work.add(lookAtRoot);
      else {
        for (const [real, names] of hints.names) {
          const directory = tree.byReal.get(real);
          if (directory === undefined) continue;
          for (const name of names)
            work.add(name === "" ? () => list(directory) : () => visit(directory, name, "hinted"));
        }
        if (hints.links) for (const link of tree.links) later(link);
      }
      await work.done();
      isFirstLook &&= tree.root === undefined;
      await nameAnew();
    },
    linksMoved: () => linksMoved,
  };
}
