import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { createBoundedMap } from "../bounded-map.ts";
import type { BcryptHash, Htpasswd } from "./htpasswd.ts";
import { type Busy, createQueue } from "./queue.ts";

/** Whether user and password belong together. */
export type PasswordVerdict = { readonly outcome: "passed" } | { readonly outcome: "failed" } | Busy;

/** Checks passwords, and remembers for a while what it found. */
export interface Passwords {
  /**
   * @param credentials the bytes of `user:password`
   * @returns at once when it was checked before or can't be right; a promise when it takes bcrypt
   */
  readonly check: (htpasswd: Htpasswd, credentials: Uint8Array) => PasswordVerdict | Promise<PasswordVerdict>;
}

interface PasswordsOptions {
  /** In ms. */
  readonly now: () => number;
  readonly verify?: (password: Uint8Array, hash: BcryptHash) => Promise<boolean>;
  readonly concurrency?: number;
  readonly maxWaiting?: number;
  /** How many pairs that passed, and how many that failed, are remembered. */
  readonly maxRemembered?: number;
}

const PASSED: PasswordVerdict = { outcome: "passed" };
const FAILED: PasswordVerdict = { outcome: "failed" };

const COLON = 58;
const MAX_WAITING = 128;
const MAX_REMEMBERED = 4096;
const FAILURE_MS = 10_000;

/** bcrypt looks at no more: htpasswd cuts what is longer, Bun hashes it first. Neither is what its user chose. */
const MAX_PASSWORD_BYTES = 72;

/**
 * bcrypt runs on threads that reading files and WebCrypto need too, as many as there are processors but at least two.
 * With half of them at most, these never wait for a password, and processors are left for redirects.
 */
const CONCURRENCY = Math.max(1, Math.floor(availableParallelism() / 2));

const verifyBcrypt = (password: Uint8Array, hash: BcryptHash): Promise<boolean> =>
  Bun.password.verify(password, hash, "bcrypt");

interface Split {
  readonly user: string;
  readonly password: Uint8Array;
}

/**
 * Only passwords that are themselves: bcrypt repeats a key with a NUL in between, so that "a", NUL, "a" would do for
 * "a", and never an empty one, which Bun refuses anyhow.
 */
function split(credentials: Uint8Array): Split | undefined {
  const colon = credentials.indexOf(COLON);
  if (colon < 0) return undefined;
  const password = credentials.subarray(colon + 1);
  if (password.length === 0 || password.length > MAX_PASSWORD_BYTES || password.includes(0)) return undefined;
  return { user: Buffer.from(credentials.subarray(0, colon)).toString("latin1"), password };
}

/** What is known of the users of one file. */
function createMemory(htpasswd: Htpasswd, limit: number) {
  return {
    htpasswd,
    hashes: [...htpasswd.users.values()],
    passed: createBoundedMap<true>(limit),
    /** With the time until which it holds. Apart from the others, so that guessing drives nobody out. */
    failed: createBoundedMap<number>(limit),
    pending: new Map<string, Promise<PasswordVerdict>>(),
  };
}

type Memory = ReturnType<typeof createMemory>;

/**
 * Makes a checker of passwords.
 *
 * Pairs are remembered by a keyed digest, never as they are, and only for the very file that they were checked against.
 * A user that nobody knows is checked against somebody's hash, always the same one, and refused: it takes as long as
 * for a user that there is, whatever the costs in the file.
 */
export function createPasswords({
  now,
  verify = verifyBcrypt,
  concurrency = CONCURRENCY,
  maxWaiting = MAX_WAITING,
  maxRemembered = MAX_REMEMBERED,
}: PasswordsOptions): Passwords {
  const key = randomBytes(32);
  const queue = createQueue({ concurrency, maxWaiting, now });
  let memory: Memory | undefined;

  const digestOf = (text: Uint8Array | string) => new Bun.CryptoHasher("sha256", key).update(text).digest();

  function hashFor(user: string, { htpasswd, hashes }: Memory): { hash: BcryptHash; isKnown: boolean } | undefined {
    const known = htpasswd.users.get(user);
    // Worked out for users who are known, too: it would be a difference.
    const anybody = hashes[digestOf(user).readUInt32BE() % hashes.length];
    const hash = known ?? anybody;
    return hash === undefined ? undefined : { hash, isKnown: known !== undefined };
  }

  async function remember(result: Promise<boolean>, isKnown: boolean, pair: string, { passed, failed }: Memory) {
    if ((await result) && isKnown) {
      passed.set(pair, true);
      return PASSED;
    }
    failed.set(pair, now() + FAILURE_MS);
    return FAILED;
  }

  function start({ user, password }: Split, pair: string, present: Memory): PasswordVerdict | Promise<PasswordVerdict> {
    const found = hashFor(user, present);
    if (found === undefined) return FAILED;
    const result = queue.run(() => verify(password, found.hash));
    if ("outcome" in result) return result;
    const verdict = remember(result, found.isKnown, pair, present).finally(() => present.pending.delete(pair));
    present.pending.set(pair, verdict);
    return verdict;
  }

  return {
    check: (htpasswd, credentials) => {
      const parts = split(credentials);
      if (parts === undefined) return FAILED;
      if (memory?.htpasswd !== htpasswd) memory = createMemory(htpasswd, maxRemembered);
      const pair = digestOf(credentials).toString("base64");
      if (memory.passed.get(pair) !== undefined) return PASSED;
      if ((memory.failed.get(pair) ?? 0) > now()) return FAILED;
      return memory.pending.get(pair) ?? start(parts, pair, memory);
    },
  };
}
