/** Requests that were made up, well-formed and broken, and the answers, held to those of a slow twin. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { fuzzRequests } from "./requests/engine.ts";
import { SITES, type Site } from "./requests/sites.ts";
import { tryBytes } from "./requests/trial.ts";
import { SEED, seedsOf } from "./seed-files.ts";

const COUNT = 20_000;

describe("each seed is answered as it has to be", () => {
  let site: Site | undefined;
  beforeAll(async () => {
    site = await SITES[0]?.start();
  });
  afterAll(async () => await site?.stop());
  const wrongWith = async (bytes: string, pieces: readonly string[]) => {
    if (site === undefined) throw new Error("asked before the tests began");
    return await tryBytes(site, bytes, pieces);
  };

  for (const [name, seed] of seedsOf("requests")) {
    const bytes = seed.toString("latin1");
    test(`${name}`, async () => {
      expect(await wrongWith(bytes, [bytes])).toBeUndefined();
      for (const last of [1, 2, 3])
        expect(await wrongWith(bytes, [bytes.slice(0, -last), bytes.slice(-last)])).toBeUndefined();
      if (bytes.length < 2000) expect(await wrongWith(bytes, [...bytes])).toBeUndefined();
    });
  }
});

test(`${COUNT} requests to registries of every kind are answered as they have to be (seed ${SEED})`, async () => {
  const outcomes = await fuzzRequests(COUNT, SEED);
  expect(outcomes.flatMap(({ name, findings }) => findings.map((finding) => ({ name, ...finding })))).toEqual([]);
}, 300_000);
