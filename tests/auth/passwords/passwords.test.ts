import { describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { parseHtpasswd } from "../../../lib/auth/passwords/htpasswd.ts";
import { createPasswords } from "../../../lib/auth/passwords/passwords.ts";
import { ALICE, BOB } from "../../harness/passwords.ts";

const FILE = parseHtpasswd(`${ALICE}\n${BOB}`);

/** Passwords that are checked when the test says so; the right one is always "secret". */
function createBench(options: Partial<Parameters<typeof createPasswords>[0]> = {}) {
  let time = 0;
  const asked: string[] = [];
  const pending: (() => void)[] = [];
  const passwords = createPasswords({
    now: () => time,
    verify: (password, hash) => {
      const text = Buffer.from(password).toString();
      asked.push(`${text} ${[...FILE.users.values()].indexOf(hash)}`);
      return new Promise((resolve) => pending.push(() => resolve(text === "secret")));
    },
    concurrency: 2,
    maxWaiting: 3,
    ...options,
  });
  return {
    asked,
    check: (credentials: string, file = FILE) => passwords.check(file, Buffer.from(credentials)),
    pass: (ms: number) => {
      time += ms;
    },
    /** Lets whatever runs finish, and then what starts next, until nothing does. */
    async finish() {
      for (;;) {
        await Promise.resolve();
        const next = pending.shift();
        if (next !== undefined) next();
        else if (await isIdle(pending)) return;
      }
    },
  };
}

/** Lets everything run that needs nothing but its turn. */
const idle = () => new Promise((resolve) => setImmediate(resolve));

async function isIdle(pending: readonly unknown[]): Promise<boolean> {
  await idle();
  return pending.length === 0;
}

const PASSED = { outcome: "passed", user: "alice" } as const;
const FAILED = { outcome: "failed" } as const;

describe("passwords", () => {
  test("are checked once for many who ask at the same time, and after that not at all", async () => {
    const bench = createBench();
    const answers = Promise.all([bench.check("alice:secret"), bench.check("alice:secret")]);
    await bench.finish();
    expect(await answers).toEqual([PASSED, PASSED]);
    expect(bench.check("alice:secret")).toEqual(PASSED);
    expect(bench.asked).toEqual(["secret 0"]);
  });

  test("that were wrong are wrong for ten seconds", async () => {
    const bench = createBench();
    void bench.check("alice:wrong");
    await bench.finish();
    bench.pass(9_999);
    expect(bench.check("alice:wrong")).toEqual(FAILED);
    bench.pass(1);
    expect(bench.check("alice:wrong")).toBeInstanceOf(Promise);
    await bench.finish();
    expect(bench.asked).toEqual(["wrong 0", "wrong 0"]);
  });

  test("of an unknown user are checked against another user's hash, always the same, and refused", async () => {
    const bench = createBench({ concurrency: 100 });
    const strangers = Array.from({ length: 64 }, (_, index) => `stranger${index}:secret`);
    const answers = Promise.all(strangers.map((each) => bench.check(each)));
    await bench.finish();
    expect(new Set((await answers).map(({ outcome }) => outcome))).toEqual(new Set(["failed"]));
    const first = [...bench.asked];
    expect(new Set(first)).toEqual(new Set(["secret 0", "secret 1"]));
    bench.pass(10_000);
    for (const each of strangers) void bench.check(each);
    await bench.finish();
    expect(bench.asked.slice(64)).toEqual(first);
  });

  test("of users whose names and passwords overlap are distinguished", async () => {
    const bench = createBench();
    void bench.check("alice:secret");
    await bench.finish();
    expect(bench.check("alice:secret:")).toBeInstanceOf(Promise);
    expect(bench.check("alic:esecret")).toBeInstanceOf(Promise);
    await bench.finish();
  });

  test("are checked anew when the file changes, even while one is being checked", async () => {
    const bench = createBench();
    void bench.check("alice:secret");
    const changed = parseHtpasswd(BOB);
    const answer = bench.check("alice:secret", changed);
    await bench.finish();
    expect(await answer).toEqual(FAILED);
    expect(bench.check("alice:secret", changed)).toEqual(FAILED);
    expect(bench.check("bob:secret", parseHtpasswd(""))).toEqual(FAILED);
  });

  test("that can't be checked stay unknown, and block no others", async () => {
    let calls = 0;
    const bench = createBench({
      concurrency: 1,
      verify: async () => {
        calls++;
        throw new Error("no threads");
      },
    });
    expect(bench.check("alice:secret")).rejects.toThrow("no threads");
    expect(bench.check("bob:secret")).rejects.toThrow("no threads");
    await bench.finish();
    expect(bench.check("alice:secret")).rejects.toThrow("no threads");
    await bench.finish();
    expect(calls).toBe(3);
  });

  test("wait in a queue; beyond its end the answer is when to try again", async () => {
    const bench = createBench();
    const passed = Array.from({ length: 5 }, (_, index) => bench.check(`alice:wrong${index}`));
    await idle();
    expect(bench.asked).toEqual(["wrong0 0", "wrong1 0"]);
    expect(bench.check("alice:wrong5")).toEqual({ outcome: "busy", retryAfter: 1 });
    expect(bench.check("alice:wrong4")).toBeInstanceOf(Promise);
    await bench.finish();
    await Promise.all(passed);
    expect(bench.asked).toEqual(["wrong0 0", "wrong1 0", "wrong2 0", "wrong3 0", "wrong4 0"]);
    expect(bench.check("alice:wrong5")).toBeInstanceOf(Promise);
    await bench.finish();
  });

  test("that waited too long for their turn are not checked, so that nobody is cut off without an answer", async () => {
    const bench = createBench({ concurrency: 1, maxWait: 1000 });
    const first = bench.check("alice:secret");
    const late = bench.check("bob:secret");
    await idle();
    bench.pass(2000);
    await bench.finish();
    expect([await first, await late]).toEqual([PASSED, { outcome: "busy", retryAfter: 2 }]);
    expect(bench.asked).toEqual(["secret 0"]);
  });

  test("leave a thread to those who read files", async () => {
    let running = 0;
    const verify = () => {
      running++;
      return new Promise<boolean>(() => {});
    };
    const passwords = createPasswords({ now: () => 0, verify });
    for (let index = 0; index < 100; index++) void passwords.check(FILE, Buffer.from(`alice:${index}`));
    await idle();
    expect(running).toBeGreaterThan(0);
    expect(running).toBeLessThan(Math.max(2, availableParallelism()));
  });

  test("take longer to come back to the longer they take", async () => {
    const retryAfter = async (took: number) => {
      const bench = createBench();
      void bench.check("alice:first");
      await idle();
      bench.pass(took);
      await bench.finish();
      for (let index = 0; index < 5; index++) void bench.check(`alice:wrong${index}`);
      const answer = bench.check("alice:wrong5");
      await bench.finish();
      return answer;
    };
    expect(await retryAfter(100)).toEqual({ outcome: "busy", retryAfter: 1 });
    expect(await retryAfter(1000)).toEqual({ outcome: "busy", retryAfter: 2 });
    expect(await retryAfter(1_000_000)).toEqual({ outcome: "busy", retryAfter: 60 });
  });

  test("in the cache pass while the queue is full", async () => {
    const bench = createBench();
    void bench.check("alice:secret");
    await bench.finish();
    for (let index = 0; index < 5; index++) void bench.check(`alice:wrong${index}`);
    expect(bench.check("bob:secret")).toMatchObject({ outcome: "busy" });
    expect(bench.check("alice:secret")).toEqual(PASSED);
    await bench.finish();
  });

  test("are evicted when there are too many, the least recently used first, and guesses evict no user", async () => {
    const bench = createBench({ maxCached: 2, concurrency: 100 });
    void bench.check("alice:secret");
    await bench.finish();
    for (let index = 0; index < 10; index++) void bench.check(`alice:wrong${index}`);
    await bench.finish();
    expect(bench.check("alice:secret")).toEqual(PASSED);
    expect(bench.check("alice:wrong8")).toEqual(FAILED);
    void bench.check("alice:wrong0");
    await bench.finish();
    expect(bench.check("alice:wrong8")).toEqual(FAILED);
    expect(bench.check("alice:wrong9")).toBeInstanceOf(Promise);
    await bench.finish();
  });
});
