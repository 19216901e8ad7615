/** A clock that jumps by years while the server runs. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch, serveDirectory } from "../../tests/harness/craned.ts";
import { answers, askForever, ms, until } from "./asking.ts";
import type { FireCase, Outcome } from "./case.ts";
import { fill, NAMES, put } from "./files.ts";
import { SCHEMA_2 } from "./redirects.ts";

const JUMPS = ["+10y", "-10y", "+1d", "-1d", "+0"];
const TTL = 300;
const TOLERANCE_SECONDS = 10;
const DAY_SECONDS = 86_400;

/** Where Debian keeps the library, whatever the machine is. */
const LIBRARY = readdirSync("/usr/lib")
  .map((triplet) => `/usr/lib/${triplet}/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));

const secondsOf = (jump: string): number =>
  Number.parseInt(jump, 10) * (jump.endsWith("y") ? 365 * DAY_SECONDS : jump.endsWith("d") ? DAY_SECONDS : 1);

/** What the server takes the time to be: its Date header, and the end of what a URL is signed for. */
async function timesOf(origin: string): Promise<{ readonly date: number; readonly expires: number }> {
  const answer = await fetch(`${origin}/v2/app-1/manifests/always`, { headers: SCHEMA_2, redirect: "manual" });
  const expires = /exp=(\d+)/.exec(answer.headers.get("location") ?? "")?.[1];
  return { date: Date.parse(answer.headers.get("date") ?? "") / 1000, expires: Number(expires) };
}

/** Looks at one jump. @returns what is wrong */
async function jumped(origin: string, jump: string): Promise<readonly string[]> {
  const expected = () => Date.now() / 1000 + secondsOf(jump);
  const isNear = (seconds: number) => Math.abs(seconds - expected()) < TOLERANCE_SECONDS;
  await until(async () => isNear((await timesOf(origin)).date), 3000);
  const { date, expires } = await timesOf(origin);
  return [
    ...(isNear(date) ? [] : [`${jump}: Date is ${new Date(date * 1000).toISOString()}`]),
    ...(isNear(expires - TTL) ? [] : [`${jump}: a URL is signed until ${new Date(expires * 1000).toISOString()}`]),
  ];
}

async function jumps(): Promise<Outcome> {
  if (LIBRARY === undefined) throw new Error("no libfaketime here; Debian has it in the package faketime");
  const data = scratch();
  const clock = scratch({ offset: "+0\n" });
  fill(data.path, 0);
  const craned = await serveDirectory(data.path, {
    args: ["--cdn-url-auth-secret", "abcdef0123456789", "--cdn-url-auth-ttl", String(TTL)],
    environment: {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: join(clock.path, "offset"),
      FAKETIME_NO_CACHE: "1",
      // A clock that is set does not set the one that counts from the start.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
  });
  // A connection that says nothing is cut by a timer; a jump must not do it, nor end the others.
  let isCut = false;
  const idle = await Bun.connect({
    hostname: "127.0.0.1",
    port: craned.port,
    socket: {
      data: () => {},
      close: () => {
        isCut = true;
      },
    },
  });
  const wrong: string[] = [];
  const seen: number[] = [];
  const asking = askForever(craned.origin, ["app-50"], (found) => found === 0);
  try {
    for (const [number, jump] of JUMPS.entries()) {
      writeFileSync(join(clock.path, "offset"), `${jump}\n`);
      wrong.push(...(await jumped(craned.origin, jump)));
      put(data.path, NAMES[2] ?? "", number + 1);
      const wait = await until(() => answers(craned.origin, NAMES[2] ?? "", number + 1), 5000);
      if (wait === undefined) wrong.push(`${jump}: a change is not seen`);
      else seen.push(wait);
    }
    if (isCut) wrong.push("an idle connection was cut");
  } finally {
    idle.terminate();
    await asking.stop();
    await craned.stop();
    data.remove();
    clock.remove();
  }
  const faults = [...wrong, ...asking.wrong, ...(asking.unanswered > 0 ? [`${asking.unanswered} unanswered`] : [])];
  return {
    held: faults.length === 0,
    figure: [
      ...faults,
      `jumps of ${JUMPS.join(", ")}: URLs signed for ${TTL} s from the new time, changes seen after ${ms(Math.max(...seen))} at most, ${asking.asked} right answers meanwhile`,
    ].join("; "),
  };
}

export const cases: readonly FireCase[] = [
  {
    name: "clock",
    what: "The clock jumps by ten years and a day, forwards and back (libfaketime). Dates and signed URLs follow it at once, no connection is cut, changes are seen.",
    run: jumps,
  },
];
