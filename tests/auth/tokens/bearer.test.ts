import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { base64url, CompactSign, importJWK, SignJWT, UnsecuredJWT } from "jose";
import type { RequestedAccess } from "../../../lib/auth/authenticator.ts";
import { basic, createPlace, openAuthenticator } from "../../harness/passwords.ts";
import { CATALOG, createSigner, ISSUER, NOW, pullOf, SERVICE, type TokenChanges } from "../../harness/token-server.ts";

const place = createPlace();
afterAll(place.remove);

const rsa = await createSigner("RS256");
const ec = await createSigner("ES256");
const ed = await createSigner("EdDSA");
const stranger = await createSigner("RS256");
const other = await createSigner("RS512", "RS256");

const jwks = place.at("jwks.json");
const token = { realm: "https://auth.example.org/token", service: SERVICE, issuer: ISSUER, jwks };
writeFileSync(jwks, JSON.stringify({ keys: [rsa.jwk, ec.jwk, ed.jwk] }));

let time = NOW * 1000;
let authenticator: Awaited<ReturnType<typeof openAuthenticator>>;
beforeAll(async () => {
  authenticator = await openAuthenticator({ token }, () => time);
});
afterAll(() => authenticator.close());

const ask = async (bearer: string, wanted: RequestedAccess) => authenticator.authenticate(`Bearer ${bearer}`, wanted);
const PULL_APP: RequestedAccess = { kind: "repository", name: "team/app" };
const BASE: RequestedAccess = { kind: "base" };
const GRANTS_APP: TokenChanges = { claims: { access: pullOf("team/app") } };

const START = `Bearer realm="https://auth.example.org/token",service="registry.example.org"`;
const challenge = (rest = "") => ({ outcome: "challenge" as const, header: START + rest });

describe("without a token the challenge names the scope", () => {
  const SCOPES: readonly [wanted: RequestedAccess, scope: string][] = [
    [{ kind: "base" }, ""],
    [{ kind: "repository", name: "team/app" }, ',scope="repository:team/app:pull"'],
    [{ kind: "catalog" }, ',scope="registry:catalog:*"'],
    [{ kind: "v1" }, ""],
    [{ kind: "v1", name: "team/app" }, ',scope="repository:team/app:pull"'],
    [{ kind: "repository" }, ""],
    [{ kind: "repository", name: 'a",error="x' }, ""],
    [{ kind: "repository", name: "a\r\nX-Evil: 1" }, ""],
    [{ kind: "repository", name: "Team/App" }, ""],
    [{ kind: "v1", name: "a:pull repository:b" }, ""],
  ];
  test.each(SCOPES)("of %j", (wanted, scope) => {
    expect(authenticator.authenticate(undefined, wanted)).toEqual(challenge(scope));
    expect(authenticator.authenticate(basic("alice", "secret"), wanted)).toEqual(challenge(scope));
    expect(authenticator.authenticate("Bearer", wanted)).toEqual(challenge(scope));
  });
});

