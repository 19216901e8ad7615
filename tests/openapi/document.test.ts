/** The document as a document: valid for others, the same every time, in step with the grammar. */
import { describe, expect, test } from "bun:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import fc from "fast-check";
import type { Deployment } from "../../lib/app/openapi/deployment.ts";
import { parseDigest, parseImageId, parseReference, parseRepositoryName, parseTag } from "../../lib/core/reference.ts";
import { createContexts } from "../../lib/app/context.ts";
import { MAX_LENGTH, PATTERN } from "../../lib/app/described/grammar.ts";
import { describe as describeProgram, typedRoutes } from "../../lib/app/typed.ts";
import { runCraned, scratch, serveDirectory } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";

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

const CONFIGURATIONS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ["open", []],
  ["with passwords", ["--auth-htpasswd", `${data.path}/htpasswd`]],
  ["with tokens", TOKENS],
  ["with certificates", CERTIFICATES],
  ["with tokens and certificates", [...TOKENS, ...CERTIFICATES]],
  ["with content", ["--serve-content-enable"]],
  ["with content sent by nginx", ["--serve-content-enable", "--serve-content-x-accel-redirect", "/internal"]],
  ["with another's search", ["--solr-url", "http://solr.test/?q={0}"]],
];

async function printed(args: readonly string[]): Promise<string> {
  const { code, out, err } = await runCraned(["openapi", ...args]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}

/** What the validator recommends, but for what a registry can't do otherwise. */
const RULES = {
  // Manifests, blobs and v1 images are elsewhere as a rule.
  "operation-2xx-response": "off",
  // The distribution specification has it so.
  "no-path-trailing-slash": "off",
  // It does not follow x-other-methods; what is used nowhere at all is left out when the document is made.
  "no-unused-components": "off",
  // Errors name their codes beside a reference to their schema, which does forbid what it does not know.
  "no-invalid-media-type-examples": { severity: "error", allowAdditionalProperties: true },
} as const;

describe.each(CONFIGURATIONS)("the document of a registry %s", (_, args) => {
  test("is valid for an independent validator", async () => {
    const source = await printed(args);
    const config = await createConfig({ extends: ["recommended-strict"], rules: RULES });
    const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  });

  test("is the same every time", async () => {
    expect(await printed(args)).toBe(await printed(args));
  });

  test("has nothing of the libraries in it", async () => {
    expect(await printed(args)).not.toMatch(/~standard|~run|valibot|elysia|"\w*\[object|undefined|\bNaN\b/i);
  });
});

test("the server has the document that the command line prints", async () => {
  const craned = await serveDirectory(data.path, {});
  putAway(craned.stop);
  const response = await fetch(`${craned.origin}/openapi.json`);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.text()).toBe(await printed([]));
});

test("every route is in the document", () => {
  const deployment: Deployment = {
    version: "1",
    credentials: { kind: "none" },
    takesCertificates: false,
    files: { v1: "here", v2: "in front" },
    saysRequestIds: false,
    searchesElsewhere: false,
  };
  const routes = typedRoutes(
    {
      answer: async () => new Response(),
      contexts: createContexts(),
      search: async () => ({ ok: true, results: [] }),
      readiness: () => ({ isLoaded: false, repositories: 0, faults: 0 }),
      admin: () => undefined,
      metrics: () => undefined,
      health: () => false,
    },
    deployment,
  ).routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  const documented = Object.entries(describeProgram(deployment).paths).flatMap(([path, item]) =>
    ["GET", "POST"].filter((method) => method.toLowerCase() in item).map((method) => `${method} ${path}`),
  );
  expect(documented.sort()).toEqual(routes.sort());
});

test("security is as configured", async () => {
  const schemes = async (args: readonly string[]) => {
    const { security, components } = JSON.parse(await printed(args));
    return [security, Object.keys(components.securitySchemes)];
  };
  expect(await schemes([])).toEqual([[], []]);
  expect(await schemes(CERTIFICATES)).toEqual([[{}, { certificate: [] }], ["certificate"]]);
  expect(await schemes([...TOKENS, ...CERTIFICATES])).toEqual([
    [{ token: [] }, { token: [], certificate: [] }],
    ["token", "certificate"],
  ]);
});

test("a configuration in error is told, and no document printed", async () => {
  const { code, out, err } = await runCraned(["openapi", "--serve-content-enable", "perhaps"]);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toContain("serve_content.enable");
});

describe("the patterns of the document say what the parsers take", () => {
  const PARSERS: readonly (readonly [pattern: keyof typeof PATTERN, parse: (text: string) => string | undefined])[] = [
    ["name", parseRepositoryName],
    ["tag", parseTag],
    ["digest", parseDigest],
    ["reference", parseReference],
    ["imageId", parseImageId],
  ];
  const piece = fc.constantFrom(
    ..."a b0 A Z 9 . _ __ ___ - -- / // : + = ~ sha256: sha512: sha256 é \n".split(" "),
    "a".repeat(64),
    "0".repeat(128),
    "",
  );
  const text = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(""));

  test.each(PARSERS)("%s", (name, parse) => {
    const pattern = new RegExp(PATTERN[name], "u");
    fc.assert(
      fc.property(text, (each) => {
        const isLongEnough = name === "tag" || name === "imageId" || each.length <= MAX_LENGTH;
        expect(isLongEnough && pattern.test(each)).toBe(parse(each) !== undefined);
      }),
      { numRuns: 20_000 },
    );
  });
});
