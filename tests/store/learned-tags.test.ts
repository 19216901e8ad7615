/** `learn_tags`: a tag that the publisher's own list lacks is unknown, so that old docker clients fall back to v1. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { digest, v1, v4 } from "../harness/redirect-files.ts";
import { until } from "../harness/served-bucket.ts";

setDefaultTimeout(20_000);

/** The list of each repository of the static host, or an answer that is none. */
let lists: Record<string, string | (() => Response)>;
let asked: { readonly path: string; readonly etag: string | null; readonly status: number }[];
let host: ReturnType<typeof Bun.serve>;
const cleanUps: (() => unknown)[] = [];

beforeEach(() => {
  lists = {};
  asked = [];
  host = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const path = new URL(request.url).pathname;
      const list = lists[path.split("/")[1] ?? ""] ?? (() => new Response("none", { status: 404 }));
      const etag = typeof list === "string" ? `"${Bun.hash(list)}"` : "";
      const isSame = etag !== "" && request.headers.get("if-none-match") === etag;
      const answer = isSame
        ? new Response(null, { status: 304 })
        : typeof list === "string"
          ? new Response(list, { headers: { ETag: etag } })
          : list();
      asked.push({ path, etag: request.headers.get("if-none-match"), status: answer.status });
      return answer;
    },
  });
  cleanUps.push(() => host.stop(true));
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const list = (...tags: readonly string[]): string => JSON.stringify({ name: "x", tags });
const blind = (name: string) => v4(name, { url: `${host.url.href}${name}/` });

async function serve(files: Record<string, object>, ...args: readonly string[]): Promise<Craned> {
  const data = scratch(files);
  const craned = await serveDirectory(data.path, { args: ["--data-dir-polling-interval", "1", ...args] });
  cleanUps.push(data.remove, () => craned.stop());
  return craned;
}

const DIGEST = digest("a");

/** The status of each reference, and the code of an error. */
const statusesOf = (craned: Craned, name: string, references: readonly string[]): Promise<readonly string[]> =>
  Promise.all(
    references.map(async (reference) => {
      const answer = await fetch(`${craned.origin}/v2/${name}/manifests/${reference}`, { redirect: "manual" });
      const code =
        answer.status === 404 ? ((await answer.json()) as { errors: [{ code: string }] }).errors[0].code : "";
      return `${answer.status} ${code}`.trim();
    }),
  );

const warnings = (craned: Craned, name: string): number =>
  craned.log().filter((line) => line.includes(`/${name}/tags/list: expected a list of tags`)).length;

test("a tag that is not in the list is unknown; digests, and names without v1 content, are redirected", async () => {
  lists = { both: list("2.0"), other: list("2.0") };
  const craned = await serve(
    { "b1.json": v1("both"), "b4.json": blind("both"), "o4.json": blind("other") },
    "--learn-tags",
  );
  await until(() => statusesOf(craned, "both", ["2.0", "1-ubuntu", DIGEST]), ["302", "404 MANIFEST_UNKNOWN", "302"]);
  expect(await statusesOf(craned, "other", ["1-ubuntu"])).toEqual(["302"]);
  expect(asked.filter(({ path }) => path !== "/both/tags/list")).toEqual([]);
});

test("an empty list makes every tag unknown", async () => {
  lists = { both: list() };
  const craned = await serve({ "b1.json": v1("both"), "b4.json": blind("both") }, "--learn-tags");
  await until(() => statusesOf(craned, "both", ["latest"]), ["404 MANIFEST_UNKNOWN"]);
});

test("nothing is requested without the setting", async () => {
  lists = { both: list() };
  const craned = await serve({ "b1.json": v1("both"), "b4.json": blind("both") });
  expect(await statusesOf(craned, "both", ["latest"])).toEqual(["302"]);
  expect(asked).toEqual([]);
});

test("the list is confirmed by its ETag, and followed", async () => {
  lists = { both: list("1") };
  const craned = await serve({ "b1.json": v1("both"), "b4.json": blind("both") }, "--learn-tags");
  await until(() => statusesOf(craned, "both", ["1", "2"]), ["302", "404 MANIFEST_UNKNOWN"]);
  await until(() => asked.some(({ status }) => status === 304), true);
  lists["both"] = list("2");
  await until(() => statusesOf(craned, "both", ["1", "2"]), ["404 MANIFEST_UNKNOWN", "302"]);
});

test.each([
  ["is not there", () => new Response("", { status: 404 })],
  ["is broken", () => new Response('{"tags": ["1"')],
  ["is none", () => new Response('{"tags": "1"}')],
  ["has further pages", () => new Response(list("1"), { headers: { Link: '</tags/list?last=1>; rel="next"' } })],
  ["is too long", () => new Response(list("1".repeat(5_000_000)))],
])("a list that %s leaves tags as before, with one warning, until there is a good one", async (_, answer) => {
  lists = { both: list("1") };
  const craned = await serve({ "b1.json": v1("both"), "b4.json": blind("both") }, "--learn-tags");
  await until(() => statusesOf(craned, "both", ["2"]), ["404 MANIFEST_UNKNOWN"]);
  lists["both"] = answer;
  await until(() => statusesOf(craned, "both", ["2"]), ["302"]);
  const before = asked.length;
  await until(() => asked.length > before, true);
  expect(warnings(craned, "both")).toBe(1);
  lists["both"] = list("1");
  await until(() => statusesOf(craned, "both", ["2"]), ["404 MANIFEST_UNKNOWN"]);
});

test("a list is trusted while its host fails for a moment", async () => {
  lists = { both: list("1") };
  const craned = await serve({ "b1.json": v1("both"), "b4.json": blind("both") }, "--learn-tags");
  await until(() => statusesOf(craned, "both", ["2"]), ["404 MANIFEST_UNKNOWN"]);
  lists["both"] = () => new Response("", { status: 503 });
  await until(() => warnings(craned, "both"), 1);
  expect(await statusesOf(craned, "both", ["1", "2"])).toEqual(["302", "404 MANIFEST_UNKNOWN"]);
});

test("a file that changes is blind until its list has been read again", async () => {
  lists = { both: list("1"), moved: list("2") };
  const data = scratch({ "b1.json": v1("both"), "b4.json": blind("both") });
  const craned = await serveDirectory(data.path, { args: ["--learn-tags"] });
  cleanUps.push(data.remove, () => craned.stop());
  await until(() => statusesOf(craned, "both", ["1", "2"]), ["302", "404 MANIFEST_UNKNOWN"]);
  data.write("b4.json", { ...blind("both"), url: `${host.url.href}moved/` });
  await until(() => statusesOf(craned, "both", ["1", "2"]), ["404 MANIFEST_UNKNOWN", "302"]);
});
