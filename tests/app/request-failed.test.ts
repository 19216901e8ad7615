/** A fault of the program: the client sees 500 and an id, and the log says under that id what it was. */
import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import { createLog } from "../../lib/log.ts";
import { scratch } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import { serveApp } from "../harness/registry-app.ts";

const putAway = leftovers();

test("a request that fails has one id in its answer and in the log", async () => {
  const data = scratch();
  putAway(data.remove);
  const lines: string[] = [];
  const log = createLog({ format: "json", level: "info", write: (line) => lines.push(line), now: () => new Date() });
  const broken = new Elysia().get("/v1/broken", () => {
    throw new Error("it broke");
  });
  const settings = "[log]\nrequest_ids: yes\n";
  const { port, close } = await serveApp({ settings, dataDir: data.path, log, others: [broken] });
  putAway(close);
  for (let time = 0; time < 2; time++) {
    lines.length = 0;
    const answer = await ask(port, "/v1/broken");
    const id = answer.headers.get("x-request-id");
    expect([answer.status, id]).toEqual([500, expect.stringMatching(/^[\da-f]{12}-[\da-f]+$/)]);
    const [line, ...others] = lines.map((each) => JSON.parse(each));
    expect([line?.message, line?.error, line?.["request.id"]]).toEqual(["request failed", "Error: it broke", id]);
    expect(others).toEqual([]);
  }
});
