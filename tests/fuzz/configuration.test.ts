import { describe, expect, test } from "bun:test";
import { fuzzCommands, fuzzConfigurations, tryConfiguration } from "../../drills/fuzz/configuration.ts";
import { SEED, seedsOf } from "./seed-files.ts";

const READ = 8000;
const RUN = 12;

describe("each seed is a configuration, or is told what is wrong with it", () => {
  test.each(seedsOf("configuration"))("%s", (_, bytes) => {
    expect(tryConfiguration({ file: bytes.toString(), environment: {}, flags: {} })).toBeUndefined();
  });
});

test(`${READ} hostile configurations are ones, or are told what is wrong with them (seed ${SEED})`, () => {
  expect(fuzzConfigurations(READ, SEED).findings).toEqual([]);
}, 120_000);

test(`${RUN} of them are checked and served, or the program ends and says why (seed ${SEED})`, async () => {
  expect((await fuzzCommands(RUN, SEED)).findings).toEqual([]);
}, 120_000);
