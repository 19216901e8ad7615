import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { authFaults } from "../../../lib/auth/authenticator.ts";
import { createTokens } from "../../../lib/auth/tokens/bearer.ts";
import { parseJwks } from "../../../lib/auth/tokens/jwks.ts";
import { createPlace, openAuthenticator } from "../../harness/passwords.ts";
import { createSigner, ISSUER, NOW, SERVICE } from "../../harness/token-server.ts";
import { until } from "../../harness/until.ts";

let place = createPlace();
let jwks = "";
beforeEach(() => {
  place = createPlace();
  jwks = place.at("jwks.json");
});
afterEach(() => place.remove());

const rsa = await createSigner("RS256");
const ec = await createSigner("ES256");
const ed = await createSigner("EdDSA");
const p384 = await createSigner("ES384");
const rs512 = await createSigner("RS512");

const now = () => NOW * 1000;
const write = (keys: unknown) => writeFileSync(jwks, JSON.stringify({ keys }));
const settings = () => ({
  htpasswd: undefined,
  realm: "craned",
  token: { realm: "https://auth/t", service: SERVICE, issuer: ISSUER, jwks },
});

type Opened = Awaited<ReturnType<typeof openAuthenticator>>;
const takes = async (authenticator: Opened, token: string): Promise<boolean> =>
  (await authenticator.authenticate(`Bearer ${token}`, { kind: "base" })).outcome === "allowed";

describe("the file of keys", () => {
  const PUBLIC = "expected a public key for RS256, ES256 or EdDSA, received";
  const SECRET = `${PUBLIC} a secret key, which others must not have`;
  const shortened = { ...rsa.jwk, n: rsa.jwk.n?.slice(0, 171) };
  const BAD: readonly [what: string, key: unknown, fault: string][] = [
    ["of another curve", p384.jwk, `${PUBLIC} a key of kty "EC", crv "P-384", alg "ES384"`],
    ["of another algorithm", rs512.jwk, `${PUBLIC} a key of kty "RSA", alg "RS512"`],
    ["of a kind that nobody knows", { kty: "XYZ" }, `${PUBLIC} a key of kty "XYZ"`],
    ["of no kind", {}, `${PUBLIC} an object without kty`],
    ["that is null", null, `${PUBLIC} no object`],
    ["that is secret", rsa.secretJwk, SECRET],
    ["that is shared", { kty: "oct", k: "c2VjcmV0", alg: "HS256" }, SECRET],
    ["that lacks a part", { ...ec.jwk, y: undefined }, `${PUBLIC} a key of kty "EC", crv "P-256", alg "ES256"`],
    [
      "that is no point of its curve",
      { ...ec.jwk, y: ec.jwk.x },
      `${PUBLIC} a key of kty "EC", crv "P-256", alg "ES256" that can't be read`,
    ],
    ["that is too short", shortened, "expected an RSA key of 2048 bits or more, received a shorter one"],
  ];
  test.each(BAD)("has a fault for a key %s, and the others serve", async (_, key, fault) => {
    write([key, ed.jwk]);
    expect((await authFaults(settings())).errors).toEqual([`${jwks}: keys[0]: ${fault}`]);
    const authenticator = await openAuthenticator(settings());
    expect(
      await takes(authenticator, await ed.sign({ claims: { exp: Date.now() / 1000 + 300, nbf: undefined } })),
    ).toBe(true);
    authenticator.close();
  });

  test("may have keys that are for encryption, and keys without algorithm and use", async () => {
    const { alg, ...plain } = ec.jwk;
    write([{ ...rs512.jwk, use: "enc" }, plain, { ...ed.jwk, use: "sig" }]);
    expect(alg).toBe("ES256");
    expect((await authFaults(settings())).errors).toEqual([]);
    const authenticator = await openAuthenticator(settings(), now);
    expect([await takes(authenticator, await ec.sign()), await takes(authenticator, await ed.sign())]).toEqual([
      true,
      true,
    ]);
    authenticator.close();
  });

  test("has one key of a name for an algorithm; a key without a name serves tokens that name none", async () => {
    const twin = await createSigner("RS256");
    const nameless = await createSigner("EdDSA", "");
    write([rsa.jwk, twin.jwk, nameless.jwk]);
    expect((await authFaults(settings())).errors).toEqual([
      `${jwks}: keys[1].kid: expected one key for RS256 a kid, received another`,
    ]);
    const authenticator = await openAuthenticator(settings(), now);
    expect(await takes(authenticator, await rsa.sign())).toBe(true);
    expect(await takes(authenticator, await twin.sign())).toBe(false);
    expect(await takes(authenticator, await nameless.sign())).toBe(true);
    authenticator.close();
  });

  const USELESS: readonly [what: string, text: string, faults: number][] = [
    ["nothing", "", 1],
    ["no JSON", "{", 1],
    ["no set", "[]", 1],
    ["no keys", '{"keys":[]}', 1],
    ["no good keys", JSON.stringify({ keys: [rs512.jwk] }), 2],
  ];
  test.each(USELESS)("that holds %s is unusable, and admits nobody", async (_, text, faults) => {
    writeFileSync(jwks, text);
    const found = (await authFaults(settings())).errors;
    expect(found).toHaveLength(faults);
    expect(found.at(-1)).toStartWith(
      `${jwks}: expected a JSON Web Key Set, {"keys": […]}, with a key for RS256, ES256 or EdDSA, received`,
    );
    const authenticator = await openAuthenticator(settings(), now);
    expect(await takes(authenticator, await rsa.sign())).toBe(false);
    write([rsa.jwk]);
    const token = await rsa.sign();
    await until(() => takes(authenticator, token));
    authenticator.close();
  });

  test("is read again when it changes, and what it no longer holds signs nothing, remembered or not", async () => {
    write([rsa.jwk]);
    const authenticator = await openAuthenticator(settings(), now);
    const [old, fresh] = [await rsa.sign(), await ec.sign()];
    expect([await takes(authenticator, old), await takes(authenticator, fresh)]).toEqual([true, false]);
    writeFileSync(place.at("new"), JSON.stringify({ keys: [ec.jwk] }));
    renameSync(place.at("new"), jwks);
    await until(async () => !(await takes(authenticator, old)));
    expect(await takes(authenticator, fresh)).toBe(true);
    writeFileSync(jwks, "{");
    await until(() => authenticator.lines.some((line) => line.includes("the last good content stays in use")));
    expect(await takes(authenticator, fresh)).toBe(true);
    authenticator.close();
  });
});

test("good tokens are forgotten when there are too many", async () => {
  const { value: keys } = await parseJwks(Buffer.from(JSON.stringify({ keys: [ed.jwk] })));
  if (keys === undefined) throw new Error("no keys");
  const tokens = createTokens({ service: SERVICE, issuer: ISSUER, now, maxCached: 2 });
  const [first, second, third] = await Promise.all(["1", "2", "3"].map((jti) => ed.sign({ claims: { jti } })));
  for (const token of [first, second, first, third]) await tokens.check(keys, token ?? "");
  const isRemembered = (token = "") => !(tokens.check(keys, token) instanceof Promise);
  expect([isRemembered(third), isRemembered(first), isRemembered(second)]).toEqual([true, true, false]);
});
