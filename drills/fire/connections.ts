/** More connections than anybody needs: idle ones, ones beyond the descriptors, ones that say nothing or reset. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../../tests/harness/craned.ts";
import { ask } from "../../tests/harness/raw.ts";
import type { FireCase, Outcome } from "./case.ts";
import {
  busyOver,
  openClients,
  othersSaw,
  requestFor,
  resetAll,
  untilDescriptors,
  whileAsking,
  withServer,
} from "./clients.ts";
import { holdingsOf, megabytes } from "./process.ts";
import { v2File } from "./redirects.ts";

const IDLE = 10_000;
const MAX_BYTES_EACH = 8192;
const MAX_IDLE_PERCENT = 10;
const MAX_P99_MS = 100;

const idle = (): Promise<Outcome> =>
  withServer({ args: ["--limits-connections", String(2 * IDLE)] }, async ({ craned }) => {
    const before = holdingsOf(craned.pid);
    const clients = await openClients(craned.port, IDLE, (client) => void client.send(requestFor()));
    await Promise.all(clients.map(({ answered }) => answered));
    const each = (holdingsOf(craned.pid).memory - before.memory) / IDLE;
    const busy = await busyOver(craned.pid, 5);
    const [seen] = await whileAsking(craned, () => Bun.sleep(5000));
    const stayed = clients.filter((client) => !client.isOver()).length;
    resetAll(clients);
    const isTidy = await untilDescriptors(craned.pid, before.descriptors, 5);
    return {
      held:
        stayed === IDLE &&
        each < MAX_BYTES_EACH &&
        busy < MAX_IDLE_PERCENT &&
        seen.failed === 0 &&
        seen.p99 < MAX_P99_MS &&
        isTidy,
      figure: `${stayed} stayed, ${Math.round(each)} bytes of memory each, ${busy.toFixed(1)} % of a processor for all; ${othersSaw(seen)}`,
    };
  });

const DESCRIPTORS = 1000;
const CLIENTS = 3000;
const MAX_RELOAD_MS = 3000;

const descriptors = (): Promise<Outcome> =>
  withServer({ through: ["prlimit", `--nofile=${DESCRIPTORS}`] }, async ({ craned, directory }) => {
    const before = holdingsOf(craned.pid).descriptors;
    const [seen, { unanswered, busy, reload, highest }] = await whileAsking(craned, async () => {
      const clients = await openClients(craned.port, CLIENTS, (client) => void client.send(requestFor()));
      await Promise.all(clients.map(({ answered }) => answered));
      const highest = holdingsOf(craned.pid).descriptors;
      const busy = await busyOver(craned.pid, 3);
      const began = performance.now();
      writeFileSync(join(directory, "other.tmp"), v2File("other", 0));
      renameSync(join(directory, "other.tmp"), join(directory, "other.json"));
      while ((await ask(craned.port, "/v2/other/tags/list")).status !== 200) await Bun.sleep(10);
      const reload = performance.now() - began;
      const unanswered = clients.filter((client) => client.received() === 0).length;
      resetAll(clients);
      return { unanswered, busy, reload, highest };
    });
    const isTidy = await untilDescriptors(craned.pid, before, 5);
    const isTold = craned.log().some((line) => line.includes("too many connections"));
    return {
      held:
        unanswered === 0 &&
        seen.failed === 0 &&
        busy < MAX_IDLE_PERCENT * 2 &&
        reload < MAX_RELOAD_MS &&
        isTidy &&
        isTold &&
        highest < DESCRIPTORS,
      figure: `${CLIENTS - unanswered} of ${CLIENTS} answered, ${highest} descriptors in use, ${busy.toFixed(1)} % of a processor when full, a new file seen after ${Math.round(reload)} ms; ${othersSaw(seen)}`,
    };
  });

const SILENT = 2000;

/** A certificate of nobody, for the loopback. */
async function selfSigned(path: string): Promise<readonly string[]> {
  const [key, cert] = [join(path, "key.pem"), join(path, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await Bun.$`openssl req -x509 ${kind} -subj /CN=localhost -keyout ${key} -out ${cert}`.quiet();
  return ["--tls-certificate", cert, "--tls-key", key];
}

async function handshakes(): Promise<Outcome> {
  const keys = scratch();
  try {
    const args = [...(await selfSigned(keys.path)), "--limits-idle-timeout", "10"];
    return await withServer({ args }, async ({ craned }) => {
      const before = holdingsOf(craned.pid);
      const began = performance.now();
      const [seen, isTidy] = await whileAsking(
        craned,
        async () => {
          let turn = 0;
          const greet = ["", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"];
          await openClients(craned.port, SILENT, (client) => void client.send(greet[turn++ % 2] ?? ""));
          // One more is the other client's.
          return untilDescriptors(craned.pid, before.descriptors + 1, 60);
        },
        "tls",
      );
      const seconds = (performance.now() - began) / 1000;
      return {
        held: isTidy && seen.failed === 0,
        figure: `all gone after ${seconds.toFixed(1)} s; ${othersSaw(seen)}`,
      };
    });
  } finally {
    keys.remove();
  }
}

const RESETS = 10_000;
const MAX_GROWTH = 64 * 1024 ** 2;

const resets = (): Promise<Outcome> =>
  withServer({ tags: 1000 }, async ({ craned }) => {
    const before = holdingsOf(craned.pid);
    const [seen] = await whileAsking(craned, async () => {
      for (let done = 0; done < RESETS; done += 500) {
        const list = requestFor("/v2/large/tags/list");
        let turn = 0;
        const bytes = [requestFor(), requestFor().slice(0, 40), list, list.repeat(10)];
        const clients = await openClients(craned.port, 500, (client) => void client.send(bytes[turn++ % 4] ?? ""));
        resetAll(clients);
      }
    });
    const isTidy = await untilDescriptors(craned.pid, before.descriptors, 5);
    const growth = holdingsOf(craned.pid).memory - before.memory;
    const errors = craned.log().filter((line) => line.includes('"error"')).length;
    return {
      held: isTidy && seen.failed === 0 && errors === 0 && growth < MAX_GROWTH,
      figure: `${errors} errors logged, ${megabytes(growth)} more memory, no descriptor left behind: ${isTidy ? "yes" : "no"}; ${othersSaw(seen)}`,
    };
  });

/** Connections by the thousand. */
export const cases: readonly FireCase[] = [
  {
    name: "idle-connections",
    what: `${IDLE} connections stay open after an answer: little memory, next to no processor time, others are answered as fast as ever`,
    run: idle,
  },
  {
    name: "no-descriptors",
    what: `${CLIENTS} clients that stay, and ${DESCRIPTORS} file descriptors: each is answered, idle ones give way, no busy loop, new files are still read, the log says so`,
    run: descriptors,
  },
  {
    name: "silent-handshakes",
    what: `${SILENT} clients of TLS that send nothing or half a hello: all are cut off after limits.idle_timeout (10 s), others are answered`,
    run: handshakes,
  },
  {
    name: "resets",
    what: `${RESETS} connections that are reset with a request, half a request or a long answer under way: nothing is left behind`,
    run: resets,
  },
];
