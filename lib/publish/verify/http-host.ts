import { MEDIA_TYPE } from "../../core/media-types.ts";
import { isAbsoluteUrl } from "../../core/redirect-file/blob-template.ts";
import { plain } from "../../core/redirect-file/fault.ts";
import type { Repository } from "../../core/redirect-file/repository.ts";
import { codeOrText } from "../../system-error.ts";
import { hasherFor } from "../sources/reading.ts";
import type { Host, Mismatch, WantedBlob } from "./host.ts";
import { bareType, MAX_WHOLE, shownType, wrongDigest, wrongSize } from "./problems.ts";

type HostMethod = "GET" | "HEAD";

interface HttpOptions {
  /** Returns the URL that clients are redirected to: rewritten and signed as configured. */
  readonly locate: (api: Repository["api"], url: string, path: string, method: HostMethod) => string;
  /** Whether blobs are fetched and hashed, or only asked for. */
  readonly downloads: boolean;
}

const ATTEMPTS = 3;
const RETRY_MS = 500;
/** For one answer without its body, in ms. */
const PATIENCE_MS = 60_000;

const ACCEPT = [...Object.values(MEDIA_TYPE), "*/*"].join(", ");

const isPassing = (status: number): boolean => status === 429 || status >= 500;

/** Returns the fault of an answer's head. */
function problemOf({ status, statusText, headers }: Response): Mismatch | undefined {
  if (status !== 200 && status !== 206) return { expected: "200", received: plain(`${status} ${statusText}`.trim()) };
  const encoding = headers.get("content-encoding");
  if (encoding === null || encoding === "identity") return undefined;
  return { expected: "no Content-Encoding", received: plain(encoding) };
}

/** Reads a body that has to be small. */
async function readSome(response: Response): Promise<Uint8Array | Mismatch> {
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
export function httpHost({ locate: locateBelow, downloads }: HttpOptions): Host {
  function locate({ api, url }: Repository, path: string, method: HostMethod): string {
    if (!isAbsoluteUrl(path)) return locateBelow(api, url, path, method);
    const end = path.lastIndexOf("/") + 1;
    return locateBelow(api, path.slice(0, end), path.slice(end), method);
  }

  const withoutRange = new Set<string>();
  const inspections = new Map<string, Promise<Mismatch | undefined>>();

  /** Hosts that could not be reached, however often they were tried: the next files get one try each. */
  const unreachable = new Set<string>();

  async function ask(
    url: string,
    method: HostMethod,
    more: Readonly<Record<string, string>>,
  ): Promise<Response | Mismatch> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new Error("nothing for a minute")), PATIENCE_MS);
    try {
      return await fetch(url, {
        method,
        // What a host compresses all the same is compressed for clients too.
        headers: { accept: ACCEPT, "accept-encoding": "identity", ...more },
        decompress: false,
        signal: patience.signal,
      });
    } catch (error) {
      const code = codeOrText(error);
      return { expected: "an answer", received: plain(code) };
    } finally {
      clearTimeout(timer);
    }
  }

  async function request(
    repository: Repository,
    path: string,
    method: HostMethod,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response | Mismatch> {
    const host = URL.parse(locate(repository, path, method))?.host ?? "";
    const attempts = unreachable.has(host) ? 1 : ATTEMPTS;
    for (let tried = 1; ; tried++) {
      const answer = await ask(locate(repository, path, method), method, headers);
      const isAnswer = answer instanceof Response;
      if (isAnswer) unreachable.delete(host);
      else if (tried === attempts) unreachable.add(host);
      if (tried === attempts || (isAnswer && !isPassing(answer.status))) return answer;
      if (isAnswer) await answer.body?.cancel();
      await Bun.sleep(RETRY_MS * tried);
    }
  }

  /** Passes a good answer to `look`, and discards its body. */
  async function withAnswer<Result>(
    repository: Repository,
    path: string,
    method: HostMethod,
    look: (response: Response) => Promise<Result> | Result,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Result | Mismatch> {
    const response = await request(repository, path, method, headers);
    if (!(response instanceof Response)) return response;
    try {
      return problemOf(response) ?? (await look(response));
    } catch (error) {
      return { expected: "a whole answer", received: plain(error instanceof Error ? error.message : String(error)) };
    } finally {
      await response.body?.cancel().catch(() => {});
    }
  }

  const nameOf = (repository: Repository, path: string): string =>
    locate(repository, path, "GET").replace(/\?.*$/s, "");

  /** Requests the first byte: the answer shows the size, and whether Range works. */
  async function inspectPart(repository: Repository, path: string, size: number | undefined) {
    const method = size === 0 ? "HEAD" : "GET";
    const headers: Record<string, string> = size === 0 ? {} : { range: "bytes=0-0" };
    const look = ({ status, headers: answered }: Response): Mismatch | undefined => {
      const range = answered.get("content-range") ?? "";
      const whole = status === 206 ? /\/(\d+)$/.exec(range)?.[1] : answered.get("content-length");
      const isRight = size !== undefined && Number(whole ?? Number.NaN) === size;
      // A file of the right size may be called whatever the host likes; a page has another.
      const type = answered.get("content-type") ?? undefined;
      if (!isRight && bareType(type ?? "") === "text/html") return { expected: "a blob", received: shownType(type) };
      if (!isRight && size !== undefined) {
        return whole ? wrongSize(String(size), Number(whole)) : { expected: `${size} bytes`, received: "no length" };
      }
      if (status === 200 && size !== 0) withoutRange.add(nameOf(repository, path));
      return undefined;
    };
    return await withAnswer(repository, path, method, look, headers);
  }

  async function inspect(
    repository: Repository,
    path: string,
    { digest, size }: WantedBlob,
  ): Promise<Mismatch | undefined> {
    const problem = await inspectPart(repository, path, size);
    if (problem !== undefined || !downloads || digest === undefined) return problem;
    return await withAnswer(repository, path, "GET", async ({ body }) => {
      const hasher = hasherFor(digest);
      for await (const chunk of body ?? []) hasher.update(chunk);
      return wrongDigest(digest, hasher.digest());
    });
  }

  return {
    nameOf,
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
    // Several repositories may share a blob.
    async inspect(repository, path, wanted) {
      const name = nameOf(repository, path);
      const known = inspections.get(name) ?? inspect(repository, path, wanted);
      inspections.set(name, known);
      return await known;
    },
    ignoresRange: (repository, path) => withoutRange.has(nameOf(repository, path)),
  };
}
