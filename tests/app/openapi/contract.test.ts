/** The document and the program, held to each other: all that occurs is documented, all that is documented occurs. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../../harness/craned.ts";
import { leftovers } from "../../harness/programs.ts";
import { ask } from "../../harness/raw.ts";
import { digest } from "../../harness/redirect-files.ts";
import { CATALOG, createSigner, pullOf } from "../../harness/token-server.ts";
import { type Contract, contractOf, type OpenApiDocument } from "./contract.ts";
import { ALL_FILES, CONTENT, FILE_REQUESTS, requestsOf } from "./registries.ts";
import { otherMethods, type Sent, strayRequests } from "./requests.ts";

setDefaultTimeout(120_000);

const AT_ONCE = 8;
const STRAYS = 1000;
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_124);

const putAway = leftovers();
const data = scratch(ALL_FILES);
putAway(data.remove);

async function start(args: readonly string[], directory = data.path): Promise<Craned> {
  const craned = await serveDirectory(directory, {
    args: ["--management-on-registry-port", "--management-listen", "off", ...args],
  });
  putAway(craned.stop);
  return craned;
}

const documentOf = async (port: number): Promise<OpenApiDocument> =>
  JSON.parse((await ask(port, "/openapi.json")).body);

const contractWith = async ({ port }: Craned, spares: (line: string) => boolean): Promise<Contract> =>
  contractOf(await documentOf(port), spares);

/** Returns the requests that an answer suggests: its state again, and its redirect explained. */
function follow({ method, target, headers }: Sent, { status, headers: sent }: Awaited<ReturnType<typeof ask>>): Sent[] {
  const etag = sent.get("etag");
  const more = (added: Readonly<Record<string, string>>) => [{ method, target, headers: { ...headers, ...added } }];
  return [
    ...(status === 200 && etag !== undefined && headers?.["If-None-Match"] === undefined
      ? more({ "If-None-Match": `"other", W/${etag}` })
      : []),
    ...(status === 302 && !target.endsWith("explain")
      ? [{ method, target: `${target}${target.includes("?") ? "&" : "?"}explain`, headers: { ...headers } }]
      : []),
  ];
}

/** Sends all requests and those that their answers suggest. Returns what is not as documented. */
async function hold(port: number, contract: Contract, requests: readonly Sent[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  const left = [...requests];
  const lane = async () => {
    for (let request = left.shift(); request !== undefined; request = left.shift()) {
      const answer = await ask(port, request.target, request);
      const name = `${request.method} ${request.target.slice(0, 100)} ${JSON.stringify(request.headers ?? {})}`;
      wrong.push(...contract.judge(request, answer).map((each) => `${name} ${answer.status}: ${each}`));
      left.push(...follow(request, answer));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return wrong;
}

/** Answers that are the same for all registries, and are seen of the first. */
const isOfAll = (line: string): boolean => / \/readyz 503$/.test(line);

describe("a registry that redirects", async () => {
  const craned = await start(["--log-request-ids"]);
  const contract = await contractWith(craned, () => false);

  test("answers as documented", async () => {
    expect(await hold(craned.port, contract, requestsOf())).toEqual([]);
  });

  test("refuses other methods as documented", async () => {
    expect(await hold(craned.port, contract, otherMethods(await documentOf(craned.port)))).toEqual([]);
  });

  test(`answers ${STRAYS} requests that nobody thought of as documented (seed ${SEED})`, async () => {
    expect(await hold(craned.port, contract, strayRequests(STRAYS, SEED))).toEqual([]);
  });

  test("says that it is not loaded as documented", async () => {
    const unloaded = await start(["--log-request-ids"], `${data.path}/none`);
    expect(await hold(unloaded.port, contract, [{ method: "GET", target: "/readyz" }])).toEqual([]);
  });

  test("documents nothing that does not occur", () => {
    expect(contract.unseen()).toEqual([]);
  });
});

describe("a registry that sends its files", async () => {
  const content = scratch(CONTENT);
  putAway(content.remove);
  const directories = ["v1", "v2"].flatMap((api) => [`--serve-content-content-dir-${api}`, `${content.path}/${api}`]);
  const craned = await start(["--serve-content-enable", ...directories]);
  const contract = await contractWith(craned, isOfAll);

  test("answers as documented", async () => {
    expect(await hold(craned.port, contract, [...requestsOf(), ...FILE_REQUESTS])).toEqual([]);
  });

  test("documents nothing that does not occur", () => {
    expect(contract.unseen()).toEqual([]);
  });
});

const authorized = (value: string) => ({ Authorization: value });
const basic = (password: string) => authorized(`Basic ${btoa(`alice:${password}`)}`);

/** Lists have no ETag where answers depend on who asks. */
const isPrivate = (line: string): boolean => isOfAll(line) || / 304$/.test(line);

describe("a registry that asks for passwords", async () => {
  // Slow enough for the queue to stay full.
  const hash = await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 8 });
  const craned = await start(["--auth-htpasswd", data.write("htpasswd", `alice:${hash}\n`)]);
  const contract = await contractWith(craned, (line) => isPrivate(line) || / 429/.test(line));

  test("answers as documented", async () => {
    expect(await hold(craned.port, contract, [...requestsOf(basic("secret")), ...requestsOf()])).toEqual([]);
  });

  test("answers clients that guess too many passwords as documented", async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, guess) => {
        const request = { method: "GET", target: guess % 2 === 0 ? "/v2/" : "/v1/_ping", headers: basic(`${guess}`) };
        const answer = await ask(craned.port, request.target, request);
        return { status: answer.status, wrong: contract.judge(request, answer) };
      }),
    );
    expect(answers.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
  });

  test("documents nothing that does not occur", () => {
    expect(contract.unseen()).toEqual([]);
  });
});

