/** Clients that are slow, read nothing, vanish, or send far too much. */
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../../tests/harness/craned.ts";
import { ask } from "../../tests/harness/raw.ts";
import type { FireCase, Outcome } from "./case.ts";
import {
  type Client,
  inMs,
  openClient,
  openClients,
  othersSaw,
  requestFor,
  resetAll,
  untilDescriptors,
  watchMemory,
  whileAsking,
  withServer,
} from "./clients.ts";
import { holdingsOf, megabytes } from "./process.ts";
import { digestOf } from "./redirects.ts";

const MEBIBYTE = 1024 ** 2;

const DRIPPING = 2000;
const UNFINISHED = 2600;
/** Just below `limits.header_bytes`. */
const HEAD_BYTES = 16_000;
/** Bun gives a head about 12 seconds, by a clock of 4. */
const MAX_HEAD_SECONDS = 20;
/** What the samples for Kubernetes and compose allow. */
const SAMPLE_MEMORY = 256 * MEBIBYTE;

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** Waits until the server has dropped all clients but an ordinary one. @returns after how long, or undefined */
async function untilDropped(pid: number, before: number, count: number, most: number): Promise<number | undefined> {
  while (holdingsOf(pid).descriptors < before + count) await Bun.sleep(20);
  const began = performance.now();
  return (await untilDescriptors(pid, before + 1, most)) ? performance.now() - began : undefined;
}

const slowWriters = (): Promise<Outcome> =>
  withServer({}, async ({ craned }) => {
    const before = holdingsOf(craned.pid);
    const [seen, dropped] = await whileAsking(craned, async () => {
      const clients = await openClients(craned.port, DRIPPING, (client) => void client.send("GET /v2/"));
      const dripping = setInterval(() => {
        for (const each of clients) if (!each.isOver()) each.send("a");
      }, 500);
      const dropped = await untilDropped(craned.pid, before.descriptors, DRIPPING / 2, MAX_HEAD_SECONDS * 2);
      clearInterval(dripping);
      resetAll(clients);
      return dropped;
    });
    return {
      held: dropped !== undefined && dropped < MAX_HEAD_SECONDS * 1000 && seen.failed === 0,
      figure: `all cut after ${dropped === undefined ? "never" : seconds(dropped)}; ${othersSaw(seen)}`,
    };
  });

const unfinishedHeads = (): Promise<Outcome> =>
  withServer({}, async ({ craned }) => {
    const before = holdingsOf(craned.pid);
    const highest = watchMemory(craned.pid);
    const padding = "x".repeat(HEAD_BYTES - requestFor().length - 5);
    const head = requestFor("/v2/app/manifests/always", `X: ${padding}`).slice(0, -2);
    const [seen, dropped] = await whileAsking(craned, async () => {
      const clients = await openClients(craned.port, UNFINISHED, (client) => void client.send(head));
      const dropped = await untilDropped(craned.pid, before.descriptors, UNFINISHED / 2, MAX_HEAD_SECONDS * 2);
      resetAll(clients);
      return dropped;
    });
    const most = highest();
    return {
      held: dropped !== undefined && most < SAMPLE_MEMORY && seen.failed === 0,
      figure: `${megabytes(most)} of memory in all at most; all cut after ${dropped === undefined ? "never" : seconds(dropped)}; ${othersSaw(seen)}`,
    };
  });

const GREEDY = 30;
const TAGS = 500_000;
const IDLE_SECONDS = 10;
/** By a clock of 4 seconds. */
const MAX_IDLE_SECONDS = 2 * IDLE_SECONDS;
/** Thirty answers that are made at once, and what that takes in passing. */
const MAX_MEMORY = 512 * MEBIBYTE;
const IDLE = ["--limits-idle-timeout", String(IDLE_SECONDS)];

const LIST = "/v2/large/tags/list";

/** One that reads a piece and pauses, again and again, until all has come. @returns the bytes */
async function readSlowly(client: Client): Promise<number> {
  for (let last = -1; !client.isOver(); last = client.received()) {
    client.resume();
    await Bun.sleep(20);
    client.pause();
    await Bun.sleep(200);
    if (client.received() === last) break;
  }
  client.resume();
  await Bun.sleep(100);
  return client.received();
}

