import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { parseHtpasswd } from "../../../lib/auth/passwords/htpasswd.ts";
import { describeFileFault } from "../../../lib/auth/watched-file.ts";
import { ALICE, BOB, CAROL, EMPTY, SPACED } from "../../harness/passwords.ts";

// Keys, hashes and processes take long on a busy machine.
setDefaultTimeout(60_000);

const HASH = ALICE.slice(ALICE.indexOf(":") + 1);
const usersIn = (text: string) => [...parseHtpasswd(text).users.keys()];
const faultsIn = (text: string) => parseHtpasswd(text).faults.map((fault) => describeFileFault("users", fault));

describe("a file of users", () => {
  test("is read as htpasswd writes it", () => {
    const { users, faults } = parseHtpasswd(`${[ALICE, BOB, CAROL, EMPTY, SPACED].join("\n")}\n`);
    expect([...users.keys()]).toEqual(["alice", "bob", "carol", "empty", "with space"]);
    expect(String(users.get("alice"))).toBe(HASH);
    expect(faults).toEqual([]);
  });

  const FINE: readonly [what: string, text: string][] = [
    ["has comments and blank lines", `# who\n\n  \t\n  # and who not\n${ALICE}`],
    ["has CRLF", `${ALICE}\r\n\r\n`],
    ["has a byte order mark", `\u00ef\u00bb\u00bf${ALICE}`],
    ["has spaces around a line", `  ${ALICE} \t`],
    ["has hashes of the kind 2a", `alice:${HASH.replace("$2y$", "$2a$")}`],
    ["has hashes of the kind 2b", `alice:${HASH.replace("$2y$", "$2b$")}`],
    ["has the highest cost", `alice:${HASH.replace("$05$", "$17$")}`],
  ];
  test.each(FINE)("that %s is fine", (_, text) => {
    expect(usersIn(text)).toEqual(["alice"]);
    expect(faultsIn(text)).toEqual([]);
  });

  const EXPECTED = "users:2: expected a bcrypt hash with a cost from 4 to 17, as htpasswd -B writes it, received";
  const BROKEN = `${EXPECTED} a bcrypt hash that is broken or of another cost`;
  const BAD: readonly [line: string, fault: string][] = [
    ["eve:$apr1$b0Kgm1NB$CYItF3pTcFkSD6Di1qtGh", `${EXPECTED} an MD5 hash that is broken`],
    ["eve:$apr1$tooLongSalt$CYItF3pTcFkSD6Di1qtGh.", `${EXPECTED} an MD5 hash that is broken`],
    ["eve:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", `${EXPECTED} a SHA-1 hash`],
    ["eve:$5$lMbv815lJXJ.R/f/$cddH16uIuU66WrgDKMgJhRRofEQZDEcKKvWv8tmkwKD", `${EXPECTED} a SHA-256 hash`],
    ["eve:$6$Z5OS12/L0hOVw9/F$LHldQ", `${EXPECTED} a SHA-512 hash`],
    ["eve:$argon2id$v=19$m=65536", `${EXPECTED} an Argon2 hash`],
    ["eve:CD0A1OxDZ0gfo", `${EXPECTED} a crypt hash or a password in plain text`],
    ["eve:", `${EXPECTED} nothing`],
    [`eve:${HASH.slice(0, -1)}`, BROKEN],
    [`eve:${HASH}x`, BROKEN],
    [`eve:${HASH}:more`, BROKEN],
    [`eve:${HASH.slice(0, -1)}f`, BROKEN],
    [`eve:${HASH.slice(0, 28)}f${HASH.slice(29)}`, BROKEN],
    [`eve:${HASH.replace("$05$", "$03$")}`, BROKEN],
    [`eve:${HASH.replace("$05$", "$18$")}`, BROKEN],
    [`eve:${HASH.replace("$05$", "$31$")}`, BROKEN],
    [`eve:${HASH.replace("$2y$", "$2x$")}`, `${EXPECTED} a crypt hash or a password in plain text`],
    ["eve", "users:2: expected user:hash, received a line without a user"],
    [`:${HASH}`, "users:2: expected user:hash, received a line without a user"],
    [`alice:${HASH}`, "users:2: expected a user that has no line yet, received a second one"],
  ];
  test.each(BAD)("has a fault for %j, and its other lines serve", (line, fault) => {
    expect(faultsIn(`${ALICE}\n${line}\n${BOB}`)).toEqual([fault]);
    expect(usersIn(`${ALICE}\n${line}\n${BOB}`)).toEqual(["alice", "bob"]);
  });

  test("has only hashes that Bun takes", async () => {
    const digits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const saltAndSum = fc.string({ unit: fc.constantFrom(...digits), minLength: 53, maxLength: 53 });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(saltAndSum, fc.constantFrom(..."auy/"), fc.constantFrom(..."aOe6"), async (text, salt, sum) => {
        const hash = `$2y$04$${text.slice(0, 21)}${salt}${text.slice(22, 52)}${sum}`;
        const isTaken = parseHtpasswd(`alice:${hash}`).users.has("alice");
        const isBuns = await Bun.password.verify("x", hash).then(
          () => true,
          () => false,
        );
        if (isTaken) taken++;
        expect(isTaken).toBe(isBuns);
      }),
    );
    expect(taken).toBeGreaterThan(0);
  });

  test("never throws, and shows nothing of what it refuses", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.stringMatching(/^[0-9A-Z]{12}$/), (text, secret) => {
        expect(faultsIn(`${text}\nuser:${secret}`).join("\n")).not.toContain(secret);
      }),
    );
  });
});
