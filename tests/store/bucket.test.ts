/** Redirect files in a bucket: what is read, and how changes are followed. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { runCraned } from "../harness/craned.ts";
import {
  bucketForEach,
  file,
  linesOf,
  markOf,
  marksOf,
  ON_SIGNAL,
  PLACE,
  readiness,
  until,
} from "../harness/served-bucket.ts";

setDefaultTimeout(30_000);

const { s3, put, serve } = bucketForEach();

const keysAsked = (): readonly (string | undefined)[] => s3().asked.map(({ key }) => key);
const check = (environment = {}) => runCraned(["check", "--data-dir", PLACE], { ...s3().environment, ...environment });

describe("a bucket that is read once", () => {
  test("has every *.json below the prefix, and nothing else", async () => {
    put({
      "a.json": file("a"),
      "s/t/b.json": file("b"),
      "..h/c.json": file("c"),
      "..d.json": file("d"),
      "e.txt": "no",
    });
    s3().objects.set("v20.json", file("f")).set("other/g.json", file("g"));
    const { out, code } = await check();
    expect([out, code]).toEqual([`${PLACE}: 3 good redirect files, 0 v1 and 3 v2 repositories, nothing wrong\n`, 0]);
    expect(keysAsked().toSorted()).toEqual(["v2/..d.json", "v2/a.json", "v2/s/t/b.json", undefined]);
  });

  test.each([
    ["that escapes keys", true],
    ["that doesn't", false],
  ])("may have any names, on a server %s", async (_, escapes) => {
    s3().escapes = escapes;
    const names = ["a b+c", "%41", `"&amp;'<x>`, "n\nl", "\u{1f600}/\uffee", "a//b", "a;b=c?d#e", "</Key><Key>x"];
    for (const [at, name] of names.entries()) put({ [`${name}.json`]: file(`n${at}`) });
    const { out } = await check();
    expect(out).toContain(`: ${names.length} good redirect files`);
    expect(keysAsked().slice(1).toSorted()).toEqual([...s3().objects.keys()].toSorted());
  });

  test("may have a key that no URL can hold, which is told", async () => {
    put({ "./a.json": file("a"), "a.json": file("b") });
    const { out, code } = await check();
    expect(code).toBe(1);
    expect(out).toContain(`error: ${PLACE}/./a.json: expected no . between slashes, received "v2/./a.json"\n`);
    expect(out).toContain(": 1 good redirect file");
  });

  test("has a broken object whose key would make two lines of one", async () => {
    put({ "a\nb.json": "{" });
    const { out } = await check();
    expect(out).toStartWith(`error: ${PLACE}/a\\u{a}b.json: expected a JSON object in UTF-8, `);
  });

  test("gives a name that two objects claim to the first by key", async () => {
    put({ "b.json": file("n", "b"), "a/z.json": file("n", "a") });
    const { out } = await check();
    expect(out).toContain(`error: ${PLACE}/b.json: repo-registry-id: n is already served from ${PLACE}/a/z.json\n`);
  });

  test("is of a server that lists more than it was asked for, which is not believed", async () => {
    put({ "a.json": file("a"), "b.json": file("b") });
    s3().instead = async ({ key }) =>
      key === undefined ? new Response((await s3().list().text()).replace("v2/b.json", "v1/b.json")) : undefined;
    expect((await check()).out).toContain(`${PLACE}: 1 good redirect file`);
    expect(keysAsked()).toEqual([undefined, "v2/a.json"]);
  });

  test("has an object that is too large for memory, which is not asked for", async () => {
    put({ "a.json": file("a"), "b.json": "{}" });
    s3().instead = async ({ key }) => {
      if (key !== undefined) return undefined;
      const list = await s3().list().text();
      return new Response(list.replace("<Size>2</Size>", `<Size>${2 ** 40}</Size>`));
    };
    const { out, code } = await check();
    expect(code).toBe(1);
    expect(out).toContain(
      `error: ${PLACE}/b.json: expected an object of at most 268435456 bytes, received ${2 ** 40}\n`,
    );
    expect(keysAsked()).toEqual([undefined, "v2/a.json"]);
  });

  test("is asked by resolve, which names the object", async () => {
    put({ "app.json": file("team/app") });
    const { out, code } = await runCraned(["resolve", "team/app:1.0", "--data-dir", PLACE], s3().environment);
    expect(code).toBe(0);
    expect(out).toContain(`    file:   ${PLACE}/app.json, version 2\n`);
  });

  test("is asked without keys when there are none, and signed for when there are", async () => {
    put({ "a.json": file("a") });
    await check();
    await check({ AWS_ACCESS_KEY_ID: "AKID", AWS_SECRET_ACCESS_KEY: "secret", AWS_SESSION_TOKEN: "lent" });
    const seen = s3().asked.map(({ headers }) => [
      headers.get("authorization")?.startsWith("AWS4-HMAC-SHA256 Credential=AKID/") ?? false,
      headers.get("x-amz-security-token"),
    ]);
    expect(seen).toEqual([
      [false, null],
      [false, null],
      [true, "lent"],
      [true, "lent"],
    ]);
  });
});

describe("a bucket that is followed", () => {
  test("shows new objects, other ones, and those that go", async () => {
    put({ "a.json": file("a", "1"), "b.json": file("b", "1") });
    const craned = await serve();
    expect(await marksOf(craned, ["a", "b", "c"])).toEqual(["1", "1", "404"]);
    put({ "a.json": file("a", "2"), "c.json": file("c", "1") });
    s3().objects.delete("v2/b.json");
    await until(() => marksOf(craned, ["a", "b", "c"]), ["2", "404", "1"]);
  });

  test.each([
    ["without quotes", (etag: string) => etag.replaceAll('"', ""), ["v2/a.json"]],
    ["as weak ones", (etag: string) => `W/${etag}`, ["v2/a.json"]],
    ["not at all, so that all has to be read each time", () => "", ["v2/a.json", "v2/b.json"]],
  ])("may list ETags %s", async (_, listsEtag, read) => {
    s3().listsEtag = listsEtag;
    put({ "a.json": file("a", "1"), "b.json": file("b", "1") });
    const craned = await serve(ON_SIGNAL);
    s3().asked.length = 0;
    put({ "a.json": file("a", "2") });
    craned.signal("SIGHUP");
    await until(() => marksOf(craned, ["a", "b"]), ["2", "1"]);
    expect(keysAsked()).toEqual([undefined, ...read]);
  });

  test("may lose an object between the list and the reading, which is no fault", async () => {
    put({ "a.json": file("a", "1"), "b.json": file("b", "1") });
    const craned = await serve(ON_SIGNAL);
    put({ "a.json": file("a", "2"), "b.json": file("b", "2") });
    s3().instead = ({ key }) => {
      if (key === "v2/a.json") s3().objects.delete(key);
      return undefined;
    };
    craned.signal("SIGHUP");
    await until(() => marksOf(craned, ["a", "b"]), ["404", "2"]);
    await until(
      () => linesOf(craned).at(-1),
      'info  redirect files changed changed=1 removed=1 names="b, a" files=1 inError=0',
    );
  });

  test("is looked at once on SIGHUP", async () => {
    put({ "a.json": file("a", "1") });
    const craned = await serve(ON_SIGNAL);
    put({ "a.json": file("a", "2") });
    craned.signal("SIGHUP");
    await until(() => markOf(craned, "a"), "2");
  });

  test("costs a list for each thousand objects, and a request for each that has changed", async () => {
    for (let at = 0; at < 2500; at++) put({ [`${at}.json`]: file(`r${at}`) });
    const craned = await serve(ON_SIGNAL);
    expect(await markOf(craned, "r2499")).toBe("0");
    s3().asked.length = 0;
    put({ "2400.json": file("r2400", "1") });
    craned.signal("SIGHUP");
    await until(() => markOf(craned, "r2400"), "1");
    expect(keysAsked()).toEqual([undefined, undefined, undefined, "v2/2400.json"]);
  });

  test("serves the last good state of an object that breaks, names it, and forgets it when the object goes", async () => {
    put({ "a.json": file("a", "1"), "b.json": file("b", "1") });
    const craned = await serve();
    put({ "a.json": "{", "b.json": file("b", "2") });
    await until(() => marksOf(craned, ["a", "b"]), ["1", "2"]);
    expect(await readiness(craned)).toEqual([200, "ready", 1]);
    const told = `warn  ${PLACE}/a.json: expected a JSON object in UTF-8, received Expected '}' at line 1, column 2 servesLastGood=true`;
    await until(() => linesOf(craned).includes(told), true);
    s3().objects.delete("v2/a.json");
    await until(() => marksOf(craned, ["a", "b"]), ["404", "2"]);
    expect(await readiness(craned)).toEqual([200, "ready", 0]);
  });

  test.each([
    ["that looks at If-Match", true],
    ["that doesn't", false],
  ])(
    "never mixes an object that is overwritten while it is read up with the one that was listed, on a server %s",
    async (_, looks) => {
      put({ "a.json": file("a", "1"), "b.json": file("b", "1") });
      const craned = await serve(ON_SIGNAL);
      put({ "a.json": file("a", "2") });
      let overwritten = 0;
      s3().instead = ({ key, headers }) => {
        if (key !== "v2/a.json" || overwritten === 2) return undefined;
        overwritten++;
        put({ "a.json": file("a", String(overwritten + 2)) });
        if (!looks) headers.delete("if-match");
        return undefined;
      };
      craned.signal("SIGHUP");
      await until(() => markOf(craned, "a"), "4");
      s3().asked.length = 0;
      put({ "b.json": file("b", "2") });
      craned.signal("SIGHUP");
      await until(() => markOf(craned, "b"), "2");
      // What was read last is what is listed now.
      expect(keysAsked()).toEqual([undefined, "v2/b.json"]);
    },
  );

  test("is read to its end while an object changes all the time", async () => {
    put({ "a.json": file("a", "0"), "b.json": file("b", "0") });
    let count = 0;
    s3().instead = ({ key }) => {
      if (key === "v2/a.json") put({ "a.json": file("a", String(++count)) });
      return undefined;
    };
    const craned = await serve(ON_SIGNAL);
    expect(await marksOf(craned, ["a", "b"])).toEqual(["4", "0"]);
  });
});
