/** What the service manager receives: a datagram socket in its place receives it. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { freePort } from "../harness/nginx.ts";
import { describeWith } from "../harness/programs.ts";

setDefaultTimeout(60_000);

/** Prints each datagram as a line of JSON, and an empty line when it can receive. */
const RECEIVER = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1].replace("@", "\\0", 1))
print(flush=True)
while True: print(json.dumps(receiver.recv(4096).decode()), flush=True)
`;

/** A service manager, as far as its socket goes. */
interface Manager {
  /** The next state that it is told. */
  readonly received: () => Promise<string>;
  readonly stop: () => void;
}

async function startManager(socket: string): Promise<Manager> {
  const child = Bun.spawn(["python3", "-c", RECEIVER, socket], { stdout: "pipe", stderr: "inherit" });
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let rest = "";
  const line = async (): Promise<string> => {
    while (!rest.includes("\n")) {
      const { value, done } = await lines.read();
      if (done) throw new Error("the receiver has ended");
      rest += value;
    }
    const [first = "", ...others] = rest.split("\n");
    rest = others.join("\n");
    return first;
  };
  await line();
  return { received: async () => JSON.parse(await line()), stop: () => child.kill() };
}

/** The time of a reload by the clock of the system's start, in seconds. */
const timeIn = (state: string): number => Number(/^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(state)?.[1]) / 1e6;

const afterwards: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of afterwards.splice(0).reverse()) await each();
});

async function start(socketOf: (directory: string) => string, args: readonly string[]) {
  const files = scratch();
  afterwards.push(files.remove);
  const socket = socketOf(files.path);
  const manager = await startManager(socket);
  afterwards.push(manager.stop);
  const environment = { NOTIFY_SOCKET: socket };
  const craned: Craned = await serveDirectory(files.path, { args, environment });
  afterwards.push(craned.stop);
  return { craned, manager };
}

describeWith(["python3"], "the service manager", () => {
  describe.each([
    ["a path", (directory: string) => join(directory, "notify"), []],
    ["an abstract socket", () => `@craned-test-${process.pid}`, []],
    [
      "a server of several workers",
      (directory: string) => join(directory, "notify"),
      ["--workers", "2", "--port", String(freePort())],
    ],
  ] as const)("of %s", (_, socketOf, args) => {
    test("is told of readiness, of each reload from its order to its end, and of the stop", async () => {
      const { craned, manager } = await start(socketOf, args);
      expect(await manager.received()).toBe("READY=1");
      for (let reload = 0; reload < 2; reload++) {
        const ordered = Number((await Bun.file("/proc/uptime").text()).split(" ")[0]);
        craned.signal("SIGHUP");
        expect(timeIn(await manager.received())).toBeGreaterThanOrEqual(ordered);
        expect(await manager.received()).toBe("READY=1");
      }
      craned.signal("SIGTERM");
      expect(await manager.received()).toBe("STOPPING=1");
      expect(await craned.exited).toBe(0);
    });
  });

  test("that has gone is no reason not to serve", async () => {
    const files = scratch();
    afterwards.push(files.remove);
    const craned = await serveDirectory(files.path, { environment: { NOTIFY_SOCKET: join(files.path, "gone") } });
    afterwards.push(craned.stop);
    expect(await craned.logged((line) => line.includes("service manager"))).toContain("nothing listens on its socket");
    expect((await fetch(`${craned.origin}/v2/`)).status).toBe(200);
  });
});
