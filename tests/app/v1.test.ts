/** What the v1 API answers, to the listening binary. */
import { describe, expect, test } from "bun:test";
import { ask } from "../harness/raw.ts";
import { serveRegistry, V1 } from "./registry.ts";

const served = serveRegistry();

describe("v1", () => {
  for (const [target, , { status, location, json }] of V1) {
    test(target, async () => {
      const answer = await ask(served.port(), target);
      expect(answer.status).toBe(status);
      expect(answer.headers.get("x-docker-registry-version")).toBe("0.6.6");
      expect(answer.headers.get("x-docker-registry-config")).toBe("common");
      expect(answer.headers.get("location")).toBe(location);
      if (json !== undefined) expect(JSON.parse(answer.body)).toEqual(json);
      if (status === 200) expect(answer.headers.get("content-type")).toBe("application/json");
      if (status >= 400) expect(answer.headers.get("content-type")).toStartWith("text/plain");
    });
  }

  test("names the endpoint that the client knows", async () => {
    const answer = await ask(served.port(), "/v1/repositories/both/images", { headers: { Host: "crane.test:81" } });
    expect(answer.headers.get("x-docker-endpoints")).toBe("crane.test:81");
  });

  test("searches the names that anybody may see, on both APIs", async () => {
    const { num_results, results } = JSON.parse((await ask(served.port(), "/v1/search?q=T")).body);
    expect(num_results).toBe(5);
    const names: string[] = results.map((each: { name: string }) => each.name);
    expect(names).toEqual(["tags/manifests/blobs", "team/app", "both", "empty", "flat"]);
  });

  test("takes the posts that docker login makes, and keeps nothing", async () => {
    const answer = await ask(served.port(), "/v1/users/", { method: "POST", headers: { "Content-Length": "0" } });
    expect([answer.status, answer.body]).toEqual([201, '"User Created"']);
  });
});
