/** SIGTERM, at the worst of times. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMAND, scratch } from "../../tests/harness/craned.ts";
import { ask } from "../../tests/harness/raw.ts";
import { ms, until } from "./asking.ts";
import type { FireCase, Outcome } from "./case.ts";
import { openClient, openClients, requestFor, resetAll, withServer } from "./clients.ts";
import { v2File } from "./redirects.ts";

const LIST = "/v2/large/tags/list";
const TAGS = 500_000;
const UNUSED = 100;
const LOADING = 100_000;
const MAX_MS = 2000;

/** While an answer is being read slowly, and connections are open that never had a request, or half of one. */
const draining = (): Promise<Outcome> =>
  withServer({ tags: TAGS }, async ({ craned }) => {
    const whole = (await (await fetch(`${craned.origin}${LIST}`)).arrayBuffer()).byteLength;
    const unused = await openClients(craned.port, UNUSED);
    const half = await openClients(craned.port, UNUSED, (client) => void client.send(requestFor().slice(0, 40)));
    const kept = await openClients(craned.port, UNUSED, (client) => void client.send(requestFor()));
    await Promise.all(kept.map(({ answered }) => answered));
    const reader = await openClient(craned.port);
    reader.send(requestFor(LIST));
    await reader.answered;
    reader.pause();
    craned.signal("SIGTERM");
    await craned.logged((line) => line.includes('"stopping"'));
    await Bun.sleep(500);
    const isRefused = await ask(craned.port, "/v2/").then(
      () => false,
      () => true,
    );
    const began = performance.now();
    reader.resume();
    const code = await craned.exited;
    const ended = performance.now() - began;
    await until(() => reader.isOver(), MAX_MS);
    resetAll([...unused, ...half, ...kept]);
    return {
      held: reader.received() > whole && code === 0 && ended < MAX_MS && isRefused,
      figure: `the answer came ${reader.received() > whole ? "whole" : `to ${reader.received()} of ${whole} bytes`}; new clients were ${isRefused ? "refused" : "answered"} meanwhile; ended ${ms(ended)} after its client read on, with exit code ${code}`,
    };
  });

/** While it reads its files for the first time. */
async function loading(): Promise<Outcome> {
  const data = scratch();
  for (let number = 0; number < LOADING; number++)
    writeFileSync(join(data.path, `app-${number}.json`), v2File(`app-${number}`, 0));
  const child = Bun.spawn(
    [...COMMAND, ..."serve --host 127.0.0.1 --port 0 --management-listen off --data-dir".split(" "), data.path],
    { stdio: ["ignore", "ignore", "ignore"], env: { CRANE_CONFIG_PATH: "/dev/null" } },
  );
  const cputime = () => Number(readFileSync(`/proc/${child.pid}/stat`, "utf8").split(" ")[13]);
  try {
    // It is amid its files when it has used half a second of a processor.
    await until(() => cputime() > 50, 20_000);
    const began = performance.now();
    child.kill("SIGTERM");
    const code = await child.exited;
    const ended = performance.now() - began;
    return { held: code === 0 && ended < MAX_MS, figure: `ends after ${ms(ended)} with exit code ${code}` };
  } finally {
    child.kill("SIGKILL");
    data.remove();
  }
}

export const cases: readonly FireCase[] = [
  {
    name: "stopped",
    what: `SIGTERM while an answer of 6 MB is being read slowly, with ${UNUSED} connections each that were never used, sent half a request, or are kept. The answer comes whole, new clients are refused, the server ends when the answer has.`,
    run: draining,
  },
  {
    name: "stopped-while-loading",
    what: `SIGTERM during the first load of ${LOADING.toLocaleString("en")} files. The server ends at once.`,
    run: loading,
  },
];
