/** Ten thousand requests while files are replaced: each answer is right for the old or the new file. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { SCHEMA_2, v5 } from "../harness/redirect-files.ts";

const REQUESTS = 10_000;
const LANES = 8;
const NAMES = ["one", "two", "three"];

const hex = (generation: number): string => generation.toString(16).padStart(64, "0");

/** All that a file says tells its generation, so that a mixture of two would show. */
const fileOf = (name: string, generation: number) =>
  v5(name, {
    url: `http://cdn.test/${name}/${generation}/`,
    schema2_data: ["always", `only-${generation}`, `sha256:${hex(generation)}`],
    manifest_list_data: ["multi"],
    manifest_list_amd64_tags: { multi: [`sha256:${hex(generation)}`, 2] },
  });

const data = scratch(Object.fromEntries(NAMES.map((name) => [`${name}.json`, fileOf(name, 0)])));
let craned: Craned;
beforeAll(async () => {
  craned = await serveDirectory(data.path);
});
afterAll(async () => {
  await craned.stop();
  data.remove();
});

/** The generation that a redirect tells of; undefined when two are mixed in it, or it is none. */
function generationOf(location: string | null, name: string): number | undefined {
  const match = new RegExp(`^http://cdn\\.test/${name}/(\\d+)/manifests/2/(.*)$`).exec(location ?? "");
  if (match === null) return undefined;
  const [, generation = "", reference = ""] = match;
  const isWhole = ["always", `only-${generation}`, `sha256:${hex(Number(generation))}`].includes(reference);
  return isWhole ? Number(generation) : undefined;
}

test(`${REQUESTS} requests during replacements`, async () => {
  const written = new Map(NAMES.map((name) => [name, 0]));
  const seen = new Map(NAMES.map((name) => [name, 0]));
  const wrong: string[] = [];
  let left = REQUESTS;

  const replace = (name: string) => {
    const generation = (written.get(name) ?? 0) + 1;
    written.set(name, generation);
    renameSync(data.write(`.${name}.tmp`, fileOf(name, generation)), join(data.path, `${name}.json`));
  };

  const askOnce = async (name: string, number: number) => {
    const present = written.get(name) ?? 0;
    const reference = ["always", "multi", `only-${present}`][number % 3];
    const url = `${craned.origin}/v2/${name}/manifests/${reference}`;
    const answer = await fetch(url, { redirect: "manual", headers: { Accept: SCHEMA_2 } });
    const body = await answer.text();
    if (answer.status === 404 && reference?.startsWith("only-")) {
      if (JSON.parse(body).errors[0].code !== "MANIFEST_UNKNOWN") wrong.push(body);
      return;
    }
    const generation = generationOf(answer.headers.get("location"), name);
    const latest = written.get(name) ?? 0;
    if (answer.status !== 302 || generation === undefined || generation > latest) {
      wrong.push(`${url}: ${answer.status} ${answer.headers.get("location")} with ${latest} written`);
    } else seen.set(name, Math.max(seen.get(name) ?? 0, generation));
  };

  const lane = async (lane: number) => {
    for (let number = lane; left > 0 && wrong.length === 0; number++) {
      left--;
      const name = NAMES[number % NAMES.length] ?? "one";
      if (left % 40 === 0) replace(name);
      await askOnce(name, number);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  expect(wrong).toEqual([]);

  for (const name of NAMES) {
    const final = written.get(name) ?? 0;
    for (;;) {
      const { headers } = await fetch(`${craned.origin}/v2/${name}/manifests/always`, {
        redirect: "manual",
        headers: { Accept: SCHEMA_2 },
      });
      if (generationOf(headers.get("location"), name) === final) break;
    }
    expect(final).toBeGreaterThan(10);
  }
  expect([...seen.values()].every((generation) => generation > 0)).toBe(true);
});
