/** What Crane 3.3.1 answered, asked of us; what differs is listed, and nothing else may. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Craned, scratch, startCraned } from "../harness/craned.ts";
import { ask } from "../harness/raw.ts";

interface Case {
  readonly config: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly response_headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

interface Vectors {
  readonly configs: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
}

const HERE = join(import.meta.dir, "../vectors/crane-3.3.1");
const directory = process.env["CRANE_VECTORS"] ?? HERE;
const vectors: Vectors = JSON.parse(readFileSync(join(directory, "crane-3.3.1.json"), "utf8"));

const COVERED = ["plain", "endpoint"];

/** Error bodies under /v2 are OCI's: status and form are compared, not the words. */
const isV2Error = ({ path, status }: Case): boolean => path.startsWith("/v2/") && status >= 400;
/** The original had neither of these; it answered 404. */
const isNew = ({ path, status }: Case): boolean =>
  status === 404 && (path === "/v2/_catalog" || path.startsWith("/v1/search?q="));

for (const config of COVERED) {
  describe(`Crane 3.3.1, configuration ${config}`, () => {
    let craned: Craned;
    const settings = scratch();
    beforeAll(async () => {
      const dataDir = join(directory, "data");
      const path = settings.write(
        "crane.conf",
        `[general]\ndata_dir: ${dataDir}\ndebug: false\n${vectors.configs[config]}`,
      );
      craned = await startCraned(["--host", "127.0.0.1", "--port", "0"], { CRANE_CONFIG_PATH: path });
    });
    afterAll(async () => {
      await craned.stop();
      settings.remove();
    });

    const cases = vectors.cases.filter((each) => each.config === config);
    test("has cases", () => expect(cases.length).toBeGreaterThan(0));

    for (const [number, each] of cases.entries()) {
      test(`${number} ${each.method} ${each.path} ${each.headers["Accept"] ?? ""}`, async () => {
        const answer = await ask(craned.port, each.path, {
          method: each.method,
          headers: { ...each.headers, Host: "registry.test:5000" },
        });
        expect(answer.headers.get("content-type") ?? "").not.toContain("html");
        if (isNew(each)) return expect(answer.status).toBe(200);
        expect(answer.status).toBe(each.status);
        for (const [name, value] of Object.entries(each.response_headers)) {
          const isJson = value === "application/json";
          if (name !== "content-type" || isJson) expect(answer.headers.get(name)).toBe(value);
        }
        if (isV2Error(each)) expect(JSON.parse(answer.body).errors[0].code).toMatch(/^[A-Z_]+$/);
        else if (each.json !== undefined) expect(JSON.parse(answer.body)).toEqual(each.json);
      });
    }
  });
}
