/** craned on the redirect files of a bucket, for each test of a file. */
import { afterEach, beforeEach, expect } from "bun:test";
import { type Craned, startCraned } from "./craned.ts";
import { BUCKET, type FakeS3, startFakeS3 } from "./fake-s3.ts";
import { v2 } from "./redirect-files.ts";

export const PLACE = `s3://${BUCKET}/v2`;

/** Looks each second, and waits no longer for an answer. */
const FOLLOWING = ["--data-dir-polling-interval", "1", "--s3-timeout", "1"];
/** Looks when it is told to. */
export const ON_SIGNAL = ["--data-dir-polling-interval", "3600"];

/** A version 2 file; the mark is in its url. */
export const file = (name: string, mark = "0"): string => JSON.stringify(v2(name, { url: `http://host/${mark}/` }));

/** Where a repository's clients are sent: its mark, or the status of the answer. */
export async function markOf(craned: Craned, name: string): Promise<string> {
  const answer = await fetch(`${craned.origin}/v2/${name}/manifests/latest`, { redirect: "manual" });
  return /host\/(.*?)\//.exec(answer.headers.get("location") ?? "")?.[1] ?? String(answer.status);
}

export const marksOf = (craned: Craned, names: readonly string[]): Promise<readonly string[]> =>
  Promise.all(names.map((name) => markOf(craned, name)));

/** What `/readyz` says: its status, and how many faults there are. */
export async function readiness(craned: Craned): Promise<readonly unknown[]> {
  const answer = await fetch(`http://127.0.0.1:${craned.managementPort}/readyz`);
  const { status, faults } = (await answer.json()) as { readonly status: string; readonly faults?: number };
  return [answer.status, status, faults];
}

/**
 * Waits until something is as expected, and says what is there instead when it never is.
 *
 * @param nudged told all the time to look
 */
export async function until(read: () => unknown, expected: unknown, nudged?: Craned): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!Bun.deepEquals(await read(), expected) && performance.now() < deadline) {
    nudged?.signal("SIGHUP");
    await Bun.sleep(20);
  }
  expect(await read()).toEqual(expected);
}

/** What the program wrote, without times. */
export const linesOf = (craned: Craned): readonly string[] => craned.log().map((line) => line.replace(/^\S+ /, ""));

/** A bucket anew for each test, and servers that end with it. */
export function bucketForEach() {
  const cleanUps: (() => Promise<unknown>)[] = [];
  let s3: FakeS3 | undefined;
  beforeEach(() => {
    const started = startFakeS3();
    s3 = started;
    cleanUps.push(() => started.away());
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  const current = (): FakeS3 => {
    if (s3 === undefined) throw new Error("asked before the tests began");
    return s3;
  };
  return {
    s3: current,
    /** Puts objects below the prefix. */
    put: (objects: Readonly<Record<string, string>>): void => {
      for (const [key, content] of Object.entries(objects)) current().objects.set(`v2/${key}`, content);
    },
    serve: async (args = FOLLOWING, more: Readonly<Record<string, string>> = {}): Promise<Craned> => {
      const listening = ["--host", "127.0.0.1", "--port", "0"];
      const environment = { CRANE_LOG_FORMAT: "text", ...current().environment, ...more };
      const craned = await startCraned(["serve", "--data-dir", PLACE, ...listening, ...args], environment);
      cleanUps.push(() => craned.stop());
      return craned;
    },
    /** How often the bucket was looked at. */
    looks: (): number => current().asked.filter(({ key, token }) => key === undefined && token === undefined).length,
  };
}