describe("a good token", () => {
  test.each([
    ["RS256", rsa],
    ["ES256", ec],
    ["EdDSA", ed],
  ])("may be signed by %s", async (_, signer) => {
    const answer = await ask(await signer.sign(GRANTS_APP), PULL_APP);
    expect(answer.outcome === "allowed" && [answer.mayPull("team/app"), answer.mayPull("team/other")]).toEqual([
      true,
      false,
    ]);
  });

  test.each([
    ["alice", "alice"],
    ["", undefined],
    [undefined, undefined],
    [7, undefined],
  ])("with the subject %p is of user %p", async (sub, user) => {
    const answer = await ask(await rsa.sign({ claims: { access: pullOf("team/app"), sub } }), PULL_APP);
    expect(answer.outcome === "allowed" ? answer.user : "refused").toBe(user);
  });

  const FINE: readonly [what: string, changes: TokenChanges][] = [
    ["has several audiences", { claims: { aud: ["x", SERVICE] } }],
    ["has no time to begin", { claims: { nbf: undefined, iat: undefined } }],
    ["expired a minute ago by a clock that is ahead", { claims: { exp: NOW - 59 } }],
    ["begins within a minute", { claims: { nbf: NOW + 60 } }],
    ["has entries that mean nothing", { claims: { access: [null, 1, "x", {}, ...pullOf("team/app")] } }],
    ["grants all actions", { claims: { access: [{ type: "repository", name: "team/app", actions: ["*"] }] } }],
    ["says JWT of itself", { header: { typ: "JWT" } }],
  ];
  test.each(FINE)("that %s is good", async (_, { header, claims }) => {
    const changes = { ...(header && { header }), claims: { access: pullOf("team/app"), ...claims } };
    expect(await ask(await rsa.sign(changes), PULL_APP)).toMatchObject({ outcome: "allowed" });
  });

  test("may be written after a scheme of any case", async () => {
    expect(await authenticator.authenticate(`bEARER  ${await rsa.sign(GRANTS_APP)}`, PULL_APP)).toMatchObject({
      outcome: "allowed",
    });
  });

  test("is answered within the same tick when it comes again, as long as it is good", async () => {
    const bearer = `Bearer ${await rsa.sign({ claims: { ...GRANTS_APP.claims, jti: "again" } })}`;
    const first = authenticator.authenticate(bearer, PULL_APP);
    expect(first).toBeInstanceOf(Promise);
    await first;
    expect(authenticator.authenticate(bearer, PULL_APP)).toMatchObject({ outcome: "allowed" });
    time = (NOW + 359) * 1000;
    expect(authenticator.authenticate(bearer, PULL_APP)).toMatchObject({ outcome: "allowed" });
    time = (NOW + 360) * 1000;
    const expired = await authenticator.authenticate(bearer, PULL_APP);
    time = NOW * 1000;
    expect(expired).toEqual(challenge(',scope="repository:team/app:pull",error="invalid_token"'));
  });
});

describe("a token grants what it says and no more", () => {
  const insufficient = (scope: string) => challenge(`,scope="${scope}",error="insufficient_scope"`);
  const app = "repository:team/app:pull";
  const catalog = "registry:catalog:*";
  const GRANTS: readonly [access: unknown, wanted: RequestedAccess, answer: object][] = [
    [undefined, BASE, { outcome: "allowed" }],
    [[], BASE, { outcome: "allowed" }],
    [[], PULL_APP, insufficient(app)],
    [undefined, PULL_APP, insufficient(app)],
    [pullOf("team/other"), PULL_APP, insufficient(app)],
    [pullOf("team/app/more"), PULL_APP, insufficient(app)],
    [pullOf("team/*"), PULL_APP, insufficient(app)],
    [[{ type: "repository", name: "team/app", actions: ["push"] }], PULL_APP, insufficient(app)],
    [[{ type: "repository", name: "team/app", actions: "pull" }], PULL_APP, insufficient(app)],
    [[{ type: "repository(plugin)", name: "team/app", actions: ["pull"] }], PULL_APP, insufficient(app)],
    [[CATALOG], PULL_APP, insufficient(app)],
    [[CATALOG], { kind: "catalog" }, { outcome: "allowed" }],
    [[{ ...CATALOG, actions: ["pull"] }], { kind: "catalog" }, insufficient(catalog)],
    [[{ ...CATALOG, type: "repository" }], { kind: "catalog" }, insufficient(catalog)],
    [pullOf("team/app"), { kind: "catalog" }, insufficient(catalog)],
    [pullOf("app"), { kind: "v1", name: "app" }, { outcome: "allowed" }],
    [pullOf("app"), { kind: "v1" }, { outcome: "allowed" }],
    [pullOf("other"), { kind: "v1", name: "app" }, insufficient("repository:app:pull")],
    [pullOf("other"), { kind: "repository", name: "NO NAME" }, { outcome: "allowed" }],
  ];
  test.each(GRANTS)("%j, asked for %j", async (access, wanted, answer) => {
    expect(await ask(await rsa.sign({ claims: { access } }), wanted)).toMatchObject(answer);
  });

  test("and what an answer may show", async () => {
    const mayPull = async (access: unknown, wanted: RequestedAccess, name: string) => {
      const answer = await ask(await rsa.sign({ claims: { access } }), wanted);
      return answer.outcome === "allowed" && answer.mayPull(name);
    };
    expect(await mayPull(pullOf("a"), { kind: "v1" }, "a")).toBe(true);
    expect(await mayPull(pullOf("a"), { kind: "v1" }, "b")).toBe(false);
    expect(await mayPull([CATALOG], { kind: "v1" }, "b")).toBe(false);
    expect(await mayPull([CATALOG], { kind: "catalog" }, "b")).toBe(true);
    expect(await mayPull(pullOf("b"), { kind: "repository", name: "NO NAME" }, "NO NAME")).toBe(false);
  });
});

