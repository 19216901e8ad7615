/** A fault of our own: the client sees 500 and an id, and the log says under that id what it was. */
import { expect, test } from "bun:test";
import { composeRegistry } from "../lib/server/composition.ts";
import { startListening } from "../lib/server/listening.ts";
import { loadConfig } from "../lib/config/load.ts";
import { createLog } from "../lib/log.ts";
import { readDirectoryOnce } from "../lib/store/store.ts";
import { scratch } from "./harness/craned.ts";
import { leftovers } from "./harness/programs.ts";
import { ask } from "./harness/raw.ts";

const putAway = leftovers();

test("a request that fails has one id in its answer and in the log", async () => {
  const data = scratch();
  putAway(data.remove);
  const loaded = loadConfig({
    flags: { "server.host": "127.0.0.1", "server.port": "0", "general.data_dir": data.path },
    environment: {},
    readFile: () => ({ kind: "text", text: "" }),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const lines: string[] = [];
  const log = createLog({ format: "json", level: "info", write: (line) => lines.push(line), now: () => new Date() });
  const snapshot = await readDirectoryOnce(data.path);
  const { config } = loaded;
  const { registry, close } = await composeRegistry({ config, log, snapshot: () => snapshot, authorities: undefined });
  putAway(close);
  const broken = { ...registry, search: () => Promise.reject(new Error("the search broke")) };
  const listener = startListening({ server: config.server, log, registry: broken, requestIds: true });
  putAway(() => listener.close(0));

  for (let time = 0; time < 2; time++) {
    lines.length = 0;
    const answer = await ask(listener.port, "/v1/search?q=x");
    const id = answer.headers.get("x-request-id");
    expect([answer.status, id]).toEqual([500, expect.stringMatching(/^[\da-f]{12}-[\da-f]{3}$/)]);
    const [line, ...others] = lines.map((each) => JSON.parse(each));
    expect([line?.message, line?.error, line?.["request.id"]]).toEqual([
      "request failed",
      "Error: the search broke",
      id,
    ]);
    expect(others).toEqual([]);
  }
});
