/**
 * Notification of the service manager, as sd_notify(3) does it: a datagram to the Unix socket that NOTIFY_SOCKET names.
 * Neither Bun nor Node has datagram sockets of that kind, so the C library sends it.
 */
import { dlopen } from "bun:ffi";
import type { Log } from "../log.ts";
import type { Terminal } from "../terminal.ts";

/** Tells the service manager what this process does. */
export interface Notifier {
  /** Call when it serves, and again after each reload. */
  readonly ready: () => void;
  readonly reloading: () => void;
  readonly stopping: () => void;
}

const SILENT: Notifier = { ready() {}, reloading() {}, stopping() {} };

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const CLOCK_MONOTONIC = 1;

const openLibrary = () =>
  dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    sendto: { args: ["i32", "buffer", "usize", "i32", "buffer", "u32"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
    clock_gettime: { args: ["i32", "buffer"], returns: "i32" },
  }).symbols;

/** The address of a socket as `struct sockaddr_un`; `@` begins an abstract one. */
const socketAddress = (path: string): Uint8Array =>
  Buffer.concat([new Uint8Array(Uint16Array.of(AF_UNIX).buffer), Buffer.from(path.replace(/^@/, "\0"))]);

/** @returns a notifier that does nothing, where no service manager wants to know */
export function openNotifier({ environment }: Terminal, log: Log): Notifier {
  const path = environment["NOTIFY_SOCKET"];
  if (path === undefined || path === "") return SILENT;
  const fail = (reason: string): void => log.warn(`can't notify the service manager: ${reason}`, { socket: path });
  let library: ReturnType<typeof openLibrary>;
  try {
    library = openLibrary();
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
    return SILENT;
  }
  const address = socketAddress(path);
  const notify = (state: string): void => {
    const message = Buffer.from(state);
    const socket = library.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sent = library.sendto(socket, message, message.length, MSG_NOSIGNAL, address, address.length);
    library.close(socket);
    if (sent < 0n) fail("nothing listens on its socket");
  };
  return {
    ready: () => notify("READY=1"),
    reloading() {
      // The manager tells by this time which of its orders to reload is being carried out.
      const time = new BigInt64Array(2);
      library.clock_gettime(CLOCK_MONOTONIC, time);
      const [seconds = 0n, nanoseconds = 0n] = time;
      notify(`RELOADING=1\nMONOTONIC_USEC=${seconds * 1_000_000n + nanoseconds / 1000n}`);
    },
    stopping: () => notify("STOPPING=1"),
  };
}

const READY = "ready";

/** The notifier of a worker: notifies the parent, which notifies the service manager. */
export const workerNotifier: Notifier = {
  ...SILENT,
  ready() {
    if (process.connected) process.send?.(READY);
  },
};

/** Whether a worker says that it serves. */
export const isReadyMessage = (message: unknown): boolean => message === READY;
