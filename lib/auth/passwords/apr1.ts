/**
 * Apache's MD5 hash of a password, for years the default of `htpasswd` and used in the documents of Crane:
 *
 *     hash := "$apr1$" 1*8salt "$" 22*64digit
 *
 * It is weak: a graphics card guesses millions of passwords a second. It is verified so that an existing file goes on
 * working, and `craned check` warns of it.
 *
 * @see apr_md5_encode in Apache's APR-util; "Password Formats" in the manual of Apache httpd
 */
import { timingSafeEqual } from "node:crypto";

const APR1 = /^\$apr1\$([^$:]{1,8})\$([./0-9A-Za-z]{22})$/;
const DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ROUNDS = 1000;

/** The order in which the digest's bytes are written, three at a time, the last one alone. */
const ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5];
const LAST = 11;

const NOTHING = new Uint8Array();

const md5 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const digest = new Uint8Array(16);
  Bun.MD5.hash(Buffer.concat(parts), digest);
  return digest;
};

function write(digest: Uint8Array): string {
  let text = "";
  const add = (value: number, digits: number): void => {
    for (let rest = value, left = digits; left > 0; rest >>= 6, left--) text += DIGITS[rest & 63];
  };
  const at = (index: number): number => digest[ORDER[index] ?? 0] ?? 0;
  for (let index = 0; index < ORDER.length; index += 3) {
    add((at(index) << 16) | (at(index + 1) << 8) | at(index + 2), 4);
  }
  add(digest[LAST] ?? 0, 2);
  return text;
}

function digestOf(password: Uint8Array, salt: Uint8Array): Uint8Array {
  const inner = md5(password, salt, password);
  const parts: Uint8Array[] = [password, Buffer.from("$apr1$"), salt];
  for (let left = password.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(left, 16)));
  for (let bits = password.length; bits > 0; bits >>= 1) {
    parts.push((bits & 1) === 1 ? Uint8Array.of(0) : password.subarray(0, 1));
  }
  let digest = md5(...parts);
  for (let round = 0; round < ROUNDS; round++) {
    const isOdd = round % 2 === 1;
    digest = md5(
      isOdd ? password : digest,
      round % 3 === 0 ? NOTHING : salt,
      round % 7 === 0 ? NOTHING : password,
      isOdd ? digest : password,
    );
  }
  return digest;
}

/** Tells whether a text has the form of such a hash. */
export const isApr1 = (text: string): boolean => APR1.test(text);

/** Verifies a password. It takes about half a millisecond of the calling thread. */
export function verifyApr1(password: Uint8Array, hash: string): boolean {
  const [, salt, sum] = APR1.exec(hash) ?? [];
  if (salt === undefined || sum === undefined) return false;
  return timingSafeEqual(Buffer.from(write(digestOf(password, Buffer.from(salt, "latin1")))), Buffer.from(sum));
}
