import { describe, expect, test } from "bun:test";
import { loadConfig, type Sources } from "../../../lib/config/load.ts";
import { describeProblem } from "../../../lib/config/problem.ts";

function load(file: string, flags: Sources["flags"] = {}) {
  const loaded = loadConfig({ flags, environment: {}, readFile: () => ({ kind: "text", text: file }) });
  return loaded.ok
    ? { token: loaded.config.auth.token, problems: [] }
    : { token: undefined, problems: loaded.problems.map(describeProblem) };
}

const QUOTABLE = "printable ASCII without double quotes and backslashes";
const URL = "an absolute http or https URL";
const TOKENS = `[auth]
token_realm: https://auth.example.org/token
token_service: registry.example.org
token_issuer: Example's tokens
token_jwks: /etc/crane.jwks
`;

describe("the configuration of bearer tokens", () => {
  test("is read as a whole", () => {
    expect(load(TOKENS)).toEqual({
      token: {
        realm: "https://auth.example.org/token",
        service: "registry.example.org",
        issuer: "Example's tokens",
        jwks: "/etc/crane.jwks",
      },
      problems: [],
    });
    expect(load("[auth]\nhtpasswd: /users\ntoken_realm:")).toEqual({ token: undefined, problems: [] });
  });

  test("needs all that there is to be said", () => {
    const since = "since auth.token_issuer is given, received nothing";
    expect(load("[auth]\ntoken_realm:\ntoken_issuer: i").problems).toEqual([
      `/etc/crane.conf:3: auth.token_realm: expected ${URL}, ${since}`,
      `/etc/crane.conf:3: auth.token_service: expected ${QUOTABLE}, ${since}`,
      `/etc/crane.conf:3: auth.token_jwks: expected a path, ${since}`,
    ]);
  });

  test("goes with no passwords", () => {
    const problem = "auth.htpasswd: expected nothing, since auth.token_realm is given, received a file";
    expect(load(`${TOKENS}htpasswd: /users`).problems).toEqual([`/etc/crane.conf:6: ${problem}`]);
    expect(load(TOKENS, { "auth.htpasswd": "/users" }).problems).toEqual([`--auth-htpasswd: ${problem}`]);
  });

  const BAD: readonly [key: string, value: string, expected: string][] = [
    ["token_realm", "auth.example.org/token", URL],
    ["token_realm", "https://auth.example.org/'<", URL],
    ["token_service", "é", QUOTABLE],
    ["token_issuer", "a\\b", QUOTABLE],
    ["token_jwks", "\u0001", "a path"],
  ];
  test.each(BAD)("refuses %s: %j", (key, value, expected) => {
    const { problems } = load(TOKENS.replace(new RegExp(`^${key}.*$`, "m"), () => `${key}: ${value}`));
    expect(problems).toEqual([expect.stringContaining(`: auth.${key}: expected ${expected}, received`)]);
  });
});
