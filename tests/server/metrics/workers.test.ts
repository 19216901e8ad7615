/** What several workers measured, of whichever of them is asked. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { FILES } from "../../app/openapi/registries.ts";
import { type Craned, scratch, startCraned } from "../../harness/craned.ts";
import { freePort } from "../../harness/nginx.ts";
import { leftovers } from "../../harness/programs.ts";
import { ask } from "../../harness/raw.ts";
import { until } from "../../harness/until.ts";
import { answered, type Scraped, sample, scrape } from "./scraping.ts";

setDefaultTimeout(30_000);

const WORKERS = 3;
const ROUTE = "/v2/{name}/manifests/{reference}";
const ASKED = 60;

const putAway = leftovers();

async function start(): Promise<Craned> {
  const data = scratch(FILES);
  putAway(data.remove);
  const port = String(freePort());
  const all = ["serve", "--data-dir", data.path, "--host", "127.0.0.1", "--port", port, "--workers", String(WORKERS)];
  const management = `127.0.0.1:${freePort()}`;
  const craned = await startCraned([...all, "--management-listen", management]);
  putAway(craned.stop);
  await craned.logged(() => craned.log().filter((line) => line.includes("listening on")).length === WORKERS);
  return craned;
}

const workers = Array.from({ length: WORKERS }, (_, index) => String(index + 1));

/** One number for each worker, 0 where it told nothing. */
const ofEach = (scraped: Scraped, key: (worker: string) => string): readonly number[] =>
  workers.map((worker) => scraped.get(key(worker)) ?? 0);

const redirects = (scraped: Scraped): number =>
  ofEach(scraped, (worker) => answered("GET", ROUTE, 302, { worker })).reduce((sum, each) => sum + each, 0);

const upOf = (scraped: Scraped) => ofEach(scraped, (worker) => sample("craned_worker_up", { worker }));

/** The process of a worker, by its number in its environment. */
async function pidOf(craned: Craned, worker: string): Promise<number> {
  const pids = (await Bun.$`pgrep -P ${craned.pid}`.text()).trim().split("\n").map(Number);
  const found = pids.find((pid) => readFileSync(`/proc/${pid}/environ`, "utf8").includes(`CRANED_WORKER=${worker}\0`));
  if (found === undefined) throw new Error(`no worker ${worker}`);
  return found;
}

test("a scrape is whole, whoever is asked, and nothing in it goes back", async () => {
  const craned = await start();
  for (let count = 1; count <= ASKED; count++) {
    await ask(craned.port, "/v2/team/app/manifests/1.0", { headers: { Accept: "*/*" } });
    const scraped = await scrape(craned.managementPort);
    expect(upOf(scraped)).toEqual([1, 1, 1]);
    expect(redirects(scraped)).toBe(count);
    expect(ofEach(scraped, (worker) => sample("craned_ready", { worker }))).toEqual([1, 1, 1]);
  }
});

test("scrapes at the same time each have all", async () => {
  const craned = await start();
  const all = await Promise.all(Array.from({ length: 20 }, () => scrape(craned.managementPort)));
  for (const scraped of all) expect(upOf(scraped)).toEqual([1, 1, 1]);
});

test("a worker that hangs is waited for no longer than others can bear, and is told of", async () => {
  const craned = await start();
  const hung = await pidOf(craned, "2");
  process.kill(hung, "SIGSTOP");
  try {
    // The kernel gives the one that hangs some of the connections: those who ask it get no answer.
    const tries = Array.from({ length: 12 }, () => scrape(craned.managementPort));
    const scraped = await Promise.any(tries);
    expect(upOf(scraped)).toEqual([1, 0, 1]);
    process.kill(hung, "SIGCONT");
    for (const late of await Promise.all(tries)) expect(upOf(late).filter((up) => up === 1).length).toBeGreaterThan(1);
    expect(upOf(await scrape(craned.managementPort))).toEqual([1, 1, 1]);
  } finally {
    process.kill(hung, "SIGCONT");
  }
});

test("a worker that died is told of, and begins anew", async () => {
  const craned = await start();
  const restarts = (scraped: Scraped) =>
    ofEach(scraped, (worker) => sample("craned_worker_restarts_total", { worker }));
  const startOf = (scraped: Scraped) => scraped.get(sample("process_start_time_seconds", { worker: "3" })) ?? 0;
  const before = await scrape(craned.managementPort);
  expect(restarts(before)).toEqual([0, 0, 0]);
  process.kill(await pidOf(craned, "3"), "SIGKILL");
  await until(async () => {
    const scraped = await scrape(craned.managementPort).catch(() => undefined);
    return scraped !== undefined && Bun.deepEquals(restarts(scraped), [0, 0, 1]) && upOf(scraped)[2] === 1;
  });
  expect(startOf(await scrape(craned.managementPort))).toBeGreaterThan(startOf(before));
});

test("one process alone says nothing of workers", async () => {
  const data = scratch(FILES);
  putAway(data.remove);
  const craned = await startCraned(["serve", "--data-dir", data.path, "--host", "127.0.0.1", "--port", "0"]);
  putAway(craned.stop);
  expect([...(await scrape(craned.managementPort)).keys()].filter((key) => key.includes("worker"))).toEqual([]);
});
