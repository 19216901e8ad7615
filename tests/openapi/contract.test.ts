/** The document and the program, held to each other: what is answered is documented, what is documented is answered. */
import { describe, expect, test } from "bun:test";
import type { OpenApiDocument } from "../../lib/app/openapi/document.ts";
import { until } from "../harness/until.ts";
import { createSigner, pullOf } from "../harness/token-server.ts";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { ask, type RawAnswer, sendRaw } from "../harness/raw.ts";
import { type Contract, contractOf } from "./contract.ts";
import { CONTENT, FILE_REQUESTS, FILES, requestsOf } from "./registries.ts";
import { brokenRequests, type Sent, strayRequests } from "./requests.ts";

const AT_ONCE = 16;
const STRAYS = 3000;
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_124);

const putAway = leftovers();
const data = scratch(FILES);
putAway(data.remove);

async function start(args: readonly string[], directory = data.path): Promise<Craned> {
  const craned = await serveDirectory(directory, { args });
  putAway(craned.stop);
  return craned;
}

async function documentOf({ port }: Craned): Promise<OpenApiDocument> {
  return JSON.parse((await ask(port, "/openapi.json")).body);
}

async function send({ port }: Craned, { method, target, headers = {}, line }: Sent): Promise<RawAnswer | undefined> {
  const all = { Host: `127.0.0.1:${port}`, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const broken = line === undefined ? "" : `${line}\r\n`;
  const request = `${method} ${target} HTTP/1.1\r\n${lines.join("")}${broken}Connection: close\r\n\r\n`;
  const [answer] = await sendRaw(port, request);
  return answer;
}

/** Asks all and tells what is not as documented. */
async function hold(craned: Craned, contract: Contract, requests: readonly Sent[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  const left = [...requests];
  const lane = async () => {
    for (let request = left.shift(); request !== undefined; request = left.shift()) {
      const answer = await send(craned, request);
      const name = `${request.method} ${request.target.slice(0, 100)} ${JSON.stringify(request.headers ?? {})}`;
      if (answer === undefined) wrong.push(`${name}: no answer`);
      else wrong.push(...contract.judge(request, answer).map((each) => `${name} ${answer.status}: ${each}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return wrong;
}

/** A fault of the program can't be asked for. */
const isFault = (line: string): boolean => / 500( |$)/.test(line);
/** Seen of the one that lets another server search. */
const isOfNoRoom = (line: string): boolean => / \/v[12]\/.* 503( UNAVAILABLE)?$/.test(line);
/** Redirects and lists of tags are so quick that there is always room for them. */
const isAtOnce = (line: string): boolean =>
  / \/v2\/ | \/v2\/\S+\/(?:manifests|blobs|tags)\/| \/v1\/images\//.test(line);
/** These are the same for all registries, and are seen of the one that is open. */
const isOfTheOpenOne = (line: string): boolean =>
  isFault(line) ||
  isOfNoRoom(line) ||
  / \/readyz 503$| \/(?:crane\/repositories(?:\/v[12])?|healthz|readyz|metrics) 404$/.test(line);

describe("a registry that is open and redirects", async () => {
  const craned = await start([]);
  const contract = contractOf(await documentOf(craned), (line) => isFault(line) || isOfNoRoom(line));

  test("answers as documented", async () => {
    expect(await hold(craned, contract, requestsOf())).toEqual([]);
  });

  test("answers what is broken or nobody's as documented", async () => {
    const document = await documentOf(craned);
    expect(await hold(craned, contract, brokenRequests(document))).toEqual([]);
  });

  test(`answers ${STRAYS} requests that nobody thought of as documented (seed ${SEED})`, async () => {
    expect(await hold(craned, contract, strayRequests(STRAYS, SEED))).toEqual([]);
  }, 60_000);

  test("says when it is not loaded, and hides pages from who may not see them, as documented", async () => {
    const unloaded = await start([], `${data.path}/none`);
    const args = ["admin", "metrics", "health"].flatMap((section) => [`--${section}-allow`, "192.0.2.0/24"]);
    const secretive = await serveDirectory(data.path, { args });
    putAway(secretive.stop);
    const ready = ["GET", "HEAD"].map((method) => ({ method, target: "/readyz" }));
    expect(await hold(unloaded, contract, ready)).toEqual([]);
    const pages = requestsOf().filter(({ target }) => /^\/(?:crane\/|metrics|healthz|readyz)/.test(target));
    expect(await hold(secretive, contract, pages)).toEqual([]);
  });

  test("documents nothing that does not occur", () => {
    expect(contract.unseen()).toEqual([]);
  });
});

describe("a registry that serves its files", async () => {
  const content = scratch(CONTENT);
  putAway(content.remove);
  const craned = await start([
    "--serve-content-enable",
    "--serve-content-content-dir-v1",
    `${content.path}/v1`,
    "--serve-content-content-dir-v2",
    `${content.path}/v2`,
    "--log-request-ids",
  ]);
  const document = await documentOf(craned);
  const contract = contractOf(document, isOfTheOpenOne);

  test("answers as documented", async () => {
    const requests = [...requestsOf(), ...FILE_REQUESTS, ...brokenRequests(document)];
    expect(await hold(craned, contract, requests)).toEqual([]);
  });

  test(`answers ${STRAYS} requests that nobody thought of as documented (seed ${SEED + 1})`, async () => {
    expect(await hold(craned, contract, strayRequests(STRAYS, SEED + 1))).toEqual([]);
  }, 60_000);

  test("documents nothing that does not occur", () => {
    expect(contract.unseen()).toEqual([]);
  });
});

const authorized = (value: string) => ({ Authorization: value });
const basic = (user: string, password: string) => authorized(`Basic ${btoa(`${user}:${password}`)}`);

describe("a registry that asks for passwords", async () => {
  // Slow enough for the queue to stay full while each route is asked.
  const hash = await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 10 });
  const craned = await start(["--auth-htpasswd", data.write("htpasswd", `alice:${hash}\n`)]);
  const document = await documentOf(craned);
  const contract = contractOf(document, isOfTheOpenOne);
  const guarded = requestsOf().filter(({ target }) => /^\/v[12]/.test(target));

  test("says how in the document", () => {
    expect(document.components.securitySchemes).toEqual({
      password: { type: "http", scheme: "basic", description: expect.any(String) },
    });
    expect(document.security).toEqual([{ password: [] }]);
  });

  test("answers as documented", async () => {
    const requests = [...requestsOf(basic("alice", "secret")), ...requestsOf(), ...brokenRequests(document)];
    expect(await hold(craned, contract, requests)).toEqual([]);
  });

  test("answers those who come when too many do as documented", async () => {
    let guess = 0;
    const guessing = (row: Sent): Sent => ({ ...row, headers: { ...row.headers, ...basic("alice", `${guess++}`) } });
    const waiting: Promise<unknown>[] = [];
    const untilFull = new Promise<void>((resolve) => {
      for (let count = 0; count < 150; count++) {
        const asked = send(craned, guessing({ method: "GET", target: "/v2/" })).catch(() => undefined);
        waiting.push(asked.then((answer) => answer?.status === 429 && resolve()));
      }
    });
    await untilFull;
    const wrong: string[] = [];
    // Twice, since a place may become free for one.
    const busy = [...guarded, ...guarded].map(async (row) => {
      const answer = await send(craned, guessing(row)).catch(() => undefined);
      if (answer !== undefined) wrong.push(...contract.judge(row, answer));
    });
    await until(() => !contract.unseen().some((line) => line.includes(" 429")));
    craned.signal("SIGKILL");
    await Promise.all([...busy, ...waiting]);
    expect(wrong).toEqual([]);
  }, 60_000);

  test("documents nothing that does not occur", () => {
    expect(contract.unseen()).toEqual([]);
  });
});

describe("a registry that asks for tokens", async () => {
  const { jwk, sign } = await createSigner("ES256");
  const jwks = data.write("keys/jwks", { keys: [jwk] });
  const craned = await start([
    ...["--auth-token-realm", "https://auth.test/token", "--auth-token-service", "registry.test"],
    ...["--auth-token-issuer", "auth.test", "--auth-token-jwks", jwks],
  ]);
  const document = await documentOf(craned);
  const contract = contractOf(document, isOfTheOpenOne);
  const now = Math.floor(Date.now() / 1000);
  const access = [
    ...pullOf("team/app", "old", "gone", "no/such"),
    { type: "registry", name: "catalog", actions: ["*"] },
  ];
  const claims = { iss: "auth.test", aud: "registry.test", exp: now + 600, nbf: now - 60, iat: now, access };
  const token = await sign({ claims });

  test("says how in the document", () => {
    expect(document.components.securitySchemes).toEqual({
      token: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: expect.stringContaining("auth.test") },
    });
    expect(document.security).toEqual([{ token: [] }]);
  });

  test("answers as documented", async () => {
    const requests = [...requestsOf(authorized(`Bearer ${token}`)), ...requestsOf(), ...brokenRequests(document)];
    expect(await hold(craned, contract, requests)).toEqual([]);
  });

  test("documents nothing that does not occur", () => {
    expect(contract.unseen()).toEqual([]);
  });
});

describe("a registry that lets another server search", async () => {
  const { promise: waiting, resolve: wait } = Promise.withResolvers<void>();
  const solr = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => {
      if (url.includes("never-ever")) wait();
      if (url.includes("never")) return new Promise<Response>(() => {});
      return url.includes("good") ? Response.json({ response: { docs: [] } }) : new Response("<nonsense>");
    },
  });
  putAway(() => solr.stop(true));
  const gone = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  await gone.stop(true);
  const craned = await start(["--solr-url", `http://127.0.0.1:${solr.port}/?q={0}`]);
  const unhappy = await start(["--solr-url", `http://127.0.0.1:${gone.port}/?q={0}`]);
  const contract = contractOf(await documentOf(craned), (line) => isFault(line) || !line.includes(" /v1/search"));

  test("answers as documented", async () => {
    const asking = (words: readonly string[]) =>
      words.flatMap((q) => ["GET", "HEAD"].map((method) => ({ method, target: `/v1/search?q=${q}` })));
    const broken = brokenRequests(await documentOf(craned));
    expect(await hold(craned, contract, [...asking(["good", "bad", "never", ""]), ...broken])).toEqual([]);
    expect(await hold(unhappy, contract, asking(["good"]))).toEqual([]);
  });

  test("answers those who find no room as documented", async () => {
    const full = await start(["--solr-url", `http://127.0.0.1:${solr.port}/?q={0}`, "--limits-connections", "1"]);
    const crowded = contractOf(await documentOf(full), (line) => !isOfNoRoom(line) || isAtOnce(line));
    const first = send(full, { method: "GET", target: "/v1/search?q=never-ever" });
    await waiting;
    const health = ["/healthz", "/readyz"].map((target) => ({ method: "GET", target }));
    const requests = [...requestsOf().filter(({ target }) => /^\/v[12]/.test(target)), ...health];
    expect(await hold(full, crowded, requests)).toEqual([]);
    expect(crowded.unseen()).toEqual([]);
    full.signal("SIGKILL");
    await first.catch(() => undefined);
  });

  test("documents nothing that does not occur", () => {
    expect(contract.unseen()).toEqual([]);
  });
});
