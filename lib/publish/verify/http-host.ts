import { MEDIA_TYPE } from "../../core/media-types.ts";
import { hasherFor } from "../sources/reading.ts";
import { plain } from "../../core/redirect-file/fault.ts";
import type { Repository } from "../../core/redirect-file/repository.ts";
import type { Host, Problem } from "./host.ts";
import { bareType, MAX_WHOLE, shownType, wrongDigest, wrongSize } from "./problems.ts";

type Method = "GET" | "HEAD";

interface HttpOptions {
  /** Where a client is sent for a file: rewritten and signed as configured. */
  readonly locate: (repository: Repository, path: string, method: Method) => string;
  /** Whether blobs are fetched and hashed, or only asked for. */
  readonly downloads: boolean;
}

const ATTEMPTS = 3;
const RETRY_MS = 500;
/** For one answer without its body, in ms. */
const PATIENCE_MS = 60_000;

const ACCEPT = [...Object.values(MEDIA_TYPE), "*/*"].join(", ");

const isPassing = (status: number): boolean => status === 429 || status >= 500;

/** What is wrong with an answer before its body is looked at. */
function problemOf({ status, statusText, headers }: Response): Problem | undefined {
  if (status !== 200) return { expected: "200", received: plain(`${status} ${statusText}`.trim()) };
  const encoding = headers.get("content-encoding");
  if (encoding === null || encoding === "identity") return undefined;
  return { expected: "no Content-Encoding", received: plain(encoding) };
}

/** Reads a body that has to be small. */
async function readSome(response: Response): Promise<Uint8Array | Problem> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_WHOLE) return { expected: `at most ${MAX_WHOLE} bytes`, received: "more" };
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** The host that the redirect files name, asked as clients ask it. */
export function httpHost({ locate, downloads }: HttpOptions): Host {
  /** Hosts that could not be reached, however often they were tried: the next files get one try each. */
  const lost = new Set<string>();

  async function ask(url: string, method: Method): Promise<Response | Problem> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new Error("nothing for a minute")), PATIENCE_MS);
    try {
      return await fetch(url, {
        method,
        // What a host compresses all the same is compressed for clients too.
        headers: { accept: ACCEPT, "accept-encoding": "identity" },
        decompress: false,
        signal: patience.signal,
      });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
      return { expected: "an answer", received: plain(code) };
    } finally {
      clearTimeout(timer);
    }
  }

  async function request(repository: Repository, path: string, method: Method): Promise<Response | Problem> {
    const host = URL.parse(locate(repository, path, method))?.host ?? "";
    const attempts = lost.has(host) ? 1 : ATTEMPTS;
    for (let tried = 1; ; tried++) {
      const answer = await ask(locate(repository, path, method), method);
      const isAnswer = answer instanceof Response;
      if (isAnswer) lost.delete(host);
      else if (tried === attempts) lost.add(host);
      if (tried === attempts || (isAnswer && !isPassing(answer.status))) return answer;
      if (isAnswer) await answer.body?.cancel();
      await Bun.sleep(RETRY_MS * tried);
    }
  }

  /** Gives a good answer to whoever looks at it, and puts it away. */
  async function withAnswer<Result>(
    repository: Repository,
    path: string,
    method: Method,
    look: (response: Response) => Promise<Result> | Result,
  ): Promise<Result | Problem> {
    const response = await request(repository, path, method);
    if (!(response instanceof Response)) return response;
    try {
      return problemOf(response) ?? (await look(response));
    } catch (error) {
      return { expected: "a whole answer", received: plain(error instanceof Error ? error.message : String(error)) };
    } finally {
      await response.body?.cancel().catch(() => {});
    }
  }

  return {
    nameOf: (repository, path) => locate(repository, path, "GET").replace(/\?.*$/s, ""),
    read: (repository, path) =>
      withAnswer(repository, path, "GET", async (response) => {
        const bytes = await readSome(response);
        return bytes instanceof Uint8Array ? { bytes, contentType: response.headers.get("content-type") ?? "" } : bytes;
      }),
    ask: (repository, path, contentType) =>
      withAnswer(repository, path, "HEAD", ({ headers }) => {
        const type = headers.get("content-type") ?? undefined;
        if (bareType(type ?? "") === bareType(contentType)) return undefined;
        return { expected: `${contentType}, to HEAD as to GET`, received: shownType(type) };
      }),
    inspect: (repository, path, { digest, size }) =>
      withAnswer(repository, path, downloads && digest !== undefined ? "GET" : "HEAD", async (response) => {
        const type = response.headers.get("content-type") ?? undefined;
        if (bareType(type ?? "") === "text/html") return { expected: "a blob", received: shownType(type) };
        const length = response.headers.get("content-length");
        if (size !== undefined && length !== null && Number(length) !== size) {
          return wrongSize(String(size), Number(length));
        }
        if (!downloads || digest === undefined) return undefined;
        const hasher = hasherFor(digest);
        for await (const chunk of response.body ?? []) hasher.update(chunk);
        return wrongDigest(digest, hasher.digest());
      }),
  };
}
