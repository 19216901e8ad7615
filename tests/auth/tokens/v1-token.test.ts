import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, writeFileSync } from "node:fs";
import type { Authentication, RequestedAccess } from "../../../lib/auth/authenticator.ts";
import { ALICE, APR1, BOB, basic, createPlace, MUNICH, openAuthenticator } from "../../harness/passwords.ts";
import { until } from "../../harness/until.ts";

const place = createPlace();
afterAll(place.remove);
const htpasswd = place.at("users");
writeFileSync(htpasswd, [ALICE, BOB, APR1, MUNICH].join("\n"));

const IMAGES: RequestedAccess = { kind: "v1", name: "team/app" };
/** `/v1/images/<id>/<file>`, whose path names no repository. */
const IMAGE: RequestedAccess = { kind: "v1" };
const CHALLENGE: Authentication = { outcome: "challenge", header: 'Basic realm="craned"' };
const HOUR = 3_600_000;
const START = Date.parse("2026-01-01T00:00:00Z");

type Opened = Awaited<ReturnType<typeof openAuthenticator>>;

/** Logs in as docker does, and returns the Authorization header that it goes on with. */
async function logIn(
  authenticator: Opened,
  user = "alice",
  password = "secret",
  repository = "team/app",
): Promise<string> {
  const answer = await authenticator.authenticate(basic(user, password), { kind: "v1", name: repository });
  return `Token ${answer.outcome === "allowed" ? answer.v1Token?.(repository) : undefined}`;
}

describe("a v1 token", () => {
  test("has the form that docker hands back", async () => {
    const authenticator = await openAuthenticator({ htpasswd }, () => START);
    expect(await logIn(authenticator)).toMatch(/^Token signature=[\w.-]+,repository="team\/app",access=read$/);
    authenticator.close();
  });

  test.each([
    ["alice", "secret"],
    ["bob", "pässwörd"],
    ["old", "secret"],
    ["münchen", "secret"],
  ])("reads its repository and no other, in the name of %s", async (user, password) => {
    const authenticator = await openAuthenticator({ htpasswd }, () => START);
    const token = await logIn(authenticator, user, password);
    for (const wanted of [IMAGES, IMAGE]) {
      const answer = await authenticator.authenticate(token, wanted);
      expect(answer).toMatchObject({ outcome: "allowed", user });
      const mayPull = answer.outcome === "allowed" ? answer.mayPull : () => undefined;
      expect(["team/app", "team/other"].map(mayPull)).toEqual([true, false]);
    }
    expect(authenticator.authenticate(token, { kind: "v1", name: "team/other" })).toEqual(CHALLENGE);
    authenticator.close();
  });

  test.each<RequestedAccess>([{ kind: "base" }, { kind: "catalog" }, { kind: "repository", name: "team/app" }])(
    "opens nothing of v2: %j",
    async (wanted) => {
      const authenticator = await openAuthenticator({ htpasswd }, () => START);
      expect(authenticator.authenticate(await logIn(authenticator), wanted)).toEqual(CHALLENGE);
      authenticator.close();
    },
  );

  test("lasts an hour", async () => {
    let now = START;
    const authenticator = await openAuthenticator({ htpasswd }, () => now);
    const token = await logIn(authenticator);
    now = START + HOUR - 1;
    expect(authenticator.authenticate(token, IMAGES)).toMatchObject({ outcome: "allowed" });
    now = START + HOUR;
    expect(authenticator.authenticate(token, IMAGES)).toEqual(CHALLENGE);
    authenticator.close();
  });

  test("of one worker is good at another, and at a replica with a copy of the file", async () => {
    const copy = place.at("copy");
    copyFileSync(htpasswd, copy);
    const replicas = [
      await openAuthenticator({ htpasswd }),
      await openAuthenticator({ htpasswd }),
      await openAuthenticator({ htpasswd: copy }),
    ];
    const [first] = replicas;
    const token = first === undefined ? "" : await logIn(first);
    for (const authenticator of replicas) {
      expect(authenticator.authenticate(token, IMAGES)).toMatchObject({ outcome: "allowed", user: "alice" });
      authenticator.close();
    }
  });

  test("outlives other users' lines, and ends with its own", async () => {
    const path = place.at("changing");
    writeFileSync(path, ALICE);
    const authenticator = await openAuthenticator({ htpasswd: path });
    const token = await logIn(authenticator);
    const isGood = async () => (await authenticator.authenticate(token, IMAGES)).outcome === "allowed";
    const letsBob = async () =>
      (await authenticator.authenticate(basic("bob", "pässwörd"), IMAGES)).outcome === "allowed";
    writeFileSync(path, `${BOB}\n${ALICE}`);
    await until(letsBob);
    expect(await isGood()).toBe(true);
    writeFileSync(path, `${BOB}\nalice:${APR1.slice("old:".length)}`);
    await until(async () => !(await isGood()));
    authenticator.close();
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
    const authenticator = await openAuthenticator({ htpasswd }, () => START);
    const token = await logIn(authenticator);
    const forged = forge(token);
    expect(forged).not.toBe(token);
    for (const wanted of [IMAGES, IMAGE, { kind: "v1", name: "team/other" } as const]) {
      expect(authenticator.authenticate(forged, wanted)).toEqual(CHALLENGE);
    }
    authenticator.close();
  });

  test("is not issued for a name that could break the header", async () => {
    const authenticator = await openAuthenticator({ htpasswd }, () => START);
    expect(await logIn(authenticator, "alice", "secret", 'a",access=write,x="')).toBe("Token undefined");
    authenticator.close();
  });

  test("is not issued to a client that came with a token", async () => {
    const authenticator = await openAuthenticator({ htpasswd }, () => START);
    expect(await authenticator.authenticate(await logIn(authenticator), IMAGES)).not.toHaveProperty("v1Token");
    authenticator.close();
  });
});