const slowReaders = (): Promise<Outcome> =>
  withServer({ tags: TAGS, args: IDLE }, async ({ craned }) => {
    const whole = (await (await fetch(`${craned.origin}${LIST}`)).arrayBuffer()).byteLength;
    const before = holdingsOf(craned.pid);
    const highest = watchMemory(craned.pid);
    const [seen, { taken, dropped }] = await whileAsking(craned, async () => {
      const clients = await openClients(craned.port, GREEDY, (client) => {
        client.pause();
        client.send(requestFor(LIST));
      });
      const dropped = await untilDropped(craned.pid, before.descriptors, GREEDY, MAX_IDLE_SECONDS * 2);
      const slow = await openClient(craned.port);
      slow.send(requestFor(LIST));
      await slow.answered;
      const taken = await readSlowly(slow);
      resetAll([...clients, slow]);
      return { taken, dropped };
    });
    const most = highest() - before.memory;
    return {
      held: taken > whole && dropped !== undefined && seen.failed === 0 && most < MAX_MEMORY,
      figure: `an answer is ${megabytes(whole)}; at most ${megabytes(most)} more memory; all cut after ${dropped === undefined ? "never" : seconds(dropped)}; ${taken > whole ? "a slow reader got all of its answer" : `a slow reader got ${taken} bytes`}; ${othersSaw(seen)}`,
    };
  });

const FILE_READERS = 300;
const FILE = 64 * MEBIBYTE;

async function fileReaders(): Promise<Outcome> {
  const content = scratch({ [`app/blobs/${digestOf(1)}`]: "" });
  truncateSync(join(content.path, `app/blobs/${digestOf(1)}`), FILE);
  const args = [...IDLE, "--serve-content-enable", "--serve-content-content-dir-v2", content.path];
  try {
    return await withServer({ args }, async ({ craned }) => {
      const before = holdingsOf(craned.pid);
      const highest = watchMemory(craned.pid);
      let most = 0;
      const clients = await openClients(craned.port, FILE_READERS, (client) => {
        client.pause();
        client.send(requestFor(`/v2/app/blobs/${digestOf(1)}`));
      });
      const look = setInterval(() => {
        most = Math.max(most, holdingsOf(craned.pid).descriptors);
      }, 100);
      await Bun.sleep(1000);
      const status = (await ask(craned.port, "/v2/")).status;
      const dropped = await untilDropped(craned.pid, before.descriptors, FILE_READERS, MAX_IDLE_SECONDS * 2);
      clearInterval(look);
      resetAll(clients);
      const memory = highest() - before.memory;
      return {
        held: dropped !== undefined && memory < 64 * MEBIBYTE && status === 200,
        figure: `at most ${megabytes(memory)} more memory and ${most - before.descriptors} descriptors; no connection and no file is open after ${dropped === undefined ? "never" : seconds(dropped + 1000)}`,
      };
    });
  } finally {
    content.remove();
  }
}

const FLOODING = 50;
const PIPELINED = 100_000;
const MAX_FLOOD = 512 * MEBIBYTE;

/** Sends as much of the requests as the server takes for a while, and reads nothing. @returns how much that was */
async function flood(client: Client): Promise<number> {
  client.pause();
  const bytes = requestFor().repeat(500);
  let sent = 0;
  for (let tries = 0; tries < 400 && sent < requestFor().length * PIPELINED; tries++) {
    const from = sent % bytes.length;
    const taken = client.send(bytes.slice(from));
    if (taken < 0) break;
    sent += taken;
    if (taken < bytes.length - from) await Bun.sleep(10);
  }
  return sent;
}

const pipelining = (): Promise<Outcome> =>
  withServer({}, async ({ craned }) => {
    const before = holdingsOf(craned.pid);
    const highest = watchMemory(craned.pid);
    const [seen, sent] = await whileAsking(craned, async () => {
      const clients = await openClients(craned.port, FLOODING);
      const sent = await Promise.all(clients.map(flood));
      resetAll(clients);
      return sent.reduce((sum, each) => sum + each, 0);
    });
    const most = highest() - before.memory;
    // What the kernel has taken is answered first.
    const isTidy = await untilDescriptors(craned.pid, before.descriptors, 15);
    return {
      held: most < MAX_FLOOD && isTidy && seen.failed === 0,
      figure: `${megabytes(sent)} of requests taken, at most ${megabytes(most)} more memory; ${othersSaw(seen)}`,
    };
  });

const TOO_LONG = 2000;

const floods = (): Promise<Outcome> =>
  withServer({}, async ({ craned }) => {
    const before = holdingsOf(craned.pid);
    const highest = watchMemory(craned.pid);
    const bytes = [
      requestFor(`/v2/${"a".repeat(200_000)}`),
      requestFor("/", `X: ${"a".repeat(200_000)}\r\n`),
      `GET / HTTP/1.1\r\n${"X: a\r\n".repeat(30_000)}`,
    ];
    const began = performance.now();
    const [seen, unanswered] = await whileAsking(craned, async () => {
      let unanswered = 0;
      for (let done = 0; done < TOO_LONG; done += 100) {
        let turn = 0;
        const clients = await openClients(craned.port, 100, (client) => void client.send(bytes[turn++ % 3] ?? ""));
        await Promise.all(clients.map(({ answered }) => answered));
        unanswered += clients.filter((client) => client.received() === 0).length;
        resetAll(clients);
      }
      return unanswered;
    });
    const took = (performance.now() - began) / 1000;
    const most = highest() - before.memory;
    const isTidy = await untilDescriptors(craned.pid, before.descriptors, 5);
    return {
      held: seen.failed === 0 && unanswered === 0 && most < MAX_FLOOD && isTidy,
      figure: `${Math.round(TOO_LONG / took)} refused a second, ${unanswered} without an answer, at most ${megabytes(most)} more memory; ${othersSaw(seen)}`,
    };
  });

