import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { isApr1, verifyApr1 } from "./apr1.ts";
import type { Htpasswd, PasswordHash } from "./htpasswd.ts";

/** The server has too many passwords to verify. */
export interface Busy {
  readonly outcome: "busy";
  /** Seconds to wait before the next attempt: a whole number from 1 to 60. */
  readonly retryAfter: number;
}

/** Whether user and password belong together. */
export type PasswordVerdict =
  /** `user` is the key of {@link Htpasswd.users}. */
  { readonly outcome: "passed"; readonly user: string } | { readonly outcome: "failed" } | Busy;

/** Verifies passwords and caches the results. */
export interface Passwords {
  /**
   * @param credentials the bytes of `user:password`
   * @returns at once for a cached result; a promise where a hash has to be computed
   */
  readonly check: (htpasswd: Htpasswd, credentials: Uint8Array) => PasswordVerdict | Promise<PasswordVerdict>;
}

interface PasswordsOptions {
  /** In ms. */
  readonly now: () => number;
  readonly verify?: (password: Uint8Array, hash: PasswordHash) => Promise<boolean>;
  readonly concurrency?: number;
  readonly maxWaiting?: number;
  /** The longest wait for a turn, in ms: a connection that gets no answer for longer is cut. */
  readonly maxWait?: number;
  /** Number of cached results, of good ones and of bad ones each. */
  readonly maxCached?: number;
}

const FAILED: PasswordVerdict = { outcome: "failed" };

const COLON = 58;
const MAX_WAITING = 128;
const MAX_CACHED = 4096;
const FAILURE_MS = 10_000;
const MAX_RETRY_AFTER = 60;

/** bcrypt reads no more: htpasswd truncates longer passwords, Bun hashes them first. Neither is the user's password. */
const MAX_PASSWORD_BYTES = 72;

/**
 * bcrypt runs on the thread pool that file reads and WebCrypto need too, with as many threads as processors but at
 * least two. With at most half of them, file reads never wait for a password, and processors are left for redirects.
 */
const CONCURRENCY = Math.max(1, Math.floor(availableParallelism() / 2));

async function verifyHash(password: Uint8Array, hash: PasswordHash): Promise<boolean> {
  if (!isApr1(hash)) return Bun.password.verify(password, hash, "bcrypt");
  // MD5 runs on this thread: other requests get their turn between two passwords.
  await new Promise((resolve) => setImmediate(resolve));
  return verifyApr1(password, hash);
}

interface BasicCredentials {
  readonly user: string;
  readonly password: Uint8Array;
}

/**
 * Splits credentials. A password with a NUL is refused, because bcrypt repeats its key with a NUL in between, so that
 * "a", NUL, "a" would pass for "a". An empty one is refused as well, as Bun does.
 */
function split(credentials: Uint8Array): BasicCredentials | undefined {
  const colon = credentials.indexOf(COLON);
  if (colon < 0) return undefined;
  const password = credentials.subarray(colon + 1);
  if (password.length === 0 || password.length > MAX_PASSWORD_BYTES || password.includes(0)) return undefined;
  return { user: Buffer.from(credentials.subarray(0, colon)).toString("latin1"), password };
}

/** The results for the users of one file. */
function createCache(htpasswd: Htpasswd, max: number) {
  return {
    htpasswd,
    hashes: [...htpasswd.users.values()],
    passed: new LRUCache<string, PasswordVerdict>({ max }),
    /** The time until which a failure counts. A separate cache, so that guesses evict no user. */
    failed: new LRUCache<string, number>({ max }),
    pending: new Map<string, Promise<PasswordVerdict>>(),
  };
}

type Cache = ReturnType<typeof createCache>;

/**
 * Creates a password checker.
 *
 * The cache key is a keyed digest of user and password, and entries count only for the file they were checked against.
 * An unknown user is checked against some user's hash, always the same one, and refused: that takes as long as for a
 * known user, whatever the costs in the file.
 */
export function createPasswords({
  now,
  verify = verifyHash,
  concurrency = CONCURRENCY,
  maxWaiting = MAX_WAITING,
  maxWait = Number.POSITIVE_INFINITY,
  maxCached = MAX_CACHED,
}: PasswordsOptions): Passwords {
  const key = randomBytes(32);
  const limit = pLimit(concurrency);
  let lastTook = 0;
  let cache: Cache | undefined;

  const digestOf = (text: Uint8Array | string) => new Bun.CryptoHasher("sha256", key).update(text).digest();

  function hashFor(user: string, { htpasswd, hashes }: Cache): { hash: PasswordHash; isKnown: boolean } | undefined {
    const known = htpasswd.users.get(user);
    // Computed for known users too: leaving it out would be a difference in time.
    const substitute = hashes[digestOf(user).readUInt32BE() % hashes.length];
    const hash = known ?? substitute;
    return hash === undefined ? undefined : { hash, isKnown: known !== undefined };
  }

  async function timed(password: Uint8Array, hash: PasswordHash): Promise<boolean> {
    const startedAt = now();
    try {
      return await verify(password, hash);
    } finally {
      lastTook = now() - startedAt;
    }
  }

  function busy(waiting: number): Busy {
    const seconds = Math.ceil((lastTook * (waiting + 1)) / concurrency / 1000);
    return { outcome: "busy", retryAfter: Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER) };
  }

  function start({ user, password }: BasicCredentials, pair: string, present: Cache) {
    const stored = hashFor(user, present);
    if (stored === undefined) return FAILED;
    const waiting = limit.activeCount + limit.pendingCount - concurrency;
    if (waiting >= maxWaiting) return busy(waiting);
    const since = now();
    const verdict = limit(async () => (now() - since > maxWait ? undefined : await timed(password, stored.hash)))
      .then((isRight): PasswordVerdict => {
        if (isRight === undefined) return busy(limit.pendingCount);
        const passed = { outcome: "passed", user } as const;
        if (isRight && stored.isKnown) present.passed.set(pair, passed);
        else present.failed.set(pair, now() + FAILURE_MS);
        return isRight && stored.isKnown ? passed : FAILED;
      })
      .finally(() => present.pending.delete(pair));
    present.pending.set(pair, verdict);
    return verdict;
  }

  return {
    check: (htpasswd, credentials) => {
      const parts = split(credentials);
      if (parts === undefined) return FAILED;
      if (cache?.htpasswd !== htpasswd) cache = createCache(htpasswd, maxCached);
      const pair = digestOf(credentials).toString("base64");
      const passed = cache.passed.get(pair);
      if (passed !== undefined) return passed;
      if ((cache.failed.get(pair) ?? 0) > now()) return FAILED;
      return cache.pending.get(pair) ?? start(parts, pair, cache);
    },
  };
}
