/** What any backend may do to us, and what a v1 client gets to see of it. */
import { describe, expect, test } from "bun:test";
import { createLog } from "../../lib/log.ts";
import { BACKEND_LIMITS } from "../../lib/search/backend.ts";
import { createSearch } from "../../lib/search/search.ts";
import { scratch, serveDirectory } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import {
  type Answer,
  type BackendName,
  catalog,
  docs,
  FILES,
  gsaBody,
  gsaNamed,
  LIMITS,
  names,
  results,
  searchBy,
  startBackend,
} from "./backends.ts";

const afterwards = leftovers();

const serve = (answer: Answer) => startBackend(answer, afterwards);

describe.each<BackendName>(["solr", "gsa"])("%s", (backend) => {
  const sound = () =>
    backend === "solr" ? docs({ allTitle: "team/app" }) : new Response(gsaBody(gsaNamed("team/app")));
  const searchAt = async (origin: string, limits = LIMITS) =>
    results(await searchBy(backend, `${origin}/?x={0}`, { q: "app" }, limits));

  test.each<[number, 502 | 503]>([
    [201, 502],
    [204, 502],
    [400, 503],
    [403, 503],
    [404, 503],
    [500, 503],
    [503, 503],
  ])("that answers %i is a %i, as in Crane", async (answered, status) => {
    const { origin } = serve(() => new Response(answered === 204 ? null : "team/app", { status: answered }));
    expect(await searchAt(origin)).toEqual({ status, reason: `it answered ${answered}` });
  });

  test("may be somewhere else", async () => {
    const there = serve(sound);
    const { origin } = serve(() => Response.redirect(`${there.origin}/there`));
    expect(await searchAt(origin)).toMatchObject([{ name: "team/app" }]);
    expect(there.asked).toEqual(["/there"]);
  });

  test("that is nowhere in the end can't be reached", async () => {
    const { origin } = serve(() => Response.redirect("/again"));
    expect(await searchAt(origin)).toMatchObject({ status: 503 });
  });

  test("that is not there can't be reached", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const { origin } = server.url;
    await server.stop(true);
    expect(await searchAt(origin)).toEqual({ status: 503, reason: "ECONNREFUSED" });
  });

  test("whose name nobody knows can't be reached", async () => {
    expect(await searchAt("http://search.invalid")).toMatchObject({ status: 503 });
  });

  test("that never answers is too late", async () => {
    const { origin } = serve(() => new Promise<Response>(() => {}));
    expect(await searchAt(origin, { ...LIMITS, silence: 50 })).toEqual({ status: 504, reason: "it took too long" });
  });

  test("that stops in the middle of its answer is too late", async () => {
    const { origin } = serve(() => new Response(new ReadableStream({ start: (stream) => stream.enqueue("{") })));
    expect(await searchAt(origin, { ...LIMITS, silence: 50 })).toEqual({ status: 504, reason: "it took too long" });
  });

  test("that takes longer than it may be silent, but is not, is waited for", async () => {
    const body = await sound().text();
    async function* slowly() {
      yield body;
      const start = performance.now();
      while (performance.now() - start < 1200) {
        yield " ";
        await Bun.sleep(20);
      }
    }
    const { origin } = serve(() => new Response(slowly()));
    expect(await searchAt(origin, { ...LIMITS, silence: 1000 })).toMatchObject([{ name: "team/app" }]);
  });

  test("that goes on and on, a little at a time, is too late", async () => {
    let ticking: Timer | undefined;
    const { origin } = serve(
      () =>
        new Response(
          new ReadableStream({
            start: (stream) => {
              ticking = setInterval(() => stream.enqueue(" "), 5);
            },
            cancel: () => clearInterval(ticking),
          }),
        ),
    );
    expect(await searchAt(origin, { ...LIMITS, total: 100 })).toEqual({ status: 504, reason: "it took too long" });
    clearInterval(ticking);
  });

  test("that says too much is cut off, and a bad gateway", async () => {
    const cutOff = Promise.withResolvers<void>();
    const chunk = Buffer.alloc(65_536, " ");
    const { origin } = serve(
      () =>
        new Response(new ReadableStream({ pull: (stream) => stream.enqueue(chunk), cancel: () => cutOff.resolve() })),
    );
    expect(await searchAt(origin)).toEqual({ status: 502, reason: "it answered more than 100000 bytes" });
    await cutOff.promise;
  });

  test("that compresses what it was asked not to is a bad gateway, however much comes out of it", async () => {
    const body = Bun.gzipSync(Buffer.alloc(50_000_000, " "));
    const { origin } = serve(() => new Response(body, { headers: { "Content-Encoding": "gzip" } }));
    expect(body.length).toBeLessThan(LIMITS.bytes);
    expect(await searchAt(origin)).toEqual({ status: 502, reason: "its answer can't be read" });
  });

  test.each([
    ["nothing at all", ""],
    ["nonsense", "nonsense\r\n\r\n"],
    ["less than it said", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"],
    ["a chunk that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"],
  ])("whose HTTP is broken by %s is a bad gateway", async (_, text) => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (socket) => {
          socket.write(text);
          socket.end();
        },
      },
    });
    expect(await searchAt(`http://127.0.0.1:${server.port}`)).toMatchObject({ status: 502 });
    server.stop(true);
  });
});