describe("a bad token", () => {
  const claims = { iss: ISSUER, aud: SERVICE, exp: NOW + 300, access: pullOf("team/app") };
  const changed =
    (changes: TokenChanges, signer = rsa) =>
    () =>
      signer.sign({ ...changes, claims: { access: pullOf("team/app"), ...changes.claims } });
  const tamper = async () => {
    const [header, , signature] = (await rsa.sign()).split(".");
    return [header, base64url.encode(JSON.stringify(claims)), signature].join(".");
  };
  const hmacWithPublicKey = () =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: "RS256" })
      .sign(new TextEncoder().encode(JSON.stringify(rsa.jwk)));
  const withOwnKey = () => stranger.sign({ ...GRANTS_APP, header: { kid: "mine", jwk: stranger.jwk } });
  const compact = async (text: string, header: object) =>
    new CompactSign(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: "EdDSA", kid: "EdDSA", ...header })
      .sign(await importJWK(ed.secretJwk, "EdDSA"), { crit: { unheard: true } });

  const BAD: readonly [what: string, make: () => string | Promise<string>][] = [
    ["has expired", changed({ claims: { exp: NOW - 60 } })],
    ["never expires", changed({ claims: { exp: undefined } })],
    ["expires at a word", changed({ claims: { exp: "tomorrow" } })],
    ["is not yet valid", changed({ claims: { nbf: NOW + 61 } })],
    ["is for another service", changed({ claims: { aud: "other.example.org" } })],
    ["is for several others", changed({ claims: { aud: ["a", "b"] } })],
    ["is for nobody", changed({ claims: { aud: undefined } })],
    ["is of another issuer", changed({ claims: { iss: "Somebody" } })],
    ["is of no issuer", changed({ claims: { iss: undefined } })],
    ["has no list of access", changed({ claims: { access: { type: "repository" } } })],
    ["names an unknown key", changed({ header: { kid: "unknown" } })],
    ["names the key of another algorithm", changed({ header: { kid: "ES256" } })],
    ["is signed by another key of that name", changed({}, stranger)],
    ["brings its own key", withOwnKey],
    ["is signed by an algorithm that is not taken", changed({}, other)],
    ["has no signature", () => new UnsecuredJWT(claims).encode()],
    ["is signed with our public key as a secret", hmacWithPublicKey],
    ["was changed after it was signed", tamper],
    [
      "has critical headers that nobody knows",
      () => compact(JSON.stringify(claims), { crit: ["unheard"], unheard: 1 }),
    ],
    ["holds no claims", () => compact("x", {})],
    ["is no token", () => "abc"],
    ["is three times nothing", () => ".."],
    ["is an empty object", () => "e30.e30.e30"],
  ];
  test.each(BAD)("that %s gets the challenge with invalid_token", async (_, make) => {
    const answer = await ask(await make(), PULL_APP);
    const start = challenge(',scope="repository:team/app:pull"');
    expect(answer).toEqual({ ...start, header: `${start.header},error="invalid_token"` });
    expect(await ask(await make(), BASE)).toEqual(challenge(',error="invalid_token"'));
  });
});
