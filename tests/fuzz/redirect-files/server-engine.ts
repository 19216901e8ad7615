/** Hostile redirect files in the directory of a registry that serves, and what is wrong with what it serves then. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRedirectFile } from "../../../lib/core/redirect-file/parse.ts";
import type { Repository } from "../../../lib/core/redirect-file/repository.ts";
import { type Craned, scratch, serveDirectory } from "../../harness/craned.ts";
import { comesTrue, descriptorsOf, residentOf } from "../../harness/process.ts";
import { ask } from "../../harness/raw.ts";
import { type Random, randomOf } from "../random.ts";
import type { Finding, Outcome } from "../requests/engine.ts";
import { CONTROL, SERVED } from "../requests/served-files.ts";
import { hostileFile } from "./hostile-files.ts";

const SLOTS = 10;
const PATIENCE_MS = 20_000;
const MAX_FINDINGS = 10;
const MAX_GROWTH = 96 * 1024 * 1024;

/** What has the name of a redirect file and is none. */
const ODDITIES: readonly ((path: string) => void)[] = [
  (path) => mkdirSync(path),
  (path) => symlinkSync(path, path),
  (path) => symlinkSync("/nowhere", path),
  (path) => symlinkSync("/dev/zero", path),
  (path) => symlinkSync("..", path),
  (path) => void Bun.spawnSync(["mkfifo", path]),
  (path) => writeFileSync(path, ""),
];

/** What a path in the directory says now, and what is served of it. */
interface Slot {
  readonly isBroken: boolean;
  /** The last that was good. */
  readonly good: Repository | undefined;
  readonly bytes: Uint8Array;
}

const nameOf = (slot: number): string => `z${slot}.json`;

/** The names of v2 that anybody sees: of files with one name the first counts, and what is ahead is the control. */
function catalogOf(slots: readonly Slot[]): readonly string[] {
  const seen = new Map([["control", true]]);
  for (const { good } of slots) {
    if (good?.api === "v2" && !seen.has(good.name)) seen.set(good.name, !good.isProtected);
  }
  return [...seen]
    .filter(([, isOpen]) => isOpen)
    .map(([name]) => name)
    .sort();
}

interface Round {
  readonly craned: Craned;
  readonly directory: string;
  readonly slots: Slot[];
  readonly random: Random;
}

/** Renames a file into each place. */
function change({ directory, slots, random }: Round, from: string): void {
  for (let slot = 0; slot < SLOTS; slot++) {
    const own = { name: `f${slot}`, url: `http://cdn.test/f${slot}/${random.next(1000)}/` };
    const bytes = hostileFile(random, own);
    const parsed = parseRedirectFile(bytes);
    writeFileSync(from, bytes);
    renameSync(from, join(directory, nameOf(slot)));
    const good = parsed.ok ? parsed.repository : slots[slot]?.good;
    slots[slot] = { isBroken: !parsed.ok, good, bytes };
  }
}

/** Waits for what the files say to be served. @returns what is wrong with it, if it never is */
async function settle({ craned, slots }: Round): Promise<string | undefined> {
  const names = JSON.stringify(catalogOf(slots));
  const faults = slots.filter(({ isBroken }) => isBroken).length;
  let seen = "";
  const isSettled = async () => {
    const [catalog, ready] = await Promise.all([
      ask(craned.port, "/v2/_catalog"),
      ask(craned.managementPort, "/readyz"),
    ]);
    seen = `${JSON.stringify(JSON.parse(catalog.body).repositories)}, ${JSON.parse(ready.body).faults} faults`;
    return seen === `${names}, ${faults} faults`;
  };
  if (await comesTrue(isSettled, PATIENCE_MS)) return undefined;
  return `serves ${seen}, expected ${names}, ${faults} faults`;
}

async function control({ port }: Craned): Promise<string | undefined> {
  const { headers } = await ask(port, CONTROL.target, { headers: { Accept: "*/*" } });
  const location = headers.get("location");
  return location === CONTROL.location ? undefined : `the control leads to ${location}`;
}

/** Each file in error has a line of the log that names it, which is on its way to us when the file is known to be. */
async function unnamed({ craned, slots, directory }: Round): Promise<readonly string[]> {
  const paths = slots.flatMap(({ isBroken }, slot) => (isBroken ? [join(directory, nameOf(slot))] : []));
  const missing = () => paths.filter((path) => !craned.log().some((line) => line.includes(`${path}: `)));
  await comesTrue(() => missing().length === 0, PATIENCE_MS);
  return missing().map((path) => `${path} is in no line of the log`);
}

/** Puts what is no file there and takes it away again; meanwhile all else is served. */
async function tryOddity({ craned, directory, random }: Round): Promise<string | undefined> {
  const path = join(directory, "zz.json");
  random.pick(ODDITIES)(path);
  craned.signal("SIGHUP");
  const wrong = await control(craned);
  rmSync(path, { recursive: true, force: true });
  return wrong;
}

/** @param count of files */
export async function fuzzServedFiles(count: number, seed: number): Promise<Outcome> {
  const data = scratch({ "data/control.json": SERVED["control.json"] });
  const directory = join(data.path, "data");
  const craned = await serveDirectory(directory);
  const findings: Finding[] = [];
  const slots: Slot[] = [];
  const from = performance.now();
  let warm = 0;
  let inputs = 0;
  try {
    const descriptors = descriptorsOf(craned.pid);
    for (; inputs < count && findings.length < MAX_FINDINGS; inputs += SLOTS) {
      const round = { craned, directory, slots, random: randomOf(seed, inputs) };
      change(round, join(data.path, "new"));
      const wrong = [await settle(round), await control(craned), ...(await unnamed(round)), await tryOddity(round)];
      const input = slots.map(({ bytes }) => Buffer.from(bytes).toString("latin1")).join("\n");
      findings.push(...wrong.filter((each) => each !== undefined).map((what) => ({ what, input })));
      if (warm === 0 && inputs * 5 > count) warm = residentOf(craned.pid);
    }
    const end = residentOf(craned.pid);
    if (end - warm > MAX_GROWTH) findings.push({ what: `memory grew by ${end - warm} bytes`, input: "" });
    if (!(await comesTrue(() => descriptorsOf(craned.pid) <= descriptors + 2, PATIENCE_MS)))
      findings.push({ what: `${descriptorsOf(craned.pid)} descriptors are open, ${descriptors} were`, input: "" });
    findings.push(
      ...craned
        .log()
        .filter((line) => line.includes('"level":"error"'))
        .map((line) => ({ what: `an error in the log: ${line}`, input: "" })),
    );
    const seconds = (performance.now() - from) / 1000;
    return { name: "redirect files: served", inputs, seconds, memory: [warm, end], findings };
  } finally {
    await craned.stop();
    data.remove();
  }
}
