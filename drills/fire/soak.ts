/** A mixed load for minutes, while redirect files change all the time in all the ways there are. */
import { type Craned, scratch, serveDirectory } from "../../tests/harness/craned.ts";
import type { FireCase, Outcome } from "./case.ts";
import { type Changer, changersOf } from "./changes.ts";
import { STALE_MS } from "./history.ts";
import { type Holdings, holdingsOf, megabytes, percentile } from "./process.ts";
import { askNext, isSeen } from "./requests.ts";

const LANES = 8;
/** Between two requests of a lane, and between a change that is seen and the next, in ms. */
const PAUSE_MS = 2;
const CALM_MS = 25;
/** Seldom enough to leave a change that was not heard of lost. */
const SIGHUP_MS = 15_000;
const SAMPLE_MS = 1000;
/** After which a change that is not seen is lost. */
const LOST_MS = 10_000;
/** Between collections memory wavers, so its lowest in the third and in the last quarter are compared, in bytes. */
const GROWTH = 16 * 1024 ** 2;
/** More descriptors than before when all is quiet again: what a pool may keep. */
const SPARE_DESCRIPTORS = 4;
const MAX_WRONG = 20;

interface Run {
  readonly craned: Craned;
  readonly wrong: string[];
  readonly seenAfter: number[];
  readonly samples: Holdings[];
  asked: number;
  changed: number;
  isOver: boolean;
}

async function ask(run: Run, changers: readonly Changer[], lane: number): Promise<void> {
  const all = changers.flatMap(({ repositories }) => repositories);
  // Steps that have no divisor in common with the numbers of kinds, so that each meets each.
  for (let number = lane; !run.isOver; number += 7) {
    const each = all[number % all.length];
    if (each === undefined) return;
    const complaint = await askNext(run.craned.origin, Math.floor(number / all.length) + number, each);
    run.asked++;
    if (complaint !== undefined && run.wrong.length < MAX_WRONG) run.wrong.push(complaint);
    await Bun.sleep(PAUSE_MS);
  }
}

async function change(run: Run, changer: Changer): Promise<void> {
  while (!run.isOver) {
    changer.change();
    const began = performance.now();
    run.changed++;
    for (const each of changer.repositories) {
      while (!(await isSeen(run.craned.origin, each))) {
        await Bun.sleep(PAUSE_MS);
        if (performance.now() - began < LOST_MS) continue;
        run.wrong.push(`${each.name}: a change was not seen in ${LOST_MS / 1000} s`);
        run.isOver = true;
        return;
      }
    }
    run.seenAfter.push(performance.now() - began);
    await Bun.sleep(CALM_MS);
  }
}

const repeat = (everyMs: number, what: () => void): (() => void) => {
  const timer = setInterval(what, everyMs);
  return () => clearInterval(timer);
};

/** Until the client's idle connections have been ended, which takes as long as they may be idle. */
async function settled({ craned }: Run, before: Holdings): Promise<Holdings> {
  const isSettled = (now: Holdings) => now.descriptors <= before.descriptors + SPARE_DESCRIPTORS;
  let now = holdingsOf(craned.pid);
  for (let tries = 0; tries < 450 && !isSettled(now); tries++) {
    await Bun.sleep(200);
    now = holdingsOf(craned.pid);
  }
  return now;
}

function verdict(run: Run, before: Holdings, after: Holdings, seconds: number, code: number): Outcome {
  const memory = run.samples.map((sample) => sample.memory);
  const quarter = memory.length >> 2;
  const third = Math.min(...memory.slice(2 * quarter, 3 * quarter));
  const last = Math.min(...memory.slice(3 * quarter));
  const errors = run.craned.log().filter((line) => line.includes('"level":"error"'));
  const faults = [
    ...run.wrong,
    ...(last - third > GROWTH ? [`memory grows by ${megabytes(last - third)}`] : []),
    ...(after.descriptors > before.descriptors + SPARE_DESCRIPTORS ? [`${after.descriptors} descriptors`] : []),
    ...(after.watches > before.watches ? [`${after.watches} watches`] : []),
    ...errors.slice(0, 3),
    ...(code === 0 ? [] : [`exit code ${code}`]),
  ];
  const figures = [
    `${(seconds / 60).toFixed(1)} minutes, ${run.asked.toLocaleString("en")} requests, ${run.changed.toLocaleString("en")} changes`,
    `${run.wrong.length} wrong answers`,
    `a change is seen after ${percentile(run.seenAfter, 0.5).toFixed(0)} ms (p50), ${percentile(run.seenAfter, 1).toFixed(0)} ms (longest)`,
    `memory ${megabytes(before.memory)} at first, at most ${megabytes(Math.max(...memory))}, at least ${megabytes(third)} in the third quarter and ${megabytes(last)} in the last`,
    `descriptors ${before.descriptors} → ${after.descriptors}, watches ${before.watches} → ${after.watches}`,
  ];
  return { held: faults.length === 0, figure: [...faults, ...figures].join("; ") };
}

async function soak(minutes: number): Promise<Outcome> {
  const data = scratch();
  const changers = changersOf(data.path);
  const craned = await serveDirectory(data.path, {
    args: ["--data-dir-polling-interval", "3600"],
  }).catch((error: unknown) => {
    data.remove();
    throw error;
  });
  const run: Run = { craned, wrong: [], seenAfter: [], samples: [], asked: 0, changed: 0, isOver: false };
  const began = performance.now();
  const before = holdingsOf(craned.pid);
  const ends = [
    repeat(SIGHUP_MS, () => craned.signal("SIGHUP")),
    repeat(SAMPLE_MS, () => run.samples.push(holdingsOf(craned.pid))),
    repeat(minutes * 60_000, () => {
      run.isOver = true;
    }),
  ];
  try {
    const lanes = Array.from({ length: LANES }, (_, lane) => ask(run, changers, lane));
    await Promise.all([...lanes, ...changers.map((changer) => change(run, changer))]);
    const seconds = (performance.now() - began) / 1000;
    for (const end of ends.splice(0)) end();
    const after = await settled(run, before);
    return verdict(run, before, after, seconds, await craned.stop());
  } finally {
    for (const end of ends) end();
    craned.signal("SIGKILL");
    data.remove();
  }
}

/** @param minutes how long the load lasts */
export const soakFor = (minutes: number): FireCase => ({
  name: "soak",
  what: `Requests of 30 kinds, on connections kept, new, pipelined and broken off, while files are replaced, edited in place, removed, broken and mended, their directories moved and a Kubernetes mount swapped, with SIGHUP every ${SIGHUP_MS / 1000} s. Every answer is of a state that a file had between ${STALE_MS / 1000} s before the request and the answer, never older than one shown before; memory, descriptors and watches are flat.`,
  run: () => soak(minutes),
});