const VANISHING = 200;

/** Opens connections, a twentieth of them for an answer that is not read, and says so; then it waits to be killed. */
const VANISHING_CLIENT = `
  const [port, count, small, large] = process.argv.slice(1);
  const opened = [];
  for (let number = 0; number < Number(count); number++) {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port: Number(port), socket: { data() {}, error() {} } });
    if (number % 20 === 1) socket.pause();
    socket.write(number % 20 === 1 ? large : small);
    opened.push(socket);
  }
  console.log("opened");
  setInterval(() => {}, 1000);
`;

/** A machine with a network of its own, whose cable can be pulled. */
async function vanishing(): Promise<Outcome> {
  const holder = Bun.spawn(["unshare", "-n", "sleep", "600"]);
  const inside = ["nsenter", "-t", String(holder.pid), "-n", "--"];
  const link = (state: string) => Bun.$`${inside} ip link set lo ${state}`.quiet();
  try {
    // Until it has a network of its own, nsenter would find ours.
    await Bun.sleep(200);
    await link("up");
    return await withServer({ through: inside, args: IDLE, tags: TAGS }, async ({ craned }) => {
      const before = holdingsOf(craned.pid).descriptors;
      const requests = [requestFor(), requestFor(LIST)];
      const command = [
        ...inside,
        process.execPath,
        "-e",
        VANISHING_CLIENT,
        String(craned.port),
        String(VANISHING),
        ...requests,
      ];
      const client = Bun.spawn(command, { stdout: "pipe" });
      await client.stdout.getReader().read();
      const opened = () => holdingsOf(craned.pid).descriptors - before;
      for (let tries = 0; tries < 1000 && opened() < VANISHING; tries++) await Bun.sleep(10);
      const open = opened();
      await link("down");
      const began = performance.now();
      const isTidy = await untilDescriptors(craned.pid, before, 3 * MAX_IDLE_SECONDS);
      const took = performance.now() - began;
      client.kill();
      await client.exited;
      await link("up");
      const status = await Bun.$`${inside} curl -s -o /dev/null -w %{http_code} ${craned.origin}/healthz`.text();
      return {
        held: isTidy && status === "200" && open === VANISHING,
        figure: `${open} were open, a twentieth of them with an answer under way; none after ${inMs(took)}; ${status === "200" ? "answers when the network is back" : "no answer when the network is back"}`,
      };
    });
  } finally {
    holder.kill();
    await holder.exited;
  }
}

/** Each is a nuisance with one connection, and an attack with many. */
export const cases: readonly FireCase[] = [
  {
    name: "slow-writers",
    what: `${DRIPPING} clients send their request a byte at a time: all are cut off within ${MAX_HEAD_SECONDS} s, others are answered`,
    run: slowWriters,
  },
  {
    name: "unfinished-heads",
    what: `${UNFINISHED} clients send a head of ${HEAD_BYTES} bytes and not its end: the server stays below the 256 MB of the samples for Kubernetes and compose, all are cut off, others are answered`,
    run: unfinishedHeads,
  },
  {
    name: "slow-readers",
    what: `${GREEDY} clients ask for a list of ${TAGS} tags and read nothing of it: all are cut off after limits.idle_timeout (${IDLE_SECONDS} s), one that reads slowly gets all`,
    run: slowReaders,
  },
  {
    name: "unread-files",
    what: `${FILE_READERS} clients ask for a file of ${FILE / MEBIBYTE} MB and read nothing of it: it is not read into memory, all are cut off after limits.idle_timeout (${IDLE_SECONDS} s), no file stays open`,
    run: fileReaders,
  },
  {
    name: "pipelining-flood",
    what: `${FLOODING} clients send up to ${PIPELINED} requests each and read no answer: memory is bounded, others are answered`,
    run: pipelining,
  },
  {
    name: "head-floods",
    what: `${TOO_LONG} requests with paths of 200 KB, headers of 200 KB or 30,000 headers: each is refused`,
    run: floods,
  },
  {
    name: "vanished-peers",
    what: `The network is gone while connections are open: no descriptor is held long beyond idle_timeout (${IDLE_SECONDS} s)`,
    run: vanishing,
  },
];
