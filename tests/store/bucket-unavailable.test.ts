/** Redirect files in a bucket that can't be read, as a whole or in part: nothing is lost by it. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Craned, runCraned } from "../harness/craned.ts";
import { type Asked, etagOf, type FakeS3, hanging, slowly } from "../harness/fake-s3.ts";
import { bucketForEach, file, linesOf, markOf, marksOf, PLACE, readiness, until } from "../harness/served-bucket.ts";

setDefaultTimeout(40_000);

const { s3, put, serve, looks } = bucketForEach();

const refusal = (status: number, code: string) => (): Response =>
  new Response(`<Error><Code>${code}</Code><Message>No.</Message></Error>`, { status });
const ofLists = (answer: () => Response | Promise<Response>) => (asked: Asked) =>
  asked.key === undefined ? answer() : undefined;
const ofSecondPage = (answer: () => Response | Promise<Response>) => (asked: Asked) =>
  asked.token === undefined ? undefined : answer();

/** Lines of what is wrong with the bucket, and of its end. */
const linesOfBucket = (craned: Craned): readonly string[] =>
  linesOf(craned).filter((line) => line.includes(`${PLACE}: `));
const began = (received: string): string =>
  `error ${PLACE}: expected a bucket that can be read, received ${received} servesLastGood=true`;
const ENDED = `info  ${PLACE}: can be read again`;

const cut = (by: number) => async (): Promise<Response> => new Response((await s3().list().text()).slice(0, -by));
const without = (part: RegExp) => async (): Promise<Response> =>
  new Response((await s3().list().text()).replace(part, ""));

const AWAY: readonly (readonly [what: string, answer: FakeS3["instead"], received: string])[] = [
  [
    "refuses",
    ofLists(refusal(403, "AccessDenied")),
    "403: AccessDenied: No. (asked without keys, since AWS_ACCESS_KEY_ID is not set)",
  ],
  ["is gone", ofLists(refusal(404, "NoSuchBucket")), "404: NoSuchBucket: No. (make the bucket first)"],
  ["fails", ofLists(refusal(500, "InternalError")), "500: InternalError: No."],
  ["has no time", ofLists(refusal(503, "SlowDown")), "503: SlowDown: No."],
  ["fails late", ofLists(refusal(200, "InternalError")), "200: InternalError: No."],
  ["does not answer", ofLists(hanging), "no answer (it takes too long)"],
  ["does not end its answer", ofLists(slowly), "no answer (it takes too long)"],
  ["cuts its list off", ofLists(cut(30)), "a list that is cut off"],
  ["cuts its list off between objects", ofLists(without(/<Contents>(?:(?!<Contents>).)*$/)), "a list that is cut off"],
  [
    "does not say how the list goes on",
    ofLists(without(/<NextContinuationToken>.*?<\/NextContinuationToken>/)),
    "a list that does not say how it goes on",
  ],
  ["leaves out a size", ofLists(without(/<Size>.*?<\/Size>/)), "a list with an object that is none"],
  [
    "is a page of something else",
    ofLists(() => new Response("<html>Log in</html>")),
    "something else than a list of objects",
  ],
  ["goes away half-way", ofSecondPage(refusal(500, "InternalError")), "500: InternalError: No."],
  [
    "comes to the same page again and again",
    ofSecondPage(async () => new Response(await s3().list().text())),
    "the same page again and again",
  ],
];

