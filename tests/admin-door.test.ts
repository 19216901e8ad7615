/** Who the pages for administrators are there for, and that for others they are not. */
import { beforeAll, describe, expect, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "./harness/craned.ts";
import { leftovers } from "./harness/programs.ts";
import { ask, type RawAnswer } from "./harness/raw.ts";

const PATHS = ["/crane/repositories", "/crane/repositories/v1", "/crane/repositories/v2"];

const putAway = leftovers();
const files = scratch({
  "a.json": {
    version: 5,
    repository: "a",
    "repo-registry-id": "a",
    url: "https://content.example.com/a/",
    schema2_data: ["1.0"],
  },
});
putAway(files.remove);

async function start(args: readonly string[]): Promise<Craned> {
  const craned = await serveDirectory(files.path, { args });
  putAway(craned.stop);
  return craned;
}

/** Whether the page is there; where it is not, the answer has to be that of a path that nobody ever had. */
async function sees(craned: Craned, headers: Readonly<Record<string, string>>): Promise<boolean> {
  const without = (answer: RawAnswer) => answer.head.replace(/Date: [^\r]*/, "") + answer.body;
  const nowhere = await ask(craned.port, "/crane/nothing", { headers });
  const seen = await Promise.all(
    PATHS.map(async (path) => {
      const answer = await ask(craned.port, path, { headers });
      if (answer.status === 200) return true;
      expect(without(answer)).toBe(without(nowhere));
      return false;
    }),
  );
  expect(new Set(seen).size).toBe(1);
  return seen[0] ?? false;
}

type Case = readonly [what: string, headers: Readonly<Record<string, string>>, sees: boolean];
const world = (name: string, args: readonly string[], cases: readonly Case[]) =>
  describe(name, () => {
    let craned: Craned;
    beforeAll(async () => {
      craned = await start(args);
    });
    test.each([...cases])("%s", async (_, headers, expected) => {
      expect(await sees(craned, headers)).toBe(expected);
    });
  });

world(
  "by default, who is on this machine",
  [],
  [
    ["sees them", {}, true],
    ["sees them under any name of the machine", { Host: "registry.example.com" }, true],
    ["does not for somebody who came through a proxy", { "X-Forwarded-For": "192.0.2.1" }, false],
    ["does not through a proxy, whatever is in the header", { "X-Forwarded-For": "127.0.0.1" }, false],
    ["does not through a proxy that has the standard's header", { Forwarded: "for=127.0.0.1" }, false],
    ["does not through a proxy that only shows by the way", { Via: "1.1 proxy" }, false],
  ],
);

const list = (value: string) => ({ "X-Forwarded-For": value });
world(
  "the proxy's own machine, where it is allowed",
  ["--trusted-proxies", "127.0.0.1"],
  [
    ["sees them without the proxy", {}, true],
    ["sees them through it", list("127.0.0.1"), true],
    ["does not for a client of the proxy", list("198.51.100.7"), false],
    ["does not for a client that says it is there", list("127.0.0.1, 198.51.100.7"), false],
    ["does not when the proxy does not say for whom it asks", { "X-Forwarded-Proto": "https" }, false],
  ],
);
