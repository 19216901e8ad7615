/**
 * Parses large redirect files on a thread: a hundred thousand references take 50 ms, which no request should wait for.
 * The result is copied into this thread's memory in a twentieth of that.
 */
import { createManifestPool } from "../core/redirect-file/manifest-pool.ts";
import { type ParsedFile, parseRedirectFile } from "../core/redirect-file/parse.ts";
import type { Turn } from "../slices.ts";

/** Smaller files are parsed faster than they are handed over, in bytes. */
const LARGE_BYTES = 256 * 1024;

/** An idle thread ends after this time, in ms, which frees its memory. */
const IDLE_MS = 5000;

/** The executable has modules below its root, by the path of their source. */
const CODE = import.meta.file === "parsing.ts" ? "./parse-worker.ts" : "./lib/store/parse-worker.ts";

interface Job {
  readonly bytes: Uint8Array;
  readonly done: (parsed: ParsedFile) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Oldest first, in the order of their answers. */
  readonly jobs: Job[];
}

let thread: Thread | undefined;
let idle: ReturnType<typeof setTimeout> | undefined;

function end(ended: Thread): void {
  if (thread === ended) thread = undefined;
  ended.worker.terminate();
  // Without a thread, files are parsed here.
  for (const { bytes, done } of ended.jobs.splice(0)) done(parseRedirectFile(bytes));
}

function begin(): Thread {
  const worker = new Worker(new URL(CODE, import.meta.url));
  const begun: Thread = { worker, jobs: [] };
  worker.onmessage = ({ data }: MessageEvent<ParsedFile>) => {
    begun.jobs.shift()?.done(data);
    if (begun.jobs.length > 0) return;
    worker.unref();
    idle = setTimeout(end, IDLE_MS, begun);
    idle.unref();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    end(begun);
  };
  return begun;
}

function parseOnThread(bytes: Uint8Array): Promise<ParsedFile> {
  clearTimeout(idle);
  thread ??= begin();
  const { worker, jobs } = thread;
  return new Promise((resolve) => {
    jobs.push({ bytes, done: resolve });
    worker.ref();
    worker.postMessage(bytes);
  });
}

/** Repositories with equal manifests share their memory. */
const pool = createManifestPool();

function withSharedBytes(parsed: ParsedFile): ParsedFile {
  if (!parsed.ok || parsed.repository.version !== 6) return parsed;
  return { ...parsed, repository: pool.share(parsed.repository) };
}

/** Parses a redirect file at once. */
export const parseNow = (bytes: Uint8Array): ParsedFile => withSharedBytes(parseRedirectFile(bytes));

/** Parses a redirect file without delaying requests. */
export async function parseAside(bytes: Uint8Array, turn: Turn): Promise<ParsedFile> {
  return bytes.length < LARGE_BYTES ? turn(() => parseNow(bytes)) : withSharedBytes(await parseOnThread(bytes));
}
