/** Clients that are slow, take nothing, are gone without a word, or send more than anybody needs. */
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

const MEBIBYTE = 1024 ** 2;

const DRIPPING = 2000;
const HEAD_SECONDS = 2;

const slowWriters = (): Promise<Outcome> =>
  withServer({ args: ["--limits-head-timeout", String(HEAD_SECONDS)] }, async ({ craned }) => {
    const before = holdingsOf(craned.pid);
    let slowest = 0;
    const [seen, isTidy] = await whileAsking(craned, async () => {
      const clients = await openClients(craned.port, DRIPPING, (client) => void client.send("GET /v2/"));
      const began = performance.now();
      const dripping = setInterval(() => {
        for (const each of clients) if (!each.isOver()) each.send("a");
      }, 500);
      const isTidy = await untilDescriptors(craned.pid, before.descriptors + 1, HEAD_SECONDS * 5);
      slowest = performance.now() - began;
      clearInterval(dripping);
      resetAll(clients);
      return isTidy;
    });
    return {
      held: isTidy && seen.failed === 0,
      figure: `all cut after ${(slowest / 1000).toFixed(1)} s; ${othersSaw(seen)}`,
    };
  });

const GREEDY = 30;
const TAGS = 500_000;
const BUFFERED = 16 * MEBIBYTE;
/** Far more than is kept: here thirty answers are made at once, and the runtime gives back late what that took. */
const MAX_MEMORY = 512 * MEBIBYTE;

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
  withServer({ tags: TAGS, args: ["--limits-buffered-bytes", String(BUFFERED)] }, async ({ craned }) => {
    const whole = (await (await fetch(`${craned.origin}${LIST}`)).arrayBuffer()).byteLength;
    const before = holdingsOf(craned.pid);
    const highest = watchMemory(craned.pid);
    const [seen, { taken, kept }] = await whileAsking(craned, async () => {
      const clients = await openClients(craned.port, GREEDY, (client) => {
        client.pause();
        client.send(requestFor(LIST));
      });
      await Bun.sleep(5000);
      for (const each of clients) each.resume();
      await Bun.sleep(500);
      const kept = clients.filter((client) => client.received() >= whole).length;
      const slow = await openClient(craned.port);
      slow.send(requestFor(LIST));
      await slow.answered;
      const taken = await readSlowly(slow);
      resetAll([...clients, slow]);
      return { taken, kept };
    });
    const most = highest() - before.memory;
    const isTidy = await untilDescriptors(craned.pid, before.descriptors, 5);
    return {
      held: taken > whole && kept * whole < BUFFERED * 2 && seen.failed === 0 && most < MAX_MEMORY && isTidy,
      figure: `an answer is ${megabytes(whole)}; ${GREEDY - kept} of ${GREEDY} were cut; at most ${megabytes(most)} more memory; ${taken > whole ? "a slow reader got all of its answer" : `a slow reader got ${taken} bytes`}; ${othersSaw(seen)}`,
    };
  });

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
    const isTidy = await untilDescriptors(craned.pid, before.descriptors, 5);
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
    const seconds = (performance.now() - began) / 1000;
    const most = highest() - before.memory;
    const isTidy = await untilDescriptors(craned.pid, before.descriptors, 5);
    return {
      held: seen.failed === 0 && unanswered === 0 && most < MAX_FLOOD && isTidy,
      figure: `${Math.round(TOO_LONG / seconds)} refused a second, ${unanswered} without an answer, at most ${megabytes(most)} more memory; ${othersSaw(seen)}`,
    };
  });

const VANISHING = 200;
const IDLE_SECONDS = 3;

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
    const seconds = String(IDLE_SECONDS);
    const args = ["--limits-idle-timeout", seconds, "--limits-stall-timeout", seconds];
    return await withServer({ through: inside, args, tags: TAGS }, async ({ craned }) => {
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
      for (let tries = 0; tries < 100 && opened() < VANISHING; tries++) await Bun.sleep(10);
      const open = opened();
      await link("down");
      const began = performance.now();
      const isTidy = await untilDescriptors(craned.pid, before, 20);
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

/** One connection at a time would do for these to be a nuisance. */
export const cases: readonly FireCase[] = [
  {
    name: "slow-writers",
    what: `${DRIPPING} clients send their request a byte at a time: all are cut after limits.head_timeout (${HEAD_SECONDS} s), others are answered`,
    run: slowWriters,
  },
  {
    name: "slow-readers",
    what: `${GREEDY} clients ask for a list of ${TAGS} tags and read nothing of it: no more than limits.buffered_bytes (16 MB) is kept for them, one that reads slowly gets all`,
    run: slowReaders,
  },
  {
    name: "pipelining-flood",
    what: `${FLOODING} clients send up to ${PIPELINED} requests each and read no answer: memory is bounded, others are answered`,
    run: pipelining,
  },
  {
    name: "head-floods",
    what: `${TOO_LONG} requests with paths of 200 KB, headers of 200 KB or 30,000 headers: each is answered 414 or 431`,
    run: floods,
  },
  {
    name: "vanished-peers",
    what: `the network is gone while connections are open: no descriptor is held beyond idle_timeout and stall_timeout (${IDLE_SECONDS} s)`,
    run: vanishing,
  },
];
