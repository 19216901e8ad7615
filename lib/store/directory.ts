import { resolve } from "node:path";
import { createInbox } from "./inbox.ts";
import { createLedger, type Snapshot } from "./ledger.ts";
import { GONE_MS } from "./missing.ts";
import { type Places, placesOf } from "./places.ts";
import { settleAndTell } from "./report.ts";
import { createScan, type Hints, type Scan } from "./scan.ts";
import { createSchedule, oneAtATime } from "./schedule.ts";
import type { Look, Store, Watching } from "./store-options.ts";
import { createTree, type Tree } from "./tree.ts";
import { treeSource } from "./tree-source.ts";
import { createWatches, type Watches } from "./watch.ts";

/** How often a data directory that isn't there is looked for, in ms. */
const MISSING_MS = 1000;
/** Looks in a row before what was found is published, however much goes on changing. */
const MAX_ROUNDS = 4;
/** How often a look at everything waits for directories that are gone to be gone for good. */
const MAX_WAITS = 2;

const ALL: Hints = { everything: true, names: new Map(), links: false };
const LINKS: Hints = { everything: false, names: new Map(), links: true };

/** Watches the directories on the way along links. @returns whether there are new ones */
function watchPlaces(watches: Watches, tree: Tree, places: Places): boolean {
  const onWay = new Set([...places.toRoot.keys(), ...places.alongLinks.keys()]);
  watches.retain((real) => onWay.has(real) || tree.byReal.has(real));
  let isNew = false;
  for (const real of onWay) isNew = watches.open(real, tree.byReal.get(real)?.identity) || isNew;
  return isNew;
}

/**
 * Looks round until nothing changes under the eyes: what is published at once was so at one moment, as when the
 * links of a Kubernetes mount are all swapped together.
 *
 * @param more what happened meanwhile
 * @param afterRound @returns whether to look along links once more
 */
async function lookRound(
  scan: Scan,
  first: Hints | undefined,
  more: () => Hints | undefined,
  afterRound: () => boolean,
): Promise<void> {
  let hints = first;
  for (let round = 0; round < MAX_ROUNDS && hints !== undefined; round++) {
    await scan.look(hints);
    const isNewPlace = afterRound();
    const moved = scan.linksMoved() || isNewPlace;
    // What is not looked at now is left for the next pass.
    const next = round + 1 < MAX_ROUNDS ? more() : undefined;
    hints = next !== undefined && moved ? { ...next, links: true } : (next ?? (moved ? LINKS : undefined));
  }
  if (!scan.missesAny()) return;
  await scan.forgetMissing();
  afterRound();
}

/**
 * Opens a directory of redirect files.
 *
 * @returns when it has been read for the first time, or found not to be there yet
 */
export async function openDirectory(dataDir: string, options: Watching): Promise<Store> {
  const { pollingInterval, log } = options;
  const tree = createTree(resolve(dataDir));
  const ledger = createLedger(treeSource(tree));
  const inbox = createInbox(tree);
  let wantsAll = false;
  let isClosed = false;

  const schedule = createSchedule(
    () => void request(),
    () => void reload(),
  );
  const watches =
    options.watch === false
      ? undefined
      : createWatches(
          (real, name) => {
            if (inbox.put(real, name)) schedule.somethingHappened();
          },
          (code) =>
            log.warn("the file system can't tell of all changes; they are found by polling", { code, pollingInterval }),
        );
  const scan = createScan(tree, (real, identity) => watches?.open(real, identity));

  function afterRound(): boolean {
    if (watches === undefined || isClosed || !tree.placesChanged) return false;
    tree.placesChanged = false;
    const places = placesOf(tree);
    inbox.setPlaces(places);
    return watchPlaces(watches, tree, places);
  }

  async function lookAndTell(hints: Hints | undefined): Promise<boolean> {
    await lookRound(scan, hints, inbox.take, afterRound);
    return !isClosed && (await settleAndTell(ledger, tree.rootPath, options));
  }

  async function pass(): Promise<void> {
    if (isClosed) return;
    const happened = inbox.takeAgain();
    const hints = wantsAll ? ALL : happened;
    wantsAll = false;
    const began = performance.now();
    let result: Look["result"] = "failed";
    try {
      let isChanged = await lookAndTell(hints);
      // Whoever asks for a look at everything is told when all of it is known.
      for (let waits = hints?.everything === true ? MAX_WAITS : 0; waits > 0 && scan.missesAny(); waits--) {
        await Bun.sleep(GONE_MS);
        isChanged = (await lookAndTell(inbox.take())) || isChanged;
      }
      if (isClosed) return;
      if (tree.rootFault === undefined) result = isChanged ? "changed" : "unchanged";
    } catch (error) {
      log.error("redirect files could not be looked at; the last good state is served", { error: String(error) });
    }
    if (inbox.isWaiting() || scan.missesAny()) schedule.somethingHappened();
    options.onLook?.({ seconds: (performance.now() - began) / 1000, result });
    if (hints?.everything !== true || isClosed) return;
    const interval = pollingInterval * 1000;
    schedule.pollIn(tree.rootFault === undefined ? interval : Math.min(interval, MISSING_MS));
  }

  const request = oneAtATime(pass);
  function reload(): Promise<void> {
    wantsAll = true;
    return request();
  }

  await reload();
  return {
    snapshot: ledger.snapshot,
    reload,
    close: () => {
      isClosed = true;
      schedule.stop();
      watches?.close();
    },
  };
}

/** Reads a directory of redirect files once, watching nothing. */
export async function readDirectory(dataDir: string): Promise<Snapshot> {
  const tree = createTree(resolve(dataDir));
  const ledger = createLedger(treeSource(tree));
  const scan = createScan(tree, () => {});
  await lookRound(
    scan,
    ALL,
    () => undefined,
    () => false,
  );
  await ledger.settle(new Date());
  return ledger.snapshot();
}
