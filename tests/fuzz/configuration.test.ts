import { describe, expect, test } from "bun:test";
import { fuzzCommands, fuzzConfigurations, tryConfiguration } from "./configuration/engine.ts";
import type { HostileConfiguration } from "./configuration/hostile-configuration.ts";
import { SEED, seedsOf } from "./seed-files.ts";

const READ = 8000;
const RUN = 12;

/** A file of a configuration as it is, or with what the drill had around it, in JSON. */
const configurationOf = (name: string, text: string): HostileConfiguration =>
  name.endsWith(".conf") ? { file: text, environment: {}, flags: {} } : JSON.parse(text);

describe("each seed is a configuration, or is told what is wrong with it", () => {
  test.each(seedsOf("configuration"))("%s", (name, bytes) => {
    expect(tryConfiguration(configurationOf(name, bytes.toString()))).toBeUndefined();
  });
});

test(`${READ} hostile configurations are ones, or are told what is wrong with them (seed ${SEED})`, () => {
  expect(fuzzConfigurations(READ, SEED).findings).toEqual([]);
}, 120_000);

test(`${RUN} of them are checked and served, or the program ends and says why (seed ${SEED})`, async () => {
  expect((await fuzzCommands(RUN, SEED)).findings).toEqual([]);
}, 120_000);
