/**
 * Reads htpasswd files, such as `htpasswd -B` writes them.
 *
 *     line     := "" / "#" *any / user ":" hash
 *     hash     := bcrypt / apr1                  the second with a warning, see apr1.ts
 *     bcrypt   := "$2" ( "a" / "b" / "y" ) "$" cost "$" salt checksum
 *     cost     := "04" … "17"                    the range that htpasswd takes; one step doubles the time
 *     salt     := 21*64digit ( "." / "O" / "e" / "u" )
 *     checksum := 30*64digit 64digit             the last of which has its two lowest bits clear
 *
 * Other kinds of hash are refused: SHA-1 and crypt are too quick to guess.
 *
 * @see htpasswd(1), "Password Formats" in the manual of Apache httpd
 */
import type { AuthFileFault } from "../watched-file.ts";
import { isApr1 } from "./apr1.ts";

declare const brand: unique symbol;

/** A hash that follows the grammar above. */
export type PasswordHash = string & { readonly [brand]: "PasswordHash" };

/** The users of one file. Lines with faults are left out; the others count. */
export interface Htpasswd {
  /** By name, one character a byte, in whatever encoding the file is. */
  readonly users: ReadonlyMap<string, PasswordHash>;
  readonly faults: readonly AuthFileFault[];
  /** Lines that count and should not stay as they are. */
  readonly warnings: readonly AuthFileFault[];
}

// The unused bits at the ends of salt and checksum are zero in all that bcrypt writes; Bun takes nothing else.
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-7])\$[./0-9A-Za-z]{21}[.Oeu][./0-9A-Za-z]{30}[.CGKOSWaeimquy26]$/;
const EXPECTED_HASH = "a bcrypt hash with a cost from 4 to 17, as htpasswd -B writes it";

const WEAK_HASH = "an MD5 hash, which is accepted but easily guessed";

const OTHER_KINDS: readonly (readonly [start: RegExp, name: string])[] = [
  [/^\$2[aby]\$/, "a bcrypt hash that is broken or of another cost"],
  [/^\$apr1\$/, "an MD5 hash that is broken"],
  [/^\{SHA\}/, "a SHA-1 hash"],
  [/^\$5\$/, "a SHA-256 hash"],
  [/^\$6\$/, "a SHA-512 hash"],
  [/^\$argon2/, "an Argon2 hash"],
  [/^$/, "nothing"],
];

const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/;
// Not trim(), which would take a byte of a user's name for a space.
const OUTER_SPACE = /^[ \t]+|[ \t\r]+$/g;

const isPasswordHash = (text: string): text is PasswordHash => BCRYPT.test(text) || isApr1(text);

/** Names the kind only: the text may be a password in plain text. */
const kindOf = (text: string): string =>
  OTHER_KINDS.find(([start]) => start.test(text))?.[1] ?? "a crypt hash or a password in plain text";

/**
 * Parses an htpasswd file.
 *
 * @param text one character a byte
 */
export function parseHtpasswd(text: string): Htpasswd {
  const users = new Map<string, PasswordHash>();
  const faults: AuthFileFault[] = [];
  const warnings: AuthFileFault[] = [];
  for (const [index, raw] of text.replace(BYTE_ORDER_MARK, "").split("\n").entries()) {
    const line = index + 1;
    const entry = raw.replace(OUTER_SPACE, "");
    if (entry === "" || entry.startsWith("#")) continue;
    const colon = entry.indexOf(":");
    const user = entry.slice(0, colon);
    const hash = entry.slice(colon + 1);
    if (colon <= 0) faults.push({ line, expected: "user:hash", received: "a line without a user" });
    else if (!isPasswordHash(hash)) faults.push({ line, expected: EXPECTED_HASH, received: kindOf(hash) });
    else if (users.has(user)) faults.push({ line, expected: "a user that has no line yet", received: "a second one" });
    else {
      users.set(user, hash);
      if (isApr1(hash)) warnings.push({ line, expected: EXPECTED_HASH, received: WEAK_HASH });
    }
  }
  return { users, faults, warnings };
}
