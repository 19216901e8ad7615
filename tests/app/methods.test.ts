/** Methods, and what stands beside the registry. */
import { describe, expect, test } from "bun:test";
import { ask } from "../harness/raw.ts";
import { digest } from "../harness/redirect-files.ts";
import { serveRegistry, V1, V2 } from "./registry.ts";

const served = serveRegistry();

describe("methods", () => {
  const withoutBody = ({ head }: { head: string }) => head.replace(/Date: .*\r?\n?/, "").toLowerCase();
  for (const [target, accept] of [...V2, ...V1]) {
    test(`HEAD is GET without its body: ${target} ${accept ?? ""}`, async () => {
      const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept };
      const got = await ask(served.port(), target, { headers });
      const headed = await ask(served.port(), target, { headers, method: "HEAD" });
      expect(withoutBody(headed)).toBe(withoutBody(got));
      expect(headed.body).toBe("");
    });
  }

  const ROWS: readonly (readonly [method: string, target: string, allow: string])[] = [
    ["PUT", "/v2/team/app/manifests/1.0", "GET, HEAD"],
    ["DELETE", `/v2/team/app/manifests/${digest("2")}`, "GET, HEAD"],
    ["POST", "/v2/team/app/blobs/uploads/", "GET, HEAD"],
    ["PATCH", "/v2/_catalog", "GET, HEAD"],
    ["OPTIONS", "/v2/", "GET, HEAD"],
    ["TRACE", "/v2/team/app/tags/list", "GET, HEAD"],
    ["CONNECT", "/v2/team/app/tags/list", "GET, HEAD"],
    ["PUT", "/v1/repositories/both/images", "GET, HEAD"],
    ["DELETE", "/v1/users", "GET, HEAD, POST"],
  ];
  for (const [method, target, allow] of ROWS) {
    test(`${method} ${target} is not allowed`, async () => {
      const answer = await ask(served.port(), target, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe(allow);
      if (target.startsWith("/v2")) expect(JSON.parse(answer.body).errors[0].code).toBe("UNSUPPORTED");
      else expect(answer.headers.get("content-type")).toStartWith("text/plain");
    });
  }
});

describe("health", () => {
  test("says that the process is alive; readiness is management's", async () => {
    expect(JSON.parse((await ask(served.port(), "/healthz")).body)).toEqual({ status: "alive" });
    expect((await ask(served.port(), "/readyz")).status).toBe(404);
  });

  test("answers what is nowhere in plain text", async () => {
    const answer = await ask(served.port(), "/nowhere");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "text/plain; charset=utf-8"]);
  });
});
