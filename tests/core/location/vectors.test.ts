/** What Crane 3.3.1 redirected to with a CDN configured, at the second at which it did. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../../../lib/log.ts";
import { ask } from "../../harness/raw.ts";
import { serveApp } from "../../harness/registry-app.ts";

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

const directory = process.env["CRANE_VECTORS"] ?? join(import.meta.dir, "../../vectors/crane-3.3.1");
const vectors: Vectors = JSON.parse(readFileSync(join(directory, "crane-3.3.1.json"), "utf8"));

const log = createLog({ format: "text", level: "error", write: () => {}, now: () => new Date() });

const serve = (settings: string, now = () => vectors.clock) =>
  serveApp({ settings, dataDir: join(directory, "data"), log, now });

describe.each(["cdn", "cdn-sha1"])("Crane 3.3.1, configuration %s", (config) => {
  const cases = vectors.cases.filter((each) => each.config === config);
  let listener: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    listener = await serve(vectors.configs[config] ?? "");
  });
  afterAll(() => listener.close());

  test("has redirects on both APIs", () => {
    const redirected = cases.filter(({ status }) => status === 302).map(({ path }) => path.slice(0, 4));
    expect(new Set(redirected)).toEqual(new Set(["/v1/", "/v2/"]));
  });

  test.each(cases.map((each, number) => [`${number} ${each.method} ${each.path}`, each] as const))(
    "%s",
    async (_, { method, path, headers, status, response_headers }) => {
      // From the third time on, an answer is given again that was kept: it must be no other.
      for (let time = 0; time < 3; time++) {
        const answer = await ask(listener.port, path, { method, headers: { ...headers, Host: "registry.test:5000" } });
        expect(answer.status).toBe(status);
        expect(answer.headers.get("location")).toBe(response_headers["location"]);
      }
    },
  );
});

describe("a signed redirect", () => {
  const redirected = vectors.cases.find(({ status, path }) => status === 302 && path.startsWith("/v2/"));
  const path = redirected?.path ?? "";

  test("is not given again when the clock has gone on", async () => {
    let now = vectors.clock;
    const listener = await serve("[cdn]\nurl_auth_secret: 0badc0ffee\nurl_auth_ttl: 10\n", () => now);
    try {
      for (let second = 0; second < 3; second++) {
        now = vectors.clock + second;
        const { headers } = await ask(listener.port, path);
        expect(headers.get("location")).toContain(`exp=${now + 10}~`);
      }
    } finally {
      await listener.close();
    }
  });

  test("is for the method that the client uses, where signatures tell methods apart", async () => {
    const keys = "s3_region: us-east-1\ns3_access_key_id: AKID\ns3_secret_access_key: secret\n";
    const listener = await serve(`[cdn]\nsigner: s3\n${keys}`);
    const locationFor = async (method: string) =>
      (await ask(listener.port, path, { method })).headers.get("location") ?? "";
    try {
      const [get, head] = [await locationFor("GET"), await locationFor("HEAD")];
      expect(get).toContain("X-Amz-Signature=");
      expect(head.split("X-Amz-Signature=")[0]).toBe(get.split("X-Amz-Signature=")[0] ?? "");
      expect(head).not.toBe(get);
      expect(await locationFor("GET")).toBe(get);
    } finally {
      await listener.close();
    }
  });
});