test("a registry that asks for tokens answers as documented", async () => {
  const { jwk, sign } = await createSigner("ES256");
  const craned = await start([
    ...["--auth-token-realm", "https://auth.test/token", "--auth-token-service", "registry.test"],
    ...["--auth-token-issuer", "auth.test", "--auth-token-jwks", data.write("keys/jwks", { keys: [jwk] })],
  ]);
  const now = Math.floor(Date.now() / 1000);
  const access = [...pullOf("team/app", "old", "gone", "no/such", "whole", "bare"), CATALOG];
  const token = await sign({
    claims: { iss: "auth.test", aud: "registry.test", exp: now + 600, nbf: now - 60, iat: now, access },
  });
  const contract = await contractWith(craned, isPrivate);
  expect(await hold(craned.port, contract, [...requestsOf(authorized(`Bearer ${token}`)), ...requestsOf()])).toEqual(
    [],
  );
  expect(contract.unseen()).toEqual([]);
});

test("a registry that lets another server search answers as documented", async () => {
  const solr = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => {
      if (url.includes("never")) return new Promise<Response>(() => {});
      return url.includes("good") ? Response.json({ response: { docs: [] } }) : new Response("<nonsense>");
    },
  });
  putAway(() => solr.stop(true));
  const away = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  await away.stop(true);
  const asking = (words: readonly string[]) =>
    words.flatMap((q) => ["GET", "HEAD"].map((method) => ({ method, target: `/v1/search?q=${q}` })));
  const craned = await start(["--solr-url", `http://127.0.0.1:${solr.port}/?q={0}`]);
  const unhappy = await start(["--solr-url", `http://127.0.0.1:${away.port}/?q={0}`]);
  const contract = await contractWith(craned, (line) => !line.includes(" /v1/search"));
  expect(await hold(craned.port, contract, asking(["good", "bad", "never", ""]))).toEqual([]);
  expect(await hold(unhappy.port, contract, asking(["good"]))).toEqual([]);
  expect(contract.unseen()).toEqual([]);
});

test("a registry that pages of other origins may read answers as documented", async () => {
  const craned = await start(["--cors-origins", "https://ui.test"]);
  const contract = await contractWith(craned, () => false);
  const origins = ["https://ui.test", "https://evil.test"].flatMap((Origin) => requestsOf({ Origin }));
  expect(await hold(craned.port, contract, origins)).toEqual([]);
  const explain = (headers: Readonly<Record<string, string>>) =>
    ask(craned.port, "/v2/old/tags/list?explain", { headers });
  expect((await explain({})).status).toBe(204);
  expect((await explain({ Origin: "https://ui.test" })).status).toBe(302);
});

test("management answers as documented on its own listener, and the registry does not answer for it", async () => {
  const craned = await serveDirectory(data.path, { args: ["--management-listen", "127.0.0.1:0", "--log-request-ids"] });
  putAway(craned.stop);
  const line = await craned.logged((each) => each.includes("management on "));
  const port = Number(/management on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
  const isManaged = ({ target }: Sent) => /^\/(?:crane\/|metrics|readyz)/.test(target);
  const requests = requestsOf().filter((each) => isManaged(each) && each.method === "GET");
  const contract = await contractWith(craned, (each) => isOfAll(each) || !/ \/(?:crane\/|metrics|readyz)/.test(each));
  const foreign = requests.map((each) => ({ ...each, headers: { ...each.headers, Host: "evil.test" } }));
  expect(await hold(port, contract, [...requests, ...foreign])).toEqual([]);
  expect(contract.unseen()).toEqual([]);
  const statuses = await Promise.all(requests.map(async ({ target }) => (await ask(craned.port, target)).status));
  expect(new Set(statuses)).toEqual(new Set([404]));
});

test("the caching of a redirect by digest is that of a location, of one by tag is to ask again", async () => {
  const craned = await start([]);
  const control = async (target: string) =>
    (await ask(craned.port, target, { headers: { Accept: "*/*" } })).headers.get("cache-control");
  expect(await control(`/v2/team/app/blobs/${digest("2")}`)).toBe("public, max-age=60");
  expect(await control("/v2/team/app/manifests/1.0")).toBe("no-cache");
});
