/** What tests of the authenticator share: files that come and go, a log that is kept, waiting for a condition. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuthSettings, createAuthenticator } from "../../lib/auth/authenticator.ts";
import { createLog } from "../../lib/log.ts";

/** Written by htpasswd -B of Apache 2.4. */
export const ALICE = "alice:$2y$05$1NRkVxQRV/1aVO0Tu5o1N.cqFfYSjvKyoHKNWCmM5WptY5ERJ9jBe";
export const BOB = "bob:$2y$04$B7j5nBnEUJJn.fjDfMzROecPunm0v8GZwX1Po.3UO2VMNjXJFe/RW";
/** Its password is 72 times a. */
export const CAROL = "carol:$2y$04$hwIDpmMhPcY05IOxoS5raOh0ljzv71mYOMopqvi04V8vw/iLloF4C";
/** Its password is 80 times a, of which bcrypt saw 72. */
export const DAVE = "dave:$2y$04$qTHkDmMIwzDceE8jeSYWX.wEf1jpLOKWcZumoBHJyZFpEcaqMQ8Xy";
/** Its password is empty. */
export const EMPTY = "empty:$2y$04$o2M25HbNUJT3x6A4iDXw0.LtmlWxVTvlrk.n8pXh.URKbMwW5HrYm";
export const SPACED = "with space:$2y$04$vpn0KcYOg1DbIVWASowQaeMxw3WTYYzc6g.PxZGYjBXu1yd/ZbOmK";
export const MUNICH = "münchen:$2y$04$pa16Z7vdzKiwXP7OItXUKeibNjOk6E7ToQ.GweNfbUdyArcdh8XFq";

/** Written by `openssl passwd -apr1`; its password is "secret". */
export const APR1 = "old:$apr1$VFNlH6.M$O9fkNEiFfQZGtyu6mPuDf.";

export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

/** A directory of a test's own, removed by `remove`. */
export function createPlace() {
  const directory = mkdtempSync(join(tmpdir(), "craned-auth-"));
  return { at: (name: string) => join(directory, name), remove: () => rmSync(directory, { recursive: true }) };
}

export function createRecordedLog() {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  return { lines, log: createLog({ format: "text", level: "debug", write, now: () => new Date(0) }) };
}

/** Opens a authenticator that looks at its file every few milliseconds. */
export async function openAuthenticator(settings: Partial<AuthSettings>, now: () => number = Date.now) {
  const { lines, log } = createRecordedLog();
  const all = { htpasswd: undefined, realm: "craned", token: undefined, ...settings };
  const authenticator = await createAuthenticator(all, { log, now, interval: 2 });
  return { ...authenticator, lines };
}
