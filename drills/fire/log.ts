/** A log that goes nowhere: to a full disk, or into a pipe that nobody reads. */
import { join } from "node:path";
import { COMMAND, scratch } from "../../tests/harness/craned.ts";
import { freePort } from "../../tests/harness/nginx.ts";
import { succeed } from "../../tests/harness/programs.ts";
import { answers, askForever, ms, until } from "./asking.ts";
import type { FireCase, Outcome } from "./case.ts";
import { fill, NAMES } from "./files.ts";
import { holdingsOf, megabytes } from "./process.ts";

const WARM_UP_MS = 3000;
const LOAD_MS = 10_000;
const LANES = 16;
const GROWTH = 24 * 1024 ** 2;
const LIMIT_MS = 20_000;

/** @param shell starts `"$@"` with its standard error somewhere; `$0` is a pipe */
async function loggingTo(shell: string): Promise<Outcome> {
  const data = scratch();
  const pipe = scratch();
  fill(data.path, 0);
  await succeed(["mkfifo", join(pipe.path, "log")]);
  const port = freePort();
  const origin = `http://127.0.0.1:${port}`;
  const args = `serve --data-dir ${data.path} --host 127.0.0.1 --port ${port} --log-access`.split(" ");
  const child = Bun.spawn(["sh", "-c", shell, join(pipe.path, "log"), ...COMMAND, ...args], {
    stdio: ["ignore", "ignore", "ignore"],
    env: { PATH: process.env["PATH"] ?? "", CRANE_CONFIG_PATH: "/dev/null", CRANE_MANAGEMENT_LISTEN: "off" },
  });
  try {
    await until(() => answers(origin, "app-1", 0), LIMIT_MS);
    const lanes = Array.from({ length: LANES }, () => askForever(origin, NAMES, (found) => found === 0));
    await Bun.sleep(WARM_UP_MS);
    const before = holdingsOf(child.pid).memory;
    await Bun.sleep(LOAD_MS);
    const after = holdingsOf(child.pid).memory;
    for (const lane of lanes) await lane.stop();
    const asked = lanes.reduce((sum, lane) => sum + lane.asked, 0);
    const faults = lanes.flatMap(({ wrong, unanswered }) => [...wrong, ...(unanswered > 0 ? ["unanswered"] : [])]);
    child.kill("SIGTERM");
    const ended = await until(() => child.exitCode !== null, LIMIT_MS);
    return {
      held: faults.length === 0 && after - before < GROWTH && ended !== undefined && child.exitCode === 0,
      figure: [
        ...faults,
        `${asked} right answers, each with a line of log; memory ${megabytes(before)} → ${megabytes(after)}; ends ${ms(ended)} after SIGTERM with exit code ${child.exitCode}`,
      ].join("; "),
    };
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    data.remove();
    pipe.remove();
  }
}

export const cases: readonly FireCase[] = [
  {
    name: "log-full",
    what: "The log goes to a full disk (/dev/full). Answers go on, memory is bounded, it stops when told to.",
    run: () => loggingTo('exec "$@" 2>/dev/full'),
  },
  {
    name: "log-unread",
    what: "The log goes into a pipe that nobody reads. Answers go on, memory is bounded, it stops when told to.",
    run: () => loggingTo('exec 3<>"$0"; exec "$@" 2>&3 3>&-'),
  },
];
