/**
 * The file of users, as `htpasswd -B` writes it.
 *
 *     line     := "" / "#" *any / user ":" hash
 *     hash     := "$2" ( "a" / "b" / "y" ) "$" cost "$" salt checksum
 *     cost     := "04" … "17"                    the range that htpasswd takes; one step doubles the time
 *     salt     := 21*64digit ( "." / "O" / "e" / "u" )
 *     checksum := 30*64digit 64digit             the last of which has its two lowest bits clear
 *
 * Other kinds of hash are refused: MD5, SHA-1 and crypt are too quick to guess.
 *
 * @see htpasswd(1), "Password Formats" in the manual of Apache httpd
 */
import type { FileFault } from "../file-fault.ts";

declare const brand: unique symbol;

/** A hash that keeps the grammar above. */
export type BcryptHash = string & { readonly [brand]: "BcryptHash" };

/** The users of one file: what is wrong with it serves nobody, the rest does. */
export interface Htpasswd {
  readonly users: ReadonlyMap<string, BcryptHash>;
  readonly faults: readonly FileFault[];
}

// The unused bits at the ends of salt and checksum are zero in all that bcrypt writes; Bun takes nothing else.
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-7])\$[./0-9A-Za-z]{21}[.Oeu][./0-9A-Za-z]{30}[.CGKOSWaeimquy26]$/;
const EXPECTED_HASH = "a bcrypt hash with a cost from 4 to 17, as htpasswd -B writes it";

const OTHER_KINDS: readonly (readonly [start: RegExp, name: string])[] = [
  [/^\$2[aby]\$/, "a bcrypt hash that is broken or of another cost"],
  [/^\$apr1\$/, "an MD5 hash"],
  [/^\{SHA\}/, "a SHA-1 hash"],
  [/^\$5\$/, "a SHA-256 hash"],
  [/^\$6\$/, "a SHA-512 hash"],
  [/^\$argon2/, "an Argon2 hash"],
  [/^$/, "nothing"],
];

const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/;
// Not trim(), which would take a byte of a user's name for a space.
const OUTER_SPACE = /^[ \t]+|[ \t\r]+$/g;

const isBcrypt = (text: string): text is BcryptHash => BCRYPT.test(text);

/** Names the kind alone: it may well be somebody's password in plain text. */
const kindOf = (text: string): string =>
  OTHER_KINDS.find(([start]) => start.test(text))?.[1] ?? "a crypt hash or a password in plain text";

/**
 * Reads a file of users.
 *
 * @param text one character a byte, so that names are compared as bytes in whatever encoding they are
 */
export function parseHtpasswd(text: string): Htpasswd {
  const users = new Map<string, BcryptHash>();
  const faults: FileFault[] = [];
  for (const [index, raw] of text.replace(BYTE_ORDER_MARK, "").split("\n").entries()) {
    const line = index + 1;
    const entry = raw.replace(OUTER_SPACE, "");
    if (entry === "" || entry.startsWith("#")) continue;
    const colon = entry.indexOf(":");
    const user = entry.slice(0, colon);
    const hash = entry.slice(colon + 1);
    if (colon <= 0) faults.push({ line, expected: "user:hash", received: "a line without a user" });
    else if (!isBcrypt(hash)) faults.push({ line, expected: EXPECTED_HASH, received: kindOf(hash) });
    else if (users.has(user)) faults.push({ line, expected: "a user that has no line yet", received: "a second one" });
    else users.set(user, hash);
  }
  return { users, faults };
}