describe("a bucket that", () => {
  test.each(AWAY)(
    "%s changes nothing, is told of once, and is followed when it is back",
    async (_, answer, received) => {
      s3().pageSize = 2;
      put({ "a.json": file("a", "1"), "b.json": file("b", "1"), "c.json": file("c", "1") });
      const craned = await serve();
      expect(await readiness(craned)).toEqual([200, "ready", 0]);
      s3().instead = answer;
      // What nobody may believe before the rest is known: changes, removals, and what is new.
      put({ "a.json": file("a", "2"), "d.json": file("d", "2") });
      s3().objects.delete("v2/c.json");
      await until(() => readiness(craned), [200, "ready", 1], craned);
      const before = looks();
      await until(() => looks() >= before + 2, true, craned);
      expect(await marksOf(craned, ["a", "b", "c", "d"])).toEqual(["1", "1", "1", "404"]);
      expect(linesOfBucket(craned)).toEqual([began(received)]);
      s3().instead = () => undefined;
      await until(() => marksOf(craned, ["a", "b", "c", "d"]), ["2", "1", "404", "2"], craned);
      await until(() => linesOfBucket(craned), [began(received), ENDED], craned);
      expect(await readiness(craned)).toEqual([200, "ready", 0]);
    },
  );

  test("nobody serves any more changes nothing, is told of once, and is followed when it is back", async () => {
    put({ "a.json": file("a", "1") });
    const craned = await serve();
    await s3().away();
    await until(() => readiness(craned), [200, "ready", 1], craned);
    expect(await markOf(craned, "a")).toBe("1");
    put({ "a.json": file("a", "2") });
    s3().start();
    await until(() => markOf(craned, "a"), "2", craned);
    const lines = () => linesOfBucket(craned).map((line) => line.replace(/answer \(\w+\)/, "answer (…)"));
    await until(lines, [began("no answer (…)"), ENDED], craned);
  });

  test("gives none of its objects is away, however long that lasts", async () => {
    for (let at = 0; at < 16; at++) put({ [`${at}.json`]: file(`r${at}`, "1") });
    const craned = await serve();
    s3().instead = ({ key }) => (key === undefined ? undefined : refusal(503, "SlowDown")());
    for (let at = 0; at < 16; at++) put({ [`${at}.json`]: file(`r${at}`, "2") });
    const before = looks();
    await until(() => looks() >= before + 6, true, craned);
    expect(linesOfBucket(craned)).toEqual([began("503: SlowDown: No.")]);
    expect(await readiness(craned)).toEqual([200, "ready", 1]);
    s3().instead = () => undefined;
    await until(() => marksOf(craned, ["r0", "r15"]), ["2", "2"], craned);
  });

  test("fails in this way and that is told of once, but for a refusal, which is news", async () => {
    put({ "a.json": file("a", "1") });
    const craned = await serve();
    for (const answer of [refusal(503, "SlowDown"), refusal(500, "InternalError"), refusal(403, "AccessDenied")]) {
      const before = looks();
      s3().instead = ofLists(answer);
      await until(() => looks() >= before + 3, true, craned);
    }
    const refused = "403: AccessDenied: No. (asked without keys, since AWS_ACCESS_KEY_ID is not set)";
    await until(() => linesOfBucket(craned), [began("503: SlowDown: No."), began(refused)], craned);
  });

  test("is away at the start keeps nobody from starting, who is not ready before it is there", async () => {
    await s3().away();
    put({ "a.json": file("a", "1") });
    const craned = await serve();
    expect(await readiness(craned)).toEqual([503, "loading", expect.anything()]);
    expect((await fetch(`${craned.origin}/healthz`)).status).toBe(200);
    s3().start();
    await until(() => readiness(craned), [200, "ready", 0], craned);
    expect(await markOf(craned, "a")).toBe("1");
  });

  test("does not answer at the start keeps nobody from starting, nor from stopping", async () => {
    s3().instead = hanging;
    const craned = await serve(["--s3-timeout", "3600"]);
    expect(await readiness(craned)).toEqual([503, "loading", expect.anything()]);
    expect(await craned.stop()).toBe(0);
  });

  test("is away fails check and resolve, which say why", async () => {
    s3().instead = refusal(403, "AccessDenied");
    const why = "403: AccessDenied: No. (asked without keys, since AWS_ACCESS_KEY_ID is not set)";
    const error = `error: ${PLACE}: expected a bucket that can be read, received ${why}\n`;
    const checked = await runCraned(["check", "--data-dir", PLACE], s3().environment);
    expect([checked.code, checked.out]).toEqual([1, expect.stringContaining(error)]);
    const resolved = await runCraned(["resolve", "a:1", "--data-dir", PLACE], s3().environment);
    expect([resolved.code, resolved.err, resolved.out]).toEqual([1, error, ""]);
  });
});

describe("an object that", () => {
  const ofObject = (answer: () => Response | Promise<Response>) => (asked: Asked) =>
    asked.key === "v2/a.json" ? answer() : undefined;
  const faultOfA = (received: string): string =>
    `warn  ${PLACE}/a.json: expected a readable object, received ${received} servesLastGood=true`;

  test("may not be read is a fault of its own, until it may", async () => {
    put({ "a.json": file("a", "1"), "b.json": file("b", "1") });
    const craned = await serve();
    s3().instead = ofObject(refusal(403, "AccessDenied"));
    put({ "a.json": file("a", "2"), "b.json": file("b", "2") });
    await until(() => marksOf(craned, ["a", "b"]), ["1", "2"], craned);
    expect(await readiness(craned)).toEqual([200, "ready", 1]);
    expect(linesOf(craned)).toContain(
      faultOfA("403: AccessDenied: No. (asked without keys, since AWS_ACCESS_KEY_ID is not set)"),
    );
    expect(linesOfBucket(craned)).toEqual([]);
    s3().instead = () => undefined;
    await until(() => marksOf(craned, ["a", "b"]), ["2", "2"], craned);
    expect(await readiness(craned)).toEqual([200, "ready", 0]);
  });

  test.each([
    ["can't be had for the moment", refusal(503, "SlowDown"), "503: SlowDown: No."],
    ["hangs", hanging, "no answer (it takes too long)"],
    [
      "comes in part",
      () => new Response("{}", { headers: { etag: etagOf(file("a", "2")) } }),
      `2 of ${file("a", "2").length} bytes`,
    ],
  ])("%s makes all others wait a while, but not for good", async (_, answer, received) => {
    put({ "a.json": file("a", "1"), "b.json": file("b", "1") });
    const craned = await serve();
    s3().instead = ofObject(answer);
    put({ "a.json": file("a", "2"), "b.json": file("b", "2") });
    await until(() => marksOf(craned, ["a", "b"]), ["1", "2"], craned);
    await until(() => linesOf(craned).includes(faultOfA(received)), true, craned);
    const before = looks();
    await until(() => looks() >= before + 3, true, craned);
    expect(linesOf(craned).filter((line) => line === faultOfA(received))).toHaveLength(1);
    s3().instead = () => undefined;
    await until(() => marksOf(craned, ["a", "b"]), ["2", "2"], craned);
  });

  test("can't be had for the moment does not open a registry without it at the start", async () => {
    put({ "a.json": file("a", "1"), "b.json": file("b", "1") });
    s3().instead = ofObject(refusal(503, "SlowDown"));
    const craned = await serve();
    expect(await readiness(craned)).toEqual([503, "loading", expect.anything()]);
    s3().instead = () => undefined;
    await until(() => readiness(craned), [200, "ready", 0], craned);
    expect(await marksOf(craned, ["a", "b"])).toEqual(["1", "1"]);
  });
});