const IMAGE = { documentKind: "ImageRepository" };

test("Crane's second of silence is kept to", () => {
  expect(BACKEND_LIMITS.silence).toBe(1000);
});

test("the appliance is asked where Solr is configured too, and the log says so", async () => {
  const solr = serve(() => docs());
  const gsa = serve(() => new Response(gsaBody(gsaNamed("team/app"))));
  const lines: string[] = [];
  const log = createLog({ format: "json", level: "info", write: (line) => lines.push(line), now: () => new Date(0) });
  const both = { gsa: { url: gsa.origin }, solr: { url: `${solr.origin}/?q={0}` } };
  const searched = await createSearch(both, { log })({ q: "x" }, { catalog, maySee: () => true });
  expect(names(searched)).toEqual(["team/app"]);
  expect(solr.asked).toEqual([]);
  const message = "two search backends are configured, one is used";
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: "warn", message, used: "gsa.url" }]);
});

describe("to a v1 client", () => {
  const data = scratch(FILES);
  afterwards(data.remove);

  async function answerWith(environment: Readonly<Record<string, string>>) {
    const craned = await serveDirectory(data.path, { environment });
    try {
      return { answer: await ask(craned.port, "/v1/search?q=app&n=5"), log: [...craned.log()].join("\n") };
    } finally {
      await craned.stop();
    }
  }

  test.each<[BackendName, Answer, string]>([
    ["solr", () => docs({ ...IMAGE, allTitle: "secret/app" }, { allTitle: "team/app", ir_stars: 3 }), "?q={0}"],
    ["gsa", () => new Response(gsaBody(gsaNamed("secret/app"), gsaNamed("team/app"))), ""],
  ])("the results of %s go out as they came", async (backend, found, query) => {
    const { origin, asked } = serve(found);
    const { answer } = await answerWith({ [`CRANE_${backend.toUpperCase()}_URL`]: `${origin}/${query}` });
    const first = { name: "team/app", description: "", is_trusted: false, is_official: false };
    const rest = backend === "solr" ? { star_count: 3, should_filter: false } : { star_count: 0, should_filter: true };
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ query: "app", num_results: 1, results: [{ ...first, ...rest }] });
    expect(asked).toEqual(["/?q=app"]);
  });

  test.each<[number, string, Answer | undefined]>([
    [502, "Bad Gateway", () => new Response("team/app")],
    [503, "Service Unavailable", undefined],
    [504, "Gateway Timeout", () => new Promise<Response>(() => {})],
  ])("a search that fails is a %i in plain text, and the log has it without the URL", async (status, text, found) => {
    const origin = found === undefined ? "http://127.0.0.1:1" : serve(found).origin;
    const { answer, log } = await answerWith({ CRANE_SOLR_URL: `${origin}/?key=hunter2&q={0}` });
    expect([answer.status, answer.body]).toEqual([status, text]);
    expect(answer.headers.get("content-type")).toStartWith("text/plain");
    expect(answer.headers.get("x-docker-registry-version")).toBe("0.6.6");
    expect(log).toContain(`"search failed","backend":"solr","status":${status}`);
    expect(log).not.toContain("hunter2");
  });
});
