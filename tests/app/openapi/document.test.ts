/** The OpenAPI document: valid for an independent validator, and the same from server and command line. */
import { describe, expect, test } from "bun:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import fc from "fast-check";
import { PATTERN, parseDigest, parseImageId, parseRepositoryName, parseTag } from "../../../lib/core/reference.ts";
import { runCraned, scratch, serveDirectory } from "../../harness/craned.ts";
import { leftovers } from "../../harness/programs.ts";

const putAway = leftovers();
const data = scratch({ htpasswd: "" });
putAway(data.remove);

const TOKENS = [
  ...["--auth-token-realm", "https://auth.test/token", "--auth-token-service", "registry.test"],
  ...["--auth-token-issuer", "auth.test", "--auth-token-jwks", "/none"],
];
const CERTIFICATES = [
  ...["--auth-client-cert-header", "X-Certificate", "--auth-client-cert-format", "nginx"],
  ...["--auth-client-cert-verified-by-proxy", "--trusted-proxies", "192.0.2.1"],
];

type Security = readonly [security: readonly object[], schemes: readonly string[]];

const OPEN: Security = [[], []];

const CONFIGURATIONS: readonly (readonly [name: string, args: readonly string[], security: Security])[] = [
  ["that is open", [], OPEN],
  ["with passwords", ["--auth-htpasswd", `${data.path}/htpasswd`], [[{ password: [] }], ["password"]]],
  [
    "with tokens and certificates",
    [...TOKENS, ...CERTIFICATES],
    [
      [{ token: [] }, { token: [], certificate: [] }],
      ["token", "certificate"],
    ],
  ],
  ["with certificates", CERTIFICATES, [[{}, { certificate: [] }], ["certificate"]]],
  [
    "that sends its content",
    [
      "--serve-content-enable",
      "--serve-content-content-dir-v1",
      data.path,
      "--serve-content-content-dir-v2",
      data.path,
    ],
    OPEN,
  ],
  ["with another's search, and request ids", ["--solr-url", "http://solr.test/?q={0}", "--log-request-ids"], OPEN],
  ["that pages of all origins may read", ["--cors-origins", "*"], OPEN],
  ["with management on a socket", ["--management-listen", `unix:${data.path}/socket`], OPEN],
  ["with management on its own port", ["--management-on-registry-port"], OPEN],
];

async function printed(args: readonly string[]): Promise<string> {
  const { code, out, err } = await runCraned(["openapi", ...args]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}

/** The validator's recommendations, without those that a registry can't follow. */
const RULES = {
  // Manifests, blobs and v1 images are elsewhere as a rule.
  "operation-2xx-response": "off",
  // Pages, probes and pings have no errors that a client can cause.
  "operation-4xx-response": "off",
  // A Unix socket has no host of its own.
  "no-server-example.com": "off",
  // The distribution specification has such a path.
  "no-path-trailing-slash": "off",
} as const;

describe.each(CONFIGURATIONS)("the document of a registry %s", (_, args, [security, schemes]) => {
  test("is valid, has its security, and nothing of the libraries in it", async () => {
    const source = await printed(args);
    const config = await createConfig({ extends: ["recommended-strict"], rules: RULES });
    const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
    const document = JSON.parse(source);
    expect([document.security, Object.keys(document.components.securitySchemes ?? {})]).toEqual([
      [...security],
      [...schemes],
    ]);
    expect(source).not.toMatch(/~standard|~run|valibot|elysia|"\w*\[object|undefined|\bNaN\b/i);
  });
});

test("the server has the document that the command line prints", async () => {
  const craned = await serveDirectory(data.path, { args: ["--management-listen", "off"] });
  putAway(craned.stop);
  const response = await fetch(`${craned.origin}/openapi.json`);
  expect(response.headers.get("content-type")).toBe("application/json");
  const text = await response.text();
  expect(text).toBe(await printed(["--management-listen", "off"]));
  expect(Object.keys(JSON.parse(text).paths)).not.toContain("/metrics");
});

test("management is on a server of its own", async () => {
  const { paths } = JSON.parse(await printed(["--management-listen", "127.0.0.1:9"]));
  const servers = [{ url: "http://127.0.0.1:9", description: "Management, on 127.0.0.1:9" }];
  expect(paths["/metrics"].servers).toEqual(servers);
  expect(paths["/healthz"].servers).toBeUndefined();
});

test("a configuration in error is told, and no document printed", async () => {
  const { code, out, err } = await runCraned(["openapi", "--serve-content-enable", "perhaps"]);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toContain("serve_content.enable");
});

describe("the patterns of the document say what the parsers take", () => {
  const PARSERS = [
    ["name", parseRepositoryName],
    ["tag", parseTag],
    ["digest", parseDigest],
    ["imageId", parseImageId],
  ] as const;
  const piece = fc.constantFrom(
    ..."a b0 A Z 9 . _ __ ___ - -- / // : + = ~ sha256: sha512: sha256 é \n".split(" "),
    ...["a".repeat(64), "0".repeat(128), ""],
  );
  const text = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(""));

  test.each(PARSERS)("%s", (name, parse) => {
    const pattern = new RegExp(PATTERN[name], "u");
    fc.assert(
      fc.property(text, (each) => {
        const isShortEnough = each.length <= 255;
        expect(isShortEnough && pattern.test(each)).toBe(parse(each) !== undefined);
      }),
      { numRuns: 10_000 },
    );
  });
});
