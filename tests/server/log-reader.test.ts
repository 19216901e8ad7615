/** Whoever reads the log may be slow, stop, or die: the server must neither wait for it nor die of it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { COMMAND, scratch } from "../harness/craned.ts";
import { freePort } from "../harness/nginx.ts";
import { leftovers, run } from "../harness/programs.ts";
import { sendRaw } from "../harness/raw.ts";

setDefaultTimeout(60_000);

const putAway = leftovers();

/** Starts a server whose log goes into a pipe that nobody reads. */
async function startUnread(args: readonly string[]) {
  const data = scratch({ "metadata/none": "" });
  putAway(data.remove);
  const path = join(data.path, "pipe");
  expect((await run(["mkfifo", path])).code).toBe(0);
  // For reading and writing, so that it opens at once and is never at its end.
  const pipe = openSync(path, "r+");
  const end = openSync(path, "w");
  const port = freePort();
  const child = Bun.spawn(
    [
      ...COMMAND,
      "serve",
      "--data-dir",
      `${data.path}/metadata`,
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      ...args,
    ],
    { stdin: "ignore", stdout: "ignore", stderr: end, env: { ...process.env, CRANE_CONFIG_PATH: "/dev/null" } },
  );
  closeSync(end);
  putAway(() => child.kill("SIGKILL"));
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) await Bun.sleep(10);
  return { pipe, port, child };
}

/** Asks so often that the log has some megabytes to say. */
async function flood(port: number, count: number): Promise<readonly number[]> {
  const request = (each: number, more = "") => `GET /v2/flood/${each} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;
  const all = Array.from({ length: count }, (_, each) => request(each));
  const answers = await sendRaw(port, `${all.join("")}${request(count, "Connection: close\r\n")}`);
  return answers.map(({ status }) => status);
}

/** Everything in the pipe, until a text is in it. */
async function readUntil(pipe: number, text: string): Promise<string> {
  const reader = Bun.spawn(["cat"], { stdin: pipe, stdout: "pipe", stderr: "ignore" });
  putAway(() => reader.kill());
  let all = "";
  for await (const chunk of reader.stdout.pipeThrough(new TextDecoderStream())) {
    all += chunk;
    if (all.includes(text)) break;
  }
  return all;
}

const BEYOND = 20_000;

test("a reader that stops holds up no request; what is beyond 4 MiB is lost, and counted when it reads on", async () => {
  const { pipe, port, child } = await startUnread(["--log-access", "--log-format", "json", "--log-level", "warn"]);
  const statuses = await flood(port, BEYOND);
  expect([statuses.length, new Set(statuses)]).toEqual([BEYOND + 1, new Set([404])]);
  const log = await readUntil(pipe, "lines were lost");
  const lost = Number(/"lines":(\d+)/.exec(log)?.[1]);
  expect(lost).toBeGreaterThan(0);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  closeSync(pipe);
});

test("a server whose log nobody reads ends when it is told to", async () => {
  const { pipe, port, child } = await startUnread(["--log-access"]);
  await flood(port, BEYOND);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  closeSync(pipe);
});

test("a server whose log's reader has died goes on, and ends well", async () => {
  const { pipe, port, child } = await startUnread(["--log-access"]);
  // The last end for reading: what is written from now on has no reader.
  closeSync(pipe);
  expect((await flood(port, 1000)).length).toBe(1001);
  expect((await flood(port, 1000)).length).toBe(1001);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
});
