/**
 * Learns the tags of repositories that files of versions 2 to 4 describe, which don't list all of them. A tag that the
 * publisher's own list lacks can then be answered as unknown, which makes old docker clients fall back to v1.
 *
 * @see spec "Files of versions 2 to 4"
 */
import { type Catalog, v2Repository } from "../core/catalog/catalog.ts";
import type { TreeRepository, V2Repository } from "../core/redirect-file/repository.ts";
import type { Log } from "../log.ts";
import { createPause } from "../slices.ts";

interface LearnedTagsOptions {
  /** Returns the URL of a path below the one of a repository, signed where clients need that too. */
  readonly locate: (repository: V2Repository, path: string) => string;
  /** Seconds between two requests for a list. */
  readonly pollingInterval: number;
  readonly log: Log;
}

export interface LearnedTags {
  /** Learns the tags of what is new in a catalogue, and forgets what is not in it. */
  follow(catalog: Catalog): Promise<void>;
  /** Returns the tags of a repository; undefined when they are not known, or not known to be true still. */
  tagsOf(repository: V2Repository): ReadonlySet<string> | undefined;
  close(): void;
}

/** A repository that has v1 content under its name too. */
interface Lesson {
  readonly repository: TreeRepository;
  tags: ReadonlySet<string> | undefined;
  etag: string | undefined;
  /** When the list was known to be true last, in ms. */
  confirmedAt: number;
  /** Why it can't be learned, if that has been logged. */
  trouble: string | undefined;
}

/** Requests at once. */
const CONCURRENCY = 4;
const TIMEOUT_MS = 10_000;
/** Some 200,000 tags. */
const MAX_BYTES = 4 * 1024 * 1024;
/** A list that could not be confirmed for this many intervals is not trusted. */
const TRUSTED_INTERVALS = 3;
/** Lines about single repositories in one interval. */
const MAX_LINES = 20;

const isBlind = (repository: V2Repository | undefined): repository is TreeRepository =>
  repository !== undefined && repository.version <= 4;

/** @throws Error when it is too long */
async function bytesOf(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** @throws Error with what is wrong with the list */
async function tagsIn(response: Response): Promise<ReadonlySet<string>> {
  if (response.headers.get("link")?.includes('rel="next"') === true) throw new Error("a list in several pages");
  const text = new TextDecoder("utf-8", { fatal: true }).decode(await bytesOf(response));
  const value: unknown = JSON.parse(text);
  const tags = typeof value === "object" && value !== null && "tags" in value ? (value.tags ?? []) : undefined;
  if (!Array.isArray(tags)) throw new Error("no list of tags");
  return new Set(tags.filter((tag): tag is string => typeof tag === "string"));
}

/** Learns tags in the background; nothing is requested before `follow` is called. */
export function createLearnedTags({ locate, pollingInterval, log }: LearnedTagsOptions): LearnedTags {
  const lessons = new Map<string, Lesson>();
  /** To be requested: what is new comes before what is only to be confirmed. */
  const fresh = new Set<Lesson>();
  const stale = new Set<Lesson>();
  const closing = new AbortController();
  const interval = pollingInterval * 1000;
  let running = 0;
  let lines = 0;
  let latest: Catalog | undefined;

  function report(lesson: Lesson, trouble: string): void {
    if (lesson.trouble === trouble || lines > MAX_LINES) return;
    lesson.trouble = trouble;
    lines++;
    const url = `${lesson.repository.url}tags/list`;
    if (lines > MAX_LINES) log.warn("the tags of more repositories can't be learned");
    else log.warn(`${url}: expected a list of tags, received ${trouble}; unknown tags are redirected as before`);
  }

  /** @throws Error with the reason why there is no list; then the known one is forgotten, if the host is not down */
  async function request(lesson: Lesson): Promise<void> {
    const headers = lesson.etag === undefined ? {} : { "If-None-Match": lesson.etag };
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(locate(lesson.repository, "tags/list"), { headers, signal });
    if (response.status !== 304 || lesson.tags === undefined) {
      const isDown = response.status >= 500 || response.status === 429;
      try {
        if (response.status !== 200) throw new Error(`status ${response.status}`);
        lesson.tags = await tagsIn(response);
        lesson.etag = response.headers.get("etag") ?? undefined;
      } catch (error) {
        if (!isDown) [lesson.tags, lesson.etag] = [undefined, undefined];
        await response.body?.cancel();
        throw error;
      }
    }
    lesson.confirmedAt = performance.now();
    lesson.trouble = undefined;
  }

  async function learn(lesson: Lesson): Promise<void> {
    try {
      await request(lesson);
    } catch (error) {
      if (!closing.signal.aborted) report(lesson, error instanceof Error ? error.message : String(error));
    }
  }

  function start(): void {
    while (running < CONCURRENCY && !closing.signal.aborted) {
      const [lesson] = fresh.size > 0 ? fresh : stale;
      if (lesson === undefined) break;
      fresh.delete(lesson);
      stale.delete(lesson);
      if (lessons.get(lesson.repository.name) !== lesson) continue;
      running++;
      void learn(lesson).finally(() => {
        running--;
        start();
      });
    }
  }

  const timer = setInterval(() => {
    lines = 0;
    for (const lesson of lessons.values()) stale.add(lesson);
    start();
  }, interval);
  timer.unref();

  return {
    follow: async (catalog) => {
      latest = catalog;
      const pause = createPause();
      const names = new Set<string>();
      for (const name of catalog.v1.names) {
        await pause();
        if (latest !== catalog) return;
        const repository = v2Repository(catalog, name);
        if (!isBlind(repository)) continue;
        names.add(name);
        if (lessons.get(name)?.repository === repository) continue;
        const lesson: Lesson = { repository, tags: undefined, etag: undefined, confirmedAt: 0, trouble: undefined };
        lessons.set(name, lesson);
        fresh.add(lesson);
      }
      for (const name of lessons.keys()) if (!names.has(name)) lessons.delete(name);
      start();
    },
    tagsOf: (repository) => {
      const lesson = lessons.get(repository.name);
      if (lesson?.tags === undefined || lesson.repository !== repository) return undefined;
      const age = performance.now() - lesson.confirmedAt;
      return age <= interval * TRUSTED_INTERVALS + TIMEOUT_MS ? lesson.tags : undefined;
    },
    close: () => {
      closing.abort();
      clearInterval(timer);
    },
  };
}
