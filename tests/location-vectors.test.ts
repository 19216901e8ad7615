/** What Crane 3.3.1 redirected to with a CDN configured, at the second at which it did. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startListening } from "../lib/cli/running.ts";
import { loadConfig } from "../lib/config/load.ts";
import type { Listener } from "../lib/http/listener.ts";
import { createLog } from "../lib/log.ts";
import { readDirectoryOnce } from "../lib/store/store.ts";
import { ask } from "./harness/raw.ts";

interface Vectors {
  readonly clock: number;
  readonly configs: Readonly<Record<string, string>>;
  readonly cases: readonly {
    readonly config: string;
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly status: number;
    readonly response_headers: Readonly<Record<string, string>>;
  }[];
}

const directory = process.env["CRANE_VECTORS"] ?? join(import.meta.dir, "vectors/crane-3.3.1");
const vectors: Vectors = JSON.parse(readFileSync(join(directory, "crane-3.3.1.json"), "utf8"));

async function serve(settings: string): Promise<Listener> {
  const loaded = loadConfig({
    flags: { "server.host": "127.0.0.1", "server.port": "0" },
    environment: {},
    readFile: () => ({ kind: "text", text: `[general]\ndata_dir: ${join(directory, "data")}\n${settings}` }),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const log = createLog({ format: "text", level: "error", write: () => {}, now: () => new Date() });
  const snapshot = await readDirectoryOnce(loaded.config.general.dataDir);
  return startListening({ config: loaded.config, log, snapshot: () => snapshot, now: () => vectors.clock });
}

describe.each(["cdn", "cdn-sha1"])("Crane 3.3.1, configuration %s", (config) => {
  const cases = vectors.cases.filter((each) => each.config === config);
  let listener: Listener;
  beforeAll(async () => {
    listener = await serve(vectors.configs[config] ?? "");
  });
  afterAll(() => listener.close(0));

  test("has redirects on both APIs", () => {
    const redirected = cases.filter(({ status }) => status === 302).map(({ path }) => path.slice(0, 4));
    expect(new Set(redirected)).toEqual(new Set(["/v1/", "/v2/"]));
  });

  test.each(cases.map((each, number) => [`${number} ${each.method} ${each.path}`, each] as const))(
    "%s",
    async (_, { method, path, headers, status, response_headers }) => {
      // Asked twice, since an answer that is remembered must be no other.
      for (let time = 0; time < 2; time++) {
        const answer = await ask(listener.port, path, { method, headers: { ...headers, Host: "registry.test:5000" } });
        expect(answer.status).toBe(status);
        expect(answer.headers.get("location")).toBe(response_headers["location"]);
      }
    },
  );
});
