/** Who may ask for metrics and health; to all others there is nothing of the kind. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { ask, type RawAnswer } from "../harness/raw.ts";

setDefaultTimeout(30_000);

const putAway = leftovers();
const data = scratch();
putAway(data.remove);

async function start(args: readonly string[]): Promise<Craned> {
  const craned = await serveDirectory(data.path, { args });
  putAway(craned.stop);
  return craned;
}

type Headers = Readonly<Record<string, string>>;

/** What a path is to a client: there, or answered as one that nobody ever had, by whatever method. */
async function isThere({ port }: Craned, path: string, headers: Headers): Promise<boolean> {
  const said = ({ head, body }: RawAnswer) => head.replace(/Date: [^\r]*/, "") + body;
  const { status } = await ask(port, path, { headers });
  for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
    const answer = await ask(port, path, { method, headers });
    if (status === 200) expect(answer.status).toBe(["GET", "HEAD"].includes(method) ? 200 : 405);
    else expect(said(answer)).toBe(said(await ask(port, "/nothing", { method, headers })));
  }
  return status === 200;
}

const PROXY = ["--trusted-proxies", "127.0.0.1"];
const from = (address: string): Headers => ({ "X-Forwarded-For": address });

const CASES: readonly (readonly [
  what: string,
  args: readonly string[],
  headers: Headers,
  metrics: boolean,
  health: boolean,
])[] = [
  ["by default, who is on this machine, has both", [], {}, true, true],
  ["by default, who comes through a proxy, has health", [], from("192.0.2.1"), false, true],
  ["by default, who comes through a trusted proxy, has health", PROXY, from("192.0.2.1"), false, true],
];

describe("/metrics, /healthz and /readyz", () => {
  test.each(CASES)("%s", async (_, args, headers, metrics, health) => {
    const craned = await start(args);
    expect({
      metrics: await isThere(craned, "/metrics", headers),
      health: await isThere(craned, "/healthz", headers),
      ready: await isThere(craned, "/readyz", headers),
    }).toEqual({ metrics, health, ready: health });
  });
});
