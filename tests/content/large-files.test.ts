/** Files so large that they are parsed on a thread of their own say the same as small ones. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Craned, runCraned, scratch, serveDirectory } from "../harness/craned.ts";
import { digest, SCHEMA_2, v5 } from "../harness/redirect-files.ts";

const TAGS = 30_000;

const fileOf = (name: string, generation: number) =>
  v5(name, {
    url: `http://cdn.test/${name}/${generation}/`,
    schema2_data: Array.from({ length: TAGS }, (_, number) => `tag-of-generation-${generation}-${number}`),
    manifest_list_data: ["multi"],
    manifest_list_amd64_tags: { multi: [digest("a"), 2] },
  });

const data = scratch({ "one.json": fileOf("one", 0), "two.json": fileOf("two", 0), "small.json": { version: 6 } });
let craned: Craned;
beforeAll(async () => {
  craned = await serveDirectory(data.path);
});
afterAll(async () => {
  await craned.stop();
  data.remove();
});

const replace = (name: string, content: unknown) =>
  renameSync(data.write(`${name}.tmp`, content), join(data.path, `${name}.json`));

async function locationOf(name: string, reference: string): Promise<string | null> {
  const answer = await fetch(`${craned.origin}/v2/${name}/manifests/${reference}`, {
    redirect: "manual",
    headers: { Accept: SCHEMA_2 },
  });
  await answer.text();
  return answer.headers.get("location");
}

/** The niceness of each thread of a process, by the thread's name. @see proc(5) "/proc/pid/stat" */
function nicenessOf(pid: number): ReadonlyMap<string, number> {
  const stats = readdirSync(`/proc/${pid}/task`).map((id) => readFileSync(`/proc/${pid}/task/${id}/stat`, "utf8"));
  return new Map(
    stats.map((stat) => {
      const [, name = "", rest = ""] = /\((.*)\) (.*)/.exec(stat) ?? [];
      return [name, Number(rest.split(" ")[16])];
    }),
  );
}

test("they are served from the start", async () => {
  for (const name of ["one", "two"]) {
    expect(await locationOf(name, `tag-of-generation-0-${TAGS - 1}`)).toBe(
      `http://cdn.test/${name}/0/manifests/2/tag-of-generation-0-${TAGS - 1}`,
    );
    expect(await locationOf(name, "multi")).toBe(`http://cdn.test/${name}/0/manifests/2/${digest("a")}`);
    expect(await locationOf(name, "tag-of-generation-1-0")).toBeNull();
  }
});

test("changes to several of them are seen, by a thread that gives way to requests", async () => {
  const before = nicenessOf(craned.pid);
  expect(before.has("Worker")).toBeFalse();
  replace("one", fileOf("one", 1));
  replace("two", fileOf("two", 2));
  for (const [name, generation] of [
    ["one", 1],
    ["two", 2],
  ] as const) {
    while ((await locationOf(name, `tag-of-generation-${generation}-7`)) === null);
    expect(await locationOf(name, "tag-of-generation-0-7")).toBeNull();
  }
  const { Worker, ...others } = Object.fromEntries(nicenessOf(craned.pid));
  expect(Worker).toBe(10);
  expect(new Set(Object.values(others))).toEqual(new Set(before.values()));
});

test("one that breaks is in error by its field, and serves its last good state", async () => {
  replace("one", { ...fileOf("one", 3), schema2_data: [...fileOf("one", 3).schema2_data, "no tag"] });
  const told = await craned.logged((line) => line.includes("one.json"));
  expect(told).toContain(`schema2_data[${TAGS}]: expected a tag or a digest, received \\"no tag\\"`);
  expect(told).toContain('"servesLastGood":true');
  expect(await locationOf("one", "tag-of-generation-1-7")).toBe(
    "http://cdn.test/one/1/manifests/2/tag-of-generation-1-7",
  );
});

test("one that is no JSON is in error, too, and craned check ends with both", async () => {
  replace("two", JSON.stringify(fileOf("two", 4)).slice(0, -1));
  expect(await craned.logged((line) => line.includes("two.json"))).toContain("expected a JSON object");
  const { code, out } = await runCraned(["check", "--data-dir", data.path]);
  expect(code).toBe(1);
  expect(out).toContain("one.json");
  expect(out).toContain("two.json");
});
