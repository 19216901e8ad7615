/**
 * `bun drills/fire/probe.ts <port> <tls|plain>`: an ordinary client in a process of its own, that asks every few
 * milliseconds over one connection, and opens a new one when that ends. Tells what it saw when its input ends.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { requestFor } from "./clients.ts";
import { percentile } from "./process.ts";

const PAUSE_MS = 5;

const [port = "", kind] = process.argv.slice(2);
const to = { port: Number(port), host: "127.0.0.1" };

const open = (): Socket => (kind === "tls" ? connectTls({ ...to, rejectUnauthorized: false }) : connectTcp(to));

const latencies: number[] = [];
let failed = 0;
let socket = open();
let isOver = false;

const PATIENCE_MS = 10_000;

/** @returns whether it was answered with a redirect */
function ask(): Promise<boolean> {
  if (socket.destroyed || socket.readyState === "closed") return Promise.resolve(false);
  return new Promise((resolve) => {
    const tooLate = setTimeout(() => done(false), PATIENCE_MS);
    const done = (isRight: boolean) => {
      clearTimeout(tooLate);
      socket.removeAllListeners();
      socket.on("error", () => undefined);
      resolve(isRight);
    };
    socket.once("data", (bytes) => done(bytes.toString("latin1").startsWith("HTTP/1.1 302")));
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
    socket.write(requestFor());
  });
}

process.stdin.on("end", () => {
  isOver = true;
});
process.stdin.resume();

while (!isOver) {
  const began = performance.now();
  let isRight = await ask();
  if (!isRight) {
    // As every client does when a connection that it kept is gone.
    socket.destroy();
    socket = open();
    isRight = await ask();
  }
  if (isRight) latencies.push(performance.now() - began);
  else failed++;
  await Bun.sleep(PAUSE_MS);
}
const p99 = percentile(latencies, 0.99);
console.log(JSON.stringify({ asked: latencies.length, failed, p99, longest: Math.max(...latencies) }));
process.exit();
