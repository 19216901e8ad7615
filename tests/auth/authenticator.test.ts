import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import {
  ALICE,
  APR1,
  BOB,
  basic,
  CAROL,
  createPlace,
  DAVE,
  EMPTY,
  MUNICH,
  openAuthenticator,
  SPACED,
} from "../harness/passwords.ts";

// Keys, hashes and processes take long on a busy machine.
setDefaultTimeout(60_000);

const place = createPlace();
afterAll(place.remove);

const CHALLENGE = { outcome: "challenge", header: 'Basic realm="craned"' } as const;
const BASE = { kind: "base" } as const;

const htpasswd = place.at("users");
writeFileSync(htpasswd, `${[ALICE, BOB, CAROL, DAVE, EMPTY, SPACED, MUNICH, APR1].join("\n")}\n`);

describe("without passwords and tokens", () => {
  test("the authenticator is open", async () => {
    const authenticator = await openAuthenticator({});
    expect(authenticator.authenticate(undefined, BASE)).toEqual({ outcome: "open" });
    expect(authenticator.authenticate(basic("alice", "wrong"), BASE)).toEqual({ outcome: "open" });
    authenticator.close();
  });
});

describe("with passwords", () => {
  const A = "a".repeat(72);
  const LET_IN: readonly [user: string, password: string][] = [
    ["alice", "secret"],
    ["bob", "pässwörd"],
    ["carol", A],
    ["with space", "secret"],
    ["münchen", "secret"],
    ["old", "secret"],
  ];
  test.each(LET_IN)("%s is admitted by name, and sees every repository", async (user, password) => {
    const authenticator = await openAuthenticator({ htpasswd });
    const answer = await authenticator.authenticate(basic(user, password), { kind: "repository", name: "any/name" });
    expect(answer).toMatchObject({ outcome: "allowed", user });
    expect(answer.outcome === "allowed" && answer.mayPull("another")).toBe(true);
    authenticator.close();
  });

  const NOT_LET_IN: readonly [why: string, header: string | undefined][] = [
    ["nothing", undefined],
    ["an empty header", ""],
    ["a wrong password", basic("alice", "Secret")],
    ["another's password", basic("alice", "pässwörd")],
    ["a wrong password for an MD5 hash", basic("old", "Secret")],
    ["a no-break space before the credentials", basic("alice", "secret").replace(" ", "\u00a0")],
    ["a no-break space after them", `${basic("alice", "secret")}\u00a0`],
    ["an unknown user", basic("eve", "secret")],
    ["a user of another case", basic("Alice", "secret")],
    ["no user", basic("", "secret")],
    ["no colon", `Basic ${btoa("alice")}`],
    ["a user from Object.prototype", basic("__proto__", "secret")],
    ["no password", basic("alice", "")],
    ["an empty password that is right", basic("empty", "")],
    ["a password that bcrypt would cut", basic("carol", `${A}b`)],
    ["a password that htpasswd has cut", basic("dave", "a".repeat(80))],
    ["a NUL, with which bcrypt would begin again", basic("alice", "secret\0secret")],
    ["a bearer token", "Bearer abc"],
    ["another scheme", 'Digest username="alice"'],
    ["something that is no base64", "Basic {alice:secret}"],
    ["two answers", `${basic("alice", "secret")}, ${basic("eve", "x")}`],
  ];
  test.each(NOT_LET_IN)("%s gets the challenge", async (_, header) => {
    const authenticator = await openAuthenticator({ htpasswd });
    expect(await authenticator.authenticate(header, BASE)).toEqual(CHALLENGE);
    authenticator.close();
  });

  test("the scheme may be of any case, and the realm is the configured one", async () => {
    const authenticator = await openAuthenticator({ htpasswd, realm: "Example's registry" });
    expect(await authenticator.authenticate(basic("alice", "secret").replace("Basic", "bASIC"), BASE)).toMatchObject({
      outcome: "allowed",
    });
    const header = `Basic realm="Example's registry"`;
    expect(authenticator.authenticate(undefined, { kind: "v1" })).toEqual({ outcome: "challenge", header });
    authenticator.close();
  });

  test("a user who was admitted once is admitted within the same tick", async () => {
    const authenticator = await openAuthenticator({ htpasswd });
    const first = authenticator.authenticate(basic("alice", "secret"), BASE);
    expect(first).toBeInstanceOf(Promise);
    await first;
    expect(authenticator.authenticate(basic("alice", "secret"), BASE)).toMatchObject({ outcome: "allowed" });
    expect(authenticator.authenticate(basic("alice", "wrong"), BASE)).toBeInstanceOf(Promise);
    authenticator.close();
  });

  test("hashes that Bun makes are as good", async () => {
    const path = place.at("made");
    writeFileSync(path, `zoe:${await Bun.password.hash("from Bun", { algorithm: "bcrypt", cost: 4 })}`);
    const authenticator = await openAuthenticator({ htpasswd: path });
    expect(await authenticator.authenticate(basic("zoe", "from Bun"), BASE)).toMatchObject({ outcome: "allowed" });
    expect(await authenticator.authenticate(basic("zoe", "from bun"), BASE)).toEqual(CHALLENGE);
    authenticator.close();
  });

  test("a password longer than 72 bytes is refused, even if Bun would take it", async () => {
    const path = place.at("long");
    const hash = async (length: number) => Bun.password.hash("a".repeat(length), { algorithm: "bcrypt", cost: 4 });
    writeFileSync(path, `fits:${await hash(72)}\nlong:${await hash(73)}`);
    const authenticator = await openAuthenticator({ htpasswd: path });
    expect(await authenticator.authenticate(basic("fits", "a".repeat(72)), BASE)).toMatchObject({ outcome: "allowed" });
    expect(await authenticator.authenticate(basic("long", "a".repeat(73)), BASE)).toEqual(CHALLENGE);
    authenticator.close();
  });

  test("users are told apart by their bytes, in whatever encoding", async () => {
    const path = place.at("bytes");
    const hash = ALICE.slice("alice".length);
    const named = (byte: number, rest: string) => Buffer.concat([Buffer.of(byte), Buffer.from(rest)]);
    writeFileSync(path, named(0xa0, hash));
    const authenticator = await openAuthenticator({ htpasswd: path });
    const header = (byte: number) => `Basic ${named(byte, ":secret").toString("base64")}`;
    expect(await authenticator.authenticate(header(0xa0), BASE)).toMatchObject({ outcome: "allowed" });
    expect(await authenticator.authenticate(header(0xfe), BASE)).toEqual(CHALLENGE);
    authenticator.close();
  });

  test("a storm of logins keeps neither the event loop nor the reading of files", async () => {
    const path = place.at("slow");
    writeFileSync(path, `zoe:${await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 9 })}`);
    const authenticator = await openAuthenticator({ htpasswd: path });
    const events: string[] = [];
    let isOver = false;
    const tick = () => {
      events.push("tick");
      if (!isOver) setImmediate(tick);
    };
    const storm = Array.from({ length: 16 }, async (_, index) => {
      await authenticator.authenticate(basic("zoe", `wrong ${index}`), BASE);
      events.push("verified");
    });
    setImmediate(tick);
    const reading = readFile(path).then(() => events.push("read"));
    await Promise.all([...storm, reading]);
    isOver = true;
    const firstVerified = events.indexOf("verified");
    expect(events.slice(0, firstVerified)).toContain("tick");
    expect(events.slice(firstVerified, events.lastIndexOf("verified"))).toContain("tick");
    expect(events.indexOf("read")).toBeLessThan(events.lastIndexOf("verified"));
    authenticator.close();
  });

  test("MD5 hashes, which are computed on the event loop, leave it its turn between two passwords", async () => {
    const path = place.at("md5");
    writeFileSync(path, APR1);
    const authenticator = await openAuthenticator({ htpasswd: path });
    let turns = 0;
    let isOver = false;
    const tick = () => {
      turns++;
      if (!isOver) setImmediate(tick);
    };
    setImmediate(tick);
    const turnsAt = Array.from({ length: 8 }, async (_, index) => {
      await authenticator.authenticate(basic("old", `wrong ${index}`), BASE);
      return turns;
    });
    const most = Math.max(1, Math.floor(availableParallelism() / 2));
    expect(new Set(await Promise.all(turnsAt)).size).toBeGreaterThanOrEqual(Math.ceil(8 / most));
    isOver = true;
    authenticator.close();
  });
});
