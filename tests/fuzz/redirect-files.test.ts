import { describe, expect, test } from "bun:test";
import { fuzzFiles, tryFile } from "./redirect-files/parser-engine.ts";
import { fuzzServedFiles } from "./redirect-files/server-engine.ts";
import { SEED, seedsOf } from "./seed-files.ts";

const READ = 20_000;
const SERVED = 200;

describe("each seed is read as it says, or is in error", () => {
  test.each(seedsOf("redirect-files"))("%s", (_, bytes) => {
    expect(tryFile(bytes)).toBeUndefined();
  });
});

test(`${READ} hostile files are read as they say, or are in error (seed ${SEED})`, () => {
  expect(fuzzFiles(READ, SEED).findings).toEqual([]);
}, 120_000);

test(`${SERVED} hostile files change what is served as they say, or leave it as it was (seed ${SEED})`, async () => {
  expect((await fuzzServedFiles(SERVED, SEED)).findings).toEqual([]);
}, 120_000);
