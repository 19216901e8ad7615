/** Requests of every kind, and whether their answers are right at the moment that they come. */
import { type RawAnswer, sendRaw } from "../../tests/harness/raw.ts";
import type { Changing } from "./changes.ts";
import type { Asked, History } from "./history.ts";
import { digestOf, generationOf, SCHEMA_2, tagsOf } from "./redirects.ts";

/** Asks something once. @returns what is wrong with the answer */
type Kind = (origin: string, each: Changing) => Promise<string | undefined>;

interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

async function get(
  url: string,
  { method = "GET", isNew = false, headers = SCHEMA_2 as Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const answer = await fetch(url, { method, headers, redirect: "manual", keepalive: !isNew });
  const body = await answer.text();
  const type = answer.headers.get("content-type") ?? "";
  if (answer.status >= 500 || /html/i.test(type)) throw new Error(`${method} ${url}: ${answer.status} ${type} ${body}`);
  return { status: answer.status, location: answer.headers.get("location"), body };
}

const NAME_UNKNOWN = "NAME_UNKNOWN";
const MANIFEST_UNKNOWN = "MANIFEST_UNKNOWN";
const codeOf = (body: string): string => (body === "" ? "" : JSON.parse(body).errors?.[0]?.code);

const wrongly = (history: History, asked: Asked, what: string, { status, location, body }: Answer): string =>
  `${what}: ${status} ${location ?? body.slice(0, 200)}, with ${history.current()} on disk, after ${Math.round(performance.now() - asked.at)} ms`;

/** A manifest or a blob: the redirect is of a generation that the file had, or the repository is not there. */
function redirect(suffix: (generation: number) => string, method = "GET", isNew = false): Kind {
  return async (origin, { name, history }) => {
    const generation = history.current() ?? 0;
    const target = `/v2/${name}/${suffix(generation)}`;
    const asked = history.ask();
    const answer = await get(`${origin}${target}`, { method, isNew });
    const code = answer.status === 404 && method === "GET" ? codeOf(answer.body) : undefined;
    const found = generationOf(answer.location, name);
    const isRight =
      answer.status === 302
        ? found !== undefined && history.mayBe(asked, (each) => each === found)
        : answer.status === 404 &&
          history.mayBe(asked, (each) =>
            each === undefined ? code !== MANIFEST_UNKNOWN : each !== generation && code !== NAME_UNKNOWN,
          );
    // The tag that every generation has is never unknown.
    const isAlways = suffix(0) === suffix(1);
    if (isRight && !(isAlways && code === MANIFEST_UNKNOWN)) return undefined;
    return wrongly(history, asked, `${method} ${target}`, answer);
  };
}

const tags: Kind = async (origin, { name, history }) => {
  const asked = history.ask();
  const answer = await get(`${origin}/v2/${name}/tags/list`);
  const isRight = history.mayBe(asked, (each) =>
    each === undefined
      ? answer.status === 404 && codeOf(answer.body) === NAME_UNKNOWN
      : answer.body === JSON.stringify({ name, tags: tagsOf(each) }),
  );
  return isRight ? undefined : wrongly(history, asked, `tags of ${name}`, answer);
};

const referrers: Kind = async (origin, { name, history }) => {
  const asked = history.ask();
  const answer = await get(`${origin}/v2/${name}/referrers/${digestOf(1)}`);
  const isRight = history.mayBe(asked, (each) => (each === undefined ? 404 : 200) === answer.status);
  return isRight ? undefined : wrongly(history, asked, `referrers of ${name}`, answer);
};

const catalogue: Kind = async (origin, { name, history }) => {
  const asked = history.ask();
  const answer = await get(`${origin}/v2/_catalog`);
  const names: readonly string[] = JSON.parse(answer.body).repositories;
  const isRight = history.mayBe(asked, (each) => (each !== undefined) === names.includes(name));
  return isRight ? undefined : wrongly(history, asked, `the catalogue, as to ${name}`, answer);
};

/** Five requests in one packet: the answers come in order, and none is older than the one before. */
const pipelined: Kind = async (origin, { name, history }) => {
  const { host, port } = new URL(origin);
  const request = (end: string) =>
    `GET /v2/${name}/manifests/always HTTP/1.1\r\nHost: ${host}\r\nAccept: ${SCHEMA_2.Accept}\r\n${end}\r\n`;
  const asked = history.ask();
  const answers = await sendRaw(Number(port), request("").repeat(4) + request("Connection: close\r\n"));
  const locationOf = (answer: RawAnswer) => answer.headers.get("location") ?? null;
  const isRight = (answer: RawAnswer) => {
    const found = answer.status === 404 ? undefined : generationOf(locationOf(answer), name);
    return (answer.status === 404 || found !== undefined) && history.mayBe(asked, (each) => each === found);
  };
  if (answers.length === 5 && answers.every(isRight)) return undefined;
  return `pipelined ${name}: ${answers.map((answer) => `${answer.status} ${locationOf(answer)}`).join(", ")}`;
};

/** Clients that go away in the middle of a head, behind a request, or during a body. */
function abortedAfter(request: string): Kind {
  return async (origin, { name }) => {
    const { hostname, port } = new URL(origin);
    const socket = await Bun.connect({ hostname, port: Number(port), socket: { data: () => {} } });
    socket.write(request.replace("NAME", name));
    socket.terminate();
    return undefined;
  };
}

/** What never changes. */
function fixed(target: string, status: number, { method = "GET", body = "" } = {}): Kind {
  return async (origin) => {
    const answer = await get(`${origin}${target}`, { method });
    if (answer.status === status && answer.body.includes(body)) return undefined;
    return `${method} ${target}: ${answer.status} ${answer.body.slice(0, 200)}`;
  };
}

const broken: Kind = async (origin) => {
  const answers = await sendRaw(Number(new URL(origin).port), "GET / HTTP/1.1\r\nno header\r\n\r\n");
  return answers.map(({ status }) => status).join() === "400" ? undefined : `a broken head: ${answers[0]?.head}`;
};

const always = () => "manifests/always";

/** Kinds for repositories of v2, about as often as in a list of pulls, and then the rare ones. */
const V2: readonly Kind[] = [
  redirect(always),
  redirect(always, "HEAD"),
  redirect((generation) => `manifests/${digestOf(generation)}`),
  redirect(() => `blobs/${digestOf(1)}`),
  redirect(() => `blobs/${digestOf(2)}`, "HEAD"),
  redirect((generation) => `manifests/only-${generation}`),
  redirect(always, "GET", true),
  tags,
  referrers,
  catalogue,
  pipelined,
  abortedAfter("GET /v2/NAME/manifests/always HTTP/1.1\r\nHost: a\r\n\r\n"),
  abortedAfter("GET /v2/NAME/tags/list HTTP/1.1\r\nHost: a\r\n\r\n"),
  abortedAfter("GET /v2/NAME/manifests/always HT"),
  abortedAfter("PUT /v2/NAME/manifests/always HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nno"),
  broken,
  fixed("/v2/", 200),
  fixed("/v2/nowhere/manifests/always", 404, { body: NAME_UNKNOWN }),
  fixed("/v2/renamed-one/manifests/nothing", 404, { body: MANIFEST_UNKNOWN }),
  fixed("/v2/renamed-one/manifests/always", 405, { method: "DELETE", body: "UNSUPPORTED" }),
  fixed("/v2/renamed-one/blobs/sha256:1", 400, { body: "DIGEST_INVALID" }),
  fixed("/v1/_ping", 200, { body: "true" }),
  fixed("/v1/search?q=renamed", 200, { body: "renamed-one" }),
  fixed("/nowhere", 404),
  fixed("/healthz", 200),
  fixed("/readyz", 404),
];

const v1Tags: Kind = async (origin, { name, history }) => {
  const asked = history.ask();
  const answer = await get(`${origin}/v1/repositories/${name}/tags`);
  const isRight = history.mayBe(
    asked,
    (each) => answer.body === JSON.stringify({ always: digestOf(each ?? 0).slice(7) }),
  );
  return isRight ? undefined : wrongly(history, asked, `v1 tags of ${name}`, answer);
};

/** Both repositories of v1 may have an image of one id, so that the answer may be of either. */
const v1Images: Kind = async (origin, { name, history }) => {
  const asked = history.ask();
  const answer = await get(`${origin}/v1/repositories/${name}/images`);
  const isRight = history.mayBe(
    asked,
    (each) => answer.body === JSON.stringify([{ id: digestOf(each ?? 0).slice(7) }]),
  );
  return isRight ? undefined : wrongly(history, asked, `v1 images of ${name}`, answer);
};

const V1: readonly Kind[] = [v1Tags, v1Images, v1Tags, v1Images, fixed("/v1/images/nothing/json", 404)];

/** Asks the kinds in turn. @returns what is wrong with the answer */
export async function askNext(origin: string, number: number, each: Changing): Promise<string | undefined> {
  const kinds = each.api === "v1" ? V1 : V2;
  const kind = kinds[number % kinds.length] ?? v1Tags;
  return kind(origin, each).catch((error: Error) => `${each.name}, kind ${kinds.indexOf(kind)}: ${error.message}`);
}

/** Whether the repository is seen to be as it is on disk. */
export async function isSeen(origin: string, { name, api, history }: Changing): Promise<boolean> {
  const generation = history.current();
  const path = api === "v1" ? `/v1/repositories/${name}/tags` : `/v2/${name}/manifests/always`;
  const { status, location, body } = await get(`${origin}${path}`);
  if (generation === undefined) return status === 404;
  return api === "v1" ? body.includes(digestOf(generation).slice(7)) : generationOf(location, name) === generation;
}
