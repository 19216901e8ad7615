import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, writeFileSync } from "node:fs";
import type { Authentication, Wanted } from "../../../lib/auth/authenticator.ts";
import { ALICE, APR1, BOB, basic, createPlace, MUNICH, openDoor, until } from "../../harness/passwords.ts";

const place = createPlace();
afterAll(place.remove);
const htpasswd = place.at("users");
writeFileSync(htpasswd, [ALICE, BOB, APR1, MUNICH].join("\n"));

const IMAGES: Wanted = { kind: "v1", name: "team/app" };
/** `/v1/images/<id>/<file>`, whose path names no repository. */
const IMAGE: Wanted = { kind: "v1" };
const CHALLENGE: Authentication = { outcome: "challenge", header: 'Basic realm="craned"' };
const HOUR = 3_600_000;
const START = Date.parse("2026-01-01T00:00:00Z");

type Door = Awaited<ReturnType<typeof openDoor>>;

/** Logs in as docker does, and returns the Authorization header that it goes on with. */
async function logIn(door: Door, user = "alice", password = "secret", repository = "team/app"): Promise<string> {
  const answer = await door.authenticate(basic(user, password), { kind: "v1", name: repository });
  return `Token ${answer.outcome === "allowed" ? answer.v1Token?.(repository) : undefined}`;
}

describe("a v1 token", () => {
  test("has the form that docker hands back", async () => {
    const door = await openDoor({ htpasswd }, () => START);
    expect(await logIn(door)).toMatch(/^Token signature=[\w.-]+,repository="team\/app",access=read$/);
    door.close();
  });

  test.each([
    ["alice", "secret"],
    ["bob", "pässwörd"],
    ["old", "secret"],
    ["münchen", "secret"],
  ])("reads its repository and no other, in the name of %s", async (user, password) => {
    const door = await openDoor({ htpasswd }, () => START);
    const token = await logIn(door, user, password);
    for (const wanted of [IMAGES, IMAGE]) {
      const answer = await door.authenticate(token, wanted);
      expect(answer).toMatchObject({ outcome: "allowed", user });
      const mayPull = answer.outcome === "allowed" ? answer.mayPull : () => undefined;
      expect(["team/app", "team/other"].map(mayPull)).toEqual([true, false]);
    }
    expect(door.authenticate(token, { kind: "v1", name: "team/other" })).toEqual(CHALLENGE);
    door.close();
  });

  test.each<Wanted>([{ kind: "base" }, { kind: "catalog" }, { kind: "repository", name: "team/app" }])(
    "opens nothing of v2: %j",
    async (wanted) => {
      const door = await openDoor({ htpasswd }, () => START);
      expect(door.authenticate(await logIn(door), wanted)).toEqual(CHALLENGE);
      door.close();
    },
  );

  test("lasts an hour", async () => {
    let now = START;
    const door = await openDoor({ htpasswd }, () => now);
    const token = await logIn(door);
    now = START + HOUR - 1;
    expect(door.authenticate(token, IMAGES)).toMatchObject({ outcome: "allowed" });
    now = START + HOUR;
    expect(door.authenticate(token, IMAGES)).toEqual(CHALLENGE);
    door.close();
  });

  test("of one worker is good at another, and at a replica with a copy of the file", async () => {
    const copy = place.at("copy");
    copyFileSync(htpasswd, copy);
    const doors = [await openDoor({ htpasswd }), await openDoor({ htpasswd }), await openDoor({ htpasswd: copy })];
    const [first] = doors;
    const token = first === undefined ? "" : await logIn(first);
    for (const door of doors) {
      expect(door.authenticate(token, IMAGES)).toMatchObject({ outcome: "allowed", user: "alice" });
      door.close();
    }
  });

  test("outlives other users' lines, and ends with its own", async () => {
    const path = place.at("changing");
    writeFileSync(path, ALICE);
    const door = await openDoor({ htpasswd: path });
    const token = await logIn(door);
    const isGood = async () => (await door.authenticate(token, IMAGES)).outcome === "allowed";
    const letsBob = async () => (await door.authenticate(basic("bob", "pässwörd"), IMAGES)).outcome === "allowed";
    writeFileSync(path, `${BOB}\n${ALICE}`);
    await until(letsBob);
    expect(await isGood()).toBe(true);
    writeFileSync(path, `${BOB}\nalice:${APR1.slice("old:".length)}`);
    await until(async () => !(await isGood()));
    door.close();
  });

  const FORGED: readonly [what: string, forge: (token: string) => string][] = [
    ["of another repository", (token) => token.replace("team/app", "team/other")],
    ["of another user", (token) => token.replace("=YWxpY2U.", "=Ym9i.")],
    ["of nobody", (token) => token.replace("=YWxpY2U.", "=ZXZl.")],
    ["that lasts longer", (token) => token.replace(/\.(\d+)\./, (_, expiry: string) => `.${Number(expiry) + 1}.`)],
    ["with another mac", (token) => token.replace(/.(?=,repository)/, (last) => (last === "A" ? "E" : "A"))],
    ["that may write", (token) => token.replace("access=read", "access=write")],
    ["with something after it", (token) => `${token},x=1`],
    ["with a no-break space", (token) => token.replace(",repository", ",\u00a0repository")],
    ["without a signature", () => 'Token repository="team/app",access=read'],
    ["twice", (token) => `${token}, ${token}`],
  ];
  test.each(FORGED)("%s is none", async (_, forge) => {
    const door = await openDoor({ htpasswd }, () => START);
    const token = await logIn(door);
    const forged = forge(token);
    expect(forged).not.toBe(token);
    for (const wanted of [IMAGES, IMAGE, { kind: "v1", name: "team/other" } as const]) {
      expect(door.authenticate(forged, wanted)).toEqual(CHALLENGE);
    }
    door.close();
  });

  test("is not issued for a name that could break the header", async () => {
    const door = await openDoor({ htpasswd }, () => START);
    expect(await logIn(door, "alice", "secret", 'a",access=write,x="')).toBe("Token undefined");
    door.close();
  });

  test("is not issued to a client that came with a token", async () => {
    const door = await openDoor({ htpasswd }, () => START);
    expect(await door.authenticate(await logIn(door), IMAGES)).not.toHaveProperty("v1Token");
    door.close();
  });
});
