import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { mustBeFree } from "./listen.ts";
import { isReadyMessage, type Notifier } from "./notify.ts";
import { gatheringOfWorkers } from "./worker-metrics.ts";

const WORKER_VARIABLE = "CRANED_WORKER";
const RESTART_DELAY_MILLISECONDS = 1000;
const SIGNALS = ["SIGHUP", "SIGTERM", "SIGINT"] as const;

/** The number of this process, from 1, if it is one of several that share the port. */
export function workerNumber({ environment }: Terminal): number | undefined {
  const text = environment[WORKER_VARIABLE];
  return text === undefined ? undefined : Number(text);
}

/** The command line of this very process: the compiled binary is its own interpreter. */
function ownCommand(): readonly string[] {
  const [, script = "", ...rest] = process.argv;
  return /[$~]bun(?:fs)?\//i.test(Bun.main) ? [process.execPath, ...rest] : [process.execPath, script, ...rest];
}

/** In a worker: tells when the process that started it has ended, killed without a chance to say so. */
export function onSupervisorEnd(tell: () => void): void {
  process.stdin.once("end", tell);
  process.stdin.once("error", tell);
  process.stdin.resume();
}

/** Starts the workers and restarts those that die; passes on signals, and tells the service manager of all of them. */
export async function superviseWorkers(
  { server, management }: Config,
  notifier: Notifier,
  log: Log,
): Promise<ExitCode> {
  if (server.listen.some((address) => address.kind === "tcp" && address.port === 0)) {
    log.error("several workers can't share port 0; choose one with --port");
    return EXIT.failed;
  }
  if (server.listen.some(({ kind }) => kind === "unix")) {
    log.error("server.listen: expected no unix socket, since several workers can't share one");
    return EXIT.failed;
  }
  for (const address of server.listen) await mustBeFree(address);
  const children = new Map<number, Bun.Subprocess>();
  const gathering =
    management.listen === undefined && !management.onRegistryPort
      ? undefined
      : gatheringOfWorkers(server.workers, children);
  const numbers = Array.from({ length: server.workers }, (_, index) => index + 1);
  const unready = new Set(numbers);
  const onMessage = (number: number, message: unknown): void => {
    if (!isReadyMessage(message)) gathering?.onMessage(number, message);
    else if (unready.delete(number) && unready.size === 0) notifier.ready();
  };
  let isStopping = false;
  const run = async (number: number): Promise<void> => {
    while (!isStopping) {
      const environment = { ...process.env, NOTIFY_SOCKET: undefined, [WORKER_VARIABLE]: String(number) };
      const child = Bun.spawn([...ownCommand()], {
        env: environment,
        // Nothing is written into it: it ends with this process, however that ends.
        stdio: ["pipe", "inherit", "inherit"],
        ipc: (message: unknown) => onMessage(number, message),
      });
      children.set(number, child);
      const code = await child.exited;
      if (isStopping) return;
      children.delete(number);
      log.error("a worker ended, and is started again", { worker: number, code });
      gathering?.onRestart(number);
      await Bun.sleep(RESTART_DELAY_MILLISECONDS);
    }
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (signal === "SIGHUP") {
        notifier.reloading();
        for (const number of numbers) unready.add(number);
      } else {
        notifier.stopping();
        isStopping = true;
      }
      for (const child of children.values()) child.kill(signal);
    });
  }
  log.info("starting workers", { workers: server.workers });
  await Promise.all(numbers.map(run));
  return EXIT.ok;
}
