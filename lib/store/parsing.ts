/**
 * Parsing of large redirect files on a thread of its own: a hundred thousand references take 50 ms, which no request
 * should wait for. What comes back is copied into this thread's memory at a twentieth of that.
 */
import { createManifestPool } from "../core/redirect-file/manifest-pool.ts";
import { type Parsed, parseRedirectFile } from "../core/redirect-file/parse.ts";

/** What is smaller is parsed sooner than it is handed over, in bytes. */
const LARGE_BYTES = 256 * 1024;

/** How long the thread waits for another file before its memory is given back, in ms. */
const IDLE_MS = 5000;

/** In the executable, modules lie below its root by the path of their source. */
const CODE = import.meta.file === "parsing.ts" ? "./parse-worker.ts" : "./lib/store/parse-worker.ts";

interface Job {
  readonly bytes: Uint8Array;
  readonly done: (parsed: Parsed) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Oldest first, as they are answered. */
  readonly jobs: Job[];
}

let thread: Thread | undefined;
let idle: ReturnType<typeof setTimeout> | undefined;

function end(ended: Thread): void {
  if (thread === ended) thread = undefined;
  ended.worker.terminate();
  // A thread that can't be had is no reason not to serve.
  for (const { bytes, done } of ended.jobs.splice(0)) done(parseRedirectFile(bytes));
}

function begin(): Thread {
  const worker = new Worker(new URL(CODE, import.meta.url));
  const begun: Thread = { worker, jobs: [] };
  worker.onmessage = ({ data }: MessageEvent<Parsed>) => {
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

function parseElsewhere(bytes: Uint8Array): Promise<Parsed> {
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

function withSharedBytes(parsed: Parsed): Parsed {
  if (!parsed.ok || parsed.repository.version !== 6) return parsed;
  return { ...parsed, repository: pool.share(parsed.repository) };
}

/** Parses a redirect file at once. */
export const parseNow = (bytes: Uint8Array): Parsed => withSharedBytes(parseRedirectFile(bytes));

/**
 * Parses a redirect file without holding up whoever else is served.
 *
 * @param turn gives a job of some computation its turn
 */
export async function parseAside(bytes: Uint8Array, turn: (job: () => Parsed) => Promise<Parsed>): Promise<Parsed> {
  return bytes.length < LARGE_BYTES ? turn(() => parseNow(bytes)) : withSharedBytes(await parseElsewhere(bytes));
}
