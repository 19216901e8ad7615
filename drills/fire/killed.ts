/** Processes that are killed without a chance to say goodbye. */
import { type Craned, scratch, startCraned } from "../../tests/harness/craned.ts";
import { freePort } from "../../tests/harness/nginx.ts";
import { succeed } from "../../tests/harness/programs.ts";
import { answers, askForever, ms, until } from "./asking.ts";
import type { FireCase, Outcome } from "./case.ts";
import { fill, listing, NAMES, put } from "./files.ts";

const KILLS = 5;
const LIMIT_MS = 15_000;

const argsFor = (directory: string, port: number, workers = 1): readonly string[] =>
  `serve --data-dir ${directory} --host 127.0.0.1 --port ${port} --workers ${workers}`.split(" ");

/** Killed while files change and answers are under way, and started again. */
async function killed(): Promise<Outcome> {
  const data = scratch();
  const port = freePort();
  const origin = `http://127.0.0.1:${port}`;
  fill(data.path, 0);
  const before = listing(data.path);
  let generation = 0;
  const asking = askForever(origin, NAMES, (found) => found <= generation);
  const writing = setInterval(() => {
    generation++;
    put(data.path, NAMES[generation % NAMES.length] ?? "", generation);
  }, 5);
  const back: number[] = [];
  let craned: Craned | undefined;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const began = performance.now();
      craned = await startCraned(argsFor(data.path, port));
      await until(() => answers(origin, "app-1"), LIMIT_MS);
      back.push(performance.now() - began);
      await Bun.sleep(500);
      craned.signal("SIGKILL");
      await craned.exited;
    }
  } finally {
    craned?.signal("SIGKILL");
    clearInterval(writing);
    await asking.stop();
    const isUnharmed = listing(data.path) === before;
    data.remove();
    if (!isUnharmed) asking.wrong.push("files in the data directory that were not there before");
  }
  return {
    held: asking.wrong.length === 0 && back.length === KILLS,
    figure: [
      ...asking.wrong,
      `${KILLS} kills, ${asking.asked} answers, none wrong; the first right answer ${ms(Math.max(...back))} after the start at most`,
    ].join("; "),
  };
}

const listeningIn = (craned: Craned): number => craned.log().filter((line) => line.includes("listening on")).length;

async function withWorkers(use: (craned: Craned, directory: string, port: number) => Promise<Outcome>) {
  const data = scratch();
  const port = freePort();
  fill(data.path, 0);
  const craned = await startCraned(argsFor(data.path, port, 2));
  try {
    await craned.logged(() => listeningIn(craned) === 2);
    return await use(craned, data.path, port);
  } finally {
    craned.signal("SIGTERM");
    await craned.exited;
    data.remove();
  }
}

const workersOf = async (craned: Craned): Promise<readonly number[]> =>
  (await succeed(["pgrep", "-P", String(craned.pid)])).trim().split("\n").map(Number);

const workerKilled = (): Promise<Outcome> =>
  withWorkers(async (craned) => {
    const [worker = 0] = await workersOf(craned);
    const lanes = Array.from({ length: 8 }, () => askForever(craned.origin, NAMES, (found) => found === 0));
    await Bun.sleep(500);
    process.kill(worker, "SIGKILL");
    const back = await until(() => listeningIn(craned) === 3, LIMIT_MS);
    await Bun.sleep(300);
    for (const lane of lanes) await lane.stop();
    const wrong = lanes.flatMap((lane) => lane.wrong);
    const sum = (of: "asked" | "unanswered") => lanes.reduce((all, lane) => all + lane[of], 0);
    const isHeld = wrong.length === 0 && back !== undefined && sum("unanswered") <= lanes.length;
    return {
      held: isHeld,
      figure: [
        ...wrong,
        `${sum("asked")} right answers, ${sum("unanswered")} connections that ended with the worker; it is back after ${ms(back)}`,
      ].join("; "),
    };
  });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const supervisorKilled = (): Promise<Outcome> =>
  withWorkers(async (craned, directory, port) => {
    const workers = await workersOf(craned);
    const asking = askForever(craned.origin, NAMES, (found) => found === 0);
    await Bun.sleep(300);
    craned.signal("SIGKILL");
    const gone = await until(() => !workers.some(isAlive), LIMIT_MS);
    await asking.stop();
    for (const worker of workers.filter(isAlive)) process.kill(worker, "SIGKILL");
    const next = await startCraned(argsFor(directory, port, 2));
    const isBack = (await until(() => answers(next.origin, "app-1", 0), LIMIT_MS)) !== undefined;
    await next.stop();
    return {
      held: gone !== undefined && isBack && asking.wrong.length === 0,
      figure: [
        ...asking.wrong,
        `its workers have ended after ${ms(gone)}; another start has the port: ${isBack ? "yes" : "no"}`,
      ].join("; "),
    };
  });

export const cases: readonly FireCase[] = [
  {
    name: "killed",
    what: "The server is killed (SIGKILL) five times while files change and requests are under way, and started again. The port is free at once, every answer is right, the data directory is as it was.",
    run: killed,
  },
  {
    name: "worker-killed",
    what: "One of two workers is killed. Others answer meanwhile, the connections of that one alone end, and it is started again.",
    run: workerKilled,
  },
  {
    name: "supervisor-killed",
    what: "The parent of two workers is killed. The workers end with it, and the port is free for the next start.",
    run: supervisorKilled,
  },
];
