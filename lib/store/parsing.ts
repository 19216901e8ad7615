/**
 * Parses large redirect files on a thread: a hundred thousand references take 50 ms, which no request should wait for.
 * The result is copied into this thread's memory in a twentieth of that.
 */
import pLimit from "p-limit";
import { createManifestPool } from "../core/redirect-file/manifest-pool.ts";
import { type ParsedFile, parseRedirectFile } from "../core/redirect-file/parse.ts";
import { createTurns } from "../slices.ts";

/** Smaller files are parsed faster than they are handed over, in bytes. */
const LARGE_BYTES = 256 * 1024;

/** An idle thread ends after this time, in ms, which frees its memory. */
const IDLE_MS = 5000;

/** The executable has modules below its root, by the path of their source. */
const CODE = import.meta.file === "parsing.ts" ? "./parse-worker.ts" : "./lib/store/parse-worker.ts";

let thread: Worker | undefined;
let idle: ReturnType<typeof setTimeout> | undefined;

function endThread(): void {
  thread?.terminate();
  thread = undefined;
}

const oneByOne = pLimit(1);

const parseOnThread = (bytes: Uint8Array): Promise<ParsedFile> =>
  oneByOne(async () => {
    clearTimeout(idle);
    thread ??= new Worker(new URL(CODE, import.meta.url));
    const worker = thread;
    const { promise, resolve } = Promise.withResolvers<ParsedFile>();
    worker.onmessage = ({ data }: MessageEvent<ParsedFile>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      endThread();
      // Without a thread, the file is parsed here.
      resolve(parseRedirectFile(bytes));
    };
    worker.ref();
    worker.postMessage(bytes);
    const parsed = await promise;
    worker.unref();
    idle = setTimeout(endThread, IDLE_MS);
    idle.unref();
    return parsed;
  });

/** Repositories with equal manifests share their memory. */
const pool = createManifestPool();

function withSharedBytes(parsed: ParsedFile): ParsedFile {
  if (!parsed.ok || parsed.repository.version !== 6) return parsed;
  return { ...parsed, repository: pool.share(parsed.repository) };
}

/** Parses a redirect file at once. */
export const parseNow = (bytes: Uint8Array): ParsedFile => withSharedBytes(parseRedirectFile(bytes));

const turn = createTurns();

/** Parses a redirect file without delaying requests. */
export async function parseAside(bytes: Uint8Array): Promise<ParsedFile> {
  return bytes.length < LARGE_BYTES ? turn(() => parseNow(bytes)) : withSharedBytes(await parseOnThread(bytes));
}

/** Identifies bytes, by a number of 53 bits: a BigInt would take memory of its own for each file. */
export const hashOf = (bytes: Uint8Array): number => Number(BigInt.asUintN(53, Bun.hash.wyhash(bytes)));

/** The content of a redirect file; with the same hash, it is not parsed again. */
export interface ParsedContent {
  /** Hash of the bytes; undefined when they could not be read. */
  readonly hash: number | undefined;
  readonly parsed: ParsedFile;
}
