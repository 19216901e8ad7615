/** Side by side: craned and others, asked for the same things, by turns, on the same core. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  absent,
  archeio,
  bareElysia,
  type Contestant,
  contestants,
  crane,
  craned,
  distribution,
  type Field,
  KINDS,
  type Kind,
  nginx,
  whole,
  zot,
} from "./contestants.ts";
import { manifestRequests, nameOf } from "./data.ts";
import { configOf } from "./images.ts";
import { type Load, type LoadRequest, load, writeRequests } from "./load.ts";
import { freePort, residentBytes, type Server, signalAll, startServer } from "./process.ts";
import { median, rounds } from "./rounds.ts";
import { megabytes, percent, ratio, table, time, whole as wholeNumber } from "./table.ts";

const REPOSITORIES = 1000;
const TAGS = 10;
const ROUNDS = 5;
const CONNECTIONS = 32;
/** Answers that are looked at before a load: enough to meet every Accept header. */
const SAMPLES = 60;

/** Processor time and rates of one contestant, by what it was asked for. */
interface Turns {
  readonly loads: ReadonlyMap<Kind, Load[]>;
  readonly resident: number[];
}

/** As many of each kind as there are tags, in a fixed shuffle. */
function requestsOf(kind: Kind): readonly LoadRequest[] {
  const manifests = manifestRequests(REPOSITORIES, TAGS);
  if (kind === "manifest") return manifests;
  return manifests.map(({ accept }, number) => {
    const repository = (number * 7) % REPOSITORIES;
    const rest = kind === "tags" ? "tags/list" : `blobs/${configOf(repository).descriptor.digest}`;
    return { accept, path: `/v2/${nameOf(repository)}/${rest}` };
  });
}

/** A fast wrong answer is worth nothing. @throws if a status or a Location is another than it should be */
async function checkAnswers({ name, answers, isSame }: Contestant, port: number, kind: Kind): Promise<void> {
  for (const { path, accept, location } of requestsOf(kind).slice(0, SAMPLES)) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", headers: { accept } });
    await answer.arrayBuffer();
    if (answer.status !== answers[kind]) throw new Error(`${name}: ${path} is ${answer.status}, not ${answers[kind]}`);
    const place = answer.headers.get("location");
    if (isSame === true && location !== undefined && place !== location)
      throw new Error(`${name}: ${path} leads to ${place} and not to ${location}`);
  }
}

/** A contestant that runs to the end, so that code which is compiled while it runs is compiled in the last rounds. */
interface Running extends Turns {
  readonly contestant: Contestant;
  readonly port: number;
  readonly server: Server;
}

async function start(contestant: Contestant, field: Field): Promise<Running> {
  const port = freePort();
  const server = await startServer(contestant.prepare({ ...field, port }), port);
  for (const kind of KINDS) if (kind in contestant.answers) await checkAnswers(contestant, port, kind);
  return { contestant, port, server, loads: new Map(KINDS.map((kind) => [kind, []])), resident: [] };
}

/** The others stand still meanwhile: some are busy when nobody asks them anything. */
async function takeTurn({ contestant, port, server, loads, resident }: Running, files: ReadonlyMap<Kind, string>) {
  signalAll(server.pid, "SIGCONT");
  for (const kind of KINDS) {
    const file = files.get(kind);
    if (!(kind in contestant.answers) || file === undefined) continue;
    await load(port, server, file, { connections: CONNECTIONS, seconds: 1 });
    const result = await load(port, server, file, { connections: CONNECTIONS, seconds: 3 });
    if (result.refused + result.broken > 0)
      throw new Error(`${contestant.name}: ${result.refused} refused, ${result.broken} broken`);
    loads.get(kind)?.push(result);
  }
  resident.push(residentBytes(server.pid));
  signalAll(server.pid, "SIGSTOP");
}

/** Least processor time of a request, in µs: others on the machine can only make it more. */
const costOf = (turns: Turns | undefined, kind: Kind): number =>
  Math.min(...(turns?.loads.get(kind) ?? []).map(({ cost }) => cost));

/** What was asked of craned: most of its processor time as a part of another's. */
const GOALS: readonly (readonly [ours: Contestant, theirs: Contestant, most: number])[] = [
  [craned, bareElysia, 1.35],
  [craned, nginx, 1 / 0.75],
  [craned, archeio, 0.5],
  [craned, zot, 0.1],
  [craned, distribution, 0.1],
  [craned, crane, 0.1],
  [whole, craned, 1.3],
  [whole, zot, 1],
  [whole, distribution, 1],
];

const COLUMNS = ["answer", "µs of processor", "craned ÷ it", "requests/s", "p50 ms", "p99 ms", "busy: server, load"];

function tableOf(kind: Kind, title: string, all: ReadonlyMap<Contestant, Turns>): readonly string[] {
  const ours = costOf(all.get(craned), kind);
  const rows = [...all]
    .filter(([{ answers }]) => kind in answers)
    .map(([{ name, answers }, turns]) => {
      const of = (pick: (load: Load) => number) => median((turns.loads.get(kind) ?? []).map(pick));
      const cost = costOf(turns, kind);
      return [
        name,
        String(answers[kind]),
        cost.toFixed(1),
        ratio(ours / cost),
        wholeNumber(of(({ perSecond }) => perSecond)),
        time(of(({ p50 }) => p50)),
        time(of(({ p99 }) => p99)),
        `${percent(of(({ serverBusy }) => serverBusy))}, ${percent(of(({ loadBusy }) => loadBusy))}`,
        ...(kind === "manifest" ? [megabytes(median(turns.resident))] : []),
      ];
    });
  return table([title, ...COLUMNS, ...(kind === "manifest" ? ["RSS MB"] : [])], rows);
}

function goals(all: ReadonlyMap<Contestant, Turns>): readonly string[] {
  const rows = GOALS.filter(([, theirs]) => all.has(theirs)).map(([ours, theirs, most]) => {
    const share = costOf(all.get(ours), "manifest") / costOf(all.get(theirs), "manifest");
    return [`${ours.name} ÷ ${theirs.name}`, ratio(share), `≤ ${ratio(most)}`, share <= most ? "yes" : "**no**"];
  });
  return table(["processor time of a manifest by tag", "seen", "goal", "held"], rows);
}

/** @returns lines of Markdown */
export async function measureContestants(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const blobHost = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(null) });
  const field: Field = {
    repositories: REPOSITORIES,
    tags: TAGS,
    scratch,
    port: 0,
    blobHost: blobHost.url.origin,
    blobRedirects: "http://static.example.com/",
  };
  const all = new Map<Contestant, Running>();
  try {
    const files = new Map(KINDS.map((kind) => [kind, writeRequests(join(scratch, kind), requestsOf(kind))]));
    for (const each of contestants) {
      const running = await start(each, field);
      all.set(each, running);
      signalAll(running.server.pid, "SIGSTOP");
    }
    for (let round = 0; round < rounds(ROUNDS); round++) {
      for (const running of all.values()) await takeTurn(running, files);
    }
  } finally {
    for (const { server } of all.values()) await server.stop();
    await blobHost.stop(true);
    rmSync(scratch, { recursive: true, force: true });
  }
  return [
    ...tableOf("manifest", "manifests by tag", all),
    "",
    ...goals(all),
    "",
    ...tableOf("blob", "blobs", all),
    "",
    ...tableOf("tags", "lists of tags", all),
    ...(absent.length === 0 ? [] : ["", `Not on this machine: ${absent.join(", ")}.`]),
  ];
}
