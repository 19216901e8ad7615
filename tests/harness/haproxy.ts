import { join } from "node:path";
import { scratch } from "./craned.ts";
import { whereIs } from "./programs.ts";

/** Starts HAProxy and waits until it takes connections. @param port on which it is to listen */
export async function startHaproxy(
  configuration: string,
  port: number,
): Promise<{ readonly stop: () => Promise<void> }> {
  const work = scratch({ "haproxy.cfg": configuration });
  const command = [whereIs("haproxy") ?? "haproxy", "-db", "-f", join(work.path, "haproxy.cfg")];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const stop = async () => {
    child.kill("SIGKILL");
    await child.exited;
    work.remove();
  };
  const connects = () =>
    Bun.connect({ hostname: "127.0.0.1", port, socket: { open: (socket) => void socket.end(), data() {} } }).then(
      () => true,
      () => false,
    );
  while (!(await connects())) {
    if (child.exitCode !== null) throw new Error(`HAProxy ended:\n${await new Response(child.stderr).text()}`);
    await Bun.sleep(10);
  }
  return { stop };
}
