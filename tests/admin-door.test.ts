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

world(
  "with another address allowed, who is on this machine",
  ["--admin-allow", "192.0.2.0/24"],
  [
    ["does not", {}, false],
    ["does not by saying so", { "X-Forwarded-For": "192.0.2.1" }, false],
    ["does not by saying so by the standard", { Forwarded: "for=192.0.2.1" }, false],
  ],
);

world("with nobody allowed", ["--admin-allow", ""], [["nobody does", {}, false]]);

const behind = [
  "--trusted-proxies",
  "127.0.0.1 10.0.0.0/8 2001:db8:1::/48",
  "--admin-allow",
  "192.0.2.0/24 2001:db8:2::/48",
];
const list = (value: string) => ({ "X-Forwarded-For": value });
const standard = (value: string) => ({ Forwarded: value });
world("behind a trusted proxy, a client", behind, [
  ["that is allowed does", list("192.0.2.7"), true],
  ["that is not allowed does not", list("198.51.100.7"), false],
  ["does not by writing an allowed address in front of its own", list("192.0.2.7, 198.51.100.7"), false],
  ["does through several trusted proxies", list("198.51.100.7, 192.0.2.7, 10.1.1.1, 10.2.2.2"), true],
  ["does not behind a proxy that is not trusted", list("192.0.2.7, 203.0.113.1, 10.1.1.1"), false],
  ["does with a port", list("192.0.2.7:51234"), true],
  ["does over IPv6", list("2001:db8:2::7"), true],
  ["does over IPv6 in brackets, with a port", list("[2001:db8:2::7]:51234, 2001:db8:1::1"), true],
  ["does over IPv4 that is written as IPv6", list("::ffff:192.0.2.7"), true],
  ["does not over IPv6 that is not allowed", list("2001:db8:3::7"), false],
  ["that is unknown does not", list("192.0.2.7, unknown"), false],
  ["does not when the list is empty", list(""), false],
  ["does not when the list ends with nothing", list("192.0.2.7,"), false],
  ["does not when the list is nonsense", list("192.0.2.7 192.0.2.7"), false],
  ["does not when all that is known are proxies", list("10.1.1.1"), false],
  ["does by the standard's header", standard("for=192.0.2.7;proto=https;by=10.1.1.1"), true],
  ["does by the standard's header over IPv6", standard('For="[2001:db8:2::7]:4711"'), true],
  ["does not by an earlier element", standard("for=192.0.2.7, for=198.51.100.7"), false],
  ["does not by an earlier element that swallows the next", standard('for=192.0.2.7;x=", for=198.51.100.7'), false],
  ["does not by two addresses in an element", standard("for=198.51.100.7;for=192.0.2.7"), false],
  ["that hides does not", standard("for=192.0.2.7, for=_hidden"), false],
  ["that an element does not tell of does not", standard("for=192.0.2.7, proto=https"), false],
  ["does when both headers agree", { ...list("192.0.2.7"), ...standard("for=192.0.2.7") }, true],
  [
    "does not by a header that the proxy left as it was",
    { ...list("198.51.100.7"), ...standard("for=192.0.2.7") },
    false,
  ],
  ["does not by the other header left as it was", { ...list("192.0.2.7"), ...standard("for=198.51.100.7") }, false],
  ["does not by a header that can't be read beside one that can", { ...list("192.0.2.7"), ...standard("for=") }, false],
  [
    "does not when a header that can be read is beside one that can't",
    { ...list("x"), ...standard("for=192.0.2.7") },
    false,
  ],
  ["does not by the header of another convention", { "X-Real-IP": "192.0.2.7" }, false],
  ["is the proxy itself when nothing is said", {}, false],
]);

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

test.each(["DELETE", "POST"])("a page that is not there refuses %s as a path that never was", async (method) => {
  const closed = await start(["--admin-allow", ""]);
  const nowhere = await ask(closed.port, "/crane/nothing", { method });
  for (const path of PATHS) {
    const answer = await ask(closed.port, path, { method });
    expect([answer.status, answer.body, answer.headers.get("allow")]).toEqual([
      nowhere.status,
      nowhere.body,
      nowhere.headers.get("allow"),
    ]);
  }
  const open = await start([]);
  for (const path of PATHS) expect((await ask(open.port, path, { method })).status).toBe(405);
});
