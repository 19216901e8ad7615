import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCraned, type Scratch, scratch } from "../../harness/craned.ts";
import { leftovers } from "../../harness/programs.ts";
import { layoutAt, publishArguments, siteAt } from "../layouts.ts";
import { type Answer, type FakeRegistry, refusal, type Seen, serveLayout } from "./fake-registry.ts";

setDefaultTimeout(60_000);

const work = scratch();
afterAll(work.remove);
const afterwards = leftovers();

const layout = layoutAt(join(work.path, "layout"));
layout.finish(["1.0", "2.0", "3.0"].map((tag) => [tag, layout.image("oci", tag)] as const));
const whole = siteAt(join(work.path, "whole"));
await whole.published(layout.path);
const TREE = whole.tree();

let sites = 0;

/** Publishes all tags with nothing of this machine's own logins. */
async function publishFrom(address: string, more: readonly string[], environment: Record<string, string> = {}) {
  const directory = join(work.path, `site-${sites++}`);
  const { code, err } = await runCraned(publishArguments(directory, address, more), environment);
  const site = siteAt(directory);
  return { code, error: err.trim().split("\n").at(-1) ?? "", tree: existsSync(site.content) ? site.tree() : {} };
}

async function succeeds(address: string, more: readonly string[] = [], environment: Record<string, string> = {}) {
  const { code, error, tree } = await publishFrom(address, more, environment);
  expect(code === 0 ? "" : error).toBe("");
  expect(tree).toEqual(TREE);
}

async function fails(address: string, more: readonly string[] = [], environment: Record<string, string> = {}) {
  const { code, error } = await publishFrom(address, more, environment);
  expect(code).toBe(1);
  return error;
}

function serve(answer: Answer): FakeRegistry {
  const registry = serveLayout(layout.path, answer);
  afterwards(registry.stop);
  return registry;
}

const basic = (login: string): string => `Basic ${Buffer.from(login).toString("base64")}`;
const challenge = (header: string) =>
  refusal(401, "UNAUTHORIZED", "authentication required", { "www-authenticate": header });

/** A registry that only lets in who has this password. */
const behind = (login: string) =>
  serve(({ header }) => (header("authorization") === basic(login) ? undefined : challenge('Basic realm="Registry"')));

/**
 * A registry that wants tokens of a service of its own.
 *
 * @param expiresAt the first question of this kind is the first that the first token is too old for
 */
function withTokens(allows: (seen: Seen) => boolean, expiresAt = "nothing") {
  let issued = 0;
  let isOld = false;
  const service = serve((seen) => {
    if (!allows(seen)) return Response.json({ details: "incorrect username or password" }, { status: 401 });
    const isPlain = issued % 2 === 0;
    return Response.json({ token: "", [isPlain ? "token" : "access_token"]: `t${++issued}`, expires_in: 60 });
  });
  const realm = `${service.origin}/token?own=1`;
  const registry = serve(({ header, path }) => {
    isOld ||= path.startsWith(expiresAt);
    if (header("authorization") === `Bearer t${isOld ? 2 : 1}`) return undefined;
    return challenge(
      `Negotiate, Bearer realm="${realm}", service="a \\"registry\\"", scope="repository:team/app:pull"`,
    );
  });
  return { registry, service };
}

describe("a password", () => {
  test("may have colons", () => succeeds(behind("me:a:b").address, ["--src-creds", "me:a:b"]));

  test("that is wrong is refused in the registry's words", async () => {
    const { address } = behind("me:right");
    expect(await fails(address, ["--src-creds", "me:wrong"])).toBe(
      `error: ${address}: the list of tags: 401 UNAUTHORIZED: authentication required`,
    );
  });

  test("that nobody gave is asked for", async () => {
    const { address } = behind("me:right");
    expect(await fails(address)).toBe(
      `error: ${address}: 401: the registry asks for a password: log in, or give --src-creds`,
    );
  });

  test("is of no use where something else is asked for", async () => {
    const { address } = serve(() => challenge("Negotiate"));
    expect(await fails(address, ["--src-creds", "me:right"])).toBe(
      `error: ${address}: 401: the registry asks for neither a password nor a token`,
    );
  });
});

describe("a file of logins", () => {
  const auth = (login: string) => ({ auth: Buffer.from(login).toString("base64") });
  const hostOf = ({ origin }: FakeRegistry) => new URL(origin).host;
  const home = (files: Readonly<Record<string, unknown>>): Scratch => {
    const made = scratch(files);
    afterwards(made.remove);
    return made;
  };

  const PLACES: readonly (readonly [file: string, environment: (at: string) => Record<string, string>])[] = [
    ["run/containers/auth.json", (at) => ({ XDG_RUNTIME_DIR: join(at, "run") })],
    [".config/containers/auth.json", (at) => ({ HOME: at })],
    ["xdg/containers/auth.json", (at) => ({ HOME: at, XDG_CONFIG_HOME: join(at, "xdg") })],
    [".docker/config.json", (at) => ({ HOME: at })],
    ["elsewhere/config.json", (at) => ({ HOME: at, DOCKER_CONFIG: join(at, "elsewhere") })],
    ["own.json", (at) => ({ HOME: at, REGISTRY_AUTH_FILE: join(at, "own.json") })],
  ];

  test.each(PLACES)("is found at %s", async (file, environment) => {
    const registry = behind("me:right");
    const { path } = home({ [file]: { auths: { [hostOf(registry)]: auth("me:right") } } });
    await succeeds(registry.address, [], environment(path));
  });

  test("may be as docker wrote it long ago", async () => {
    const registry = behind("me:right");
    const { path } = home({ ".dockercfg": { [`https://${hostOf(registry)}/v1/`]: auth("me:right") } });
    await succeeds(registry.address, [], { HOME: path });
  });

  test("of this user is found where podman keeps it without XDG_RUNTIME_DIR", async () => {
    const directory = `/run/containers/${process.getuid?.()}`;
    const file = join(directory, "auth.json");
    // Somebody's own logins are not touched.
    if (process.getuid?.() !== 0 || existsSync(file)) return;
    const registry = behind("me:right");
    mkdirSync(directory, { recursive: true });
    afterwards(() => rmSync(file, { force: true }));
    writeFileSync(file, JSON.stringify({ auths: { [hostOf(registry)]: auth("me:right") } }));
    await succeeds(registry.address, [], { XDG_RUNTIME_DIR: "" });
  });

  describe("may name a program that keeps them", () => {
    /** Answers as a helper does, for one registry. */
    const withHelper = (host: string, script: string, config: object) => {
      const { path } = home({ ".docker/config.json": config });
      const program = join(path, "docker-credential-vault");
      writeFileSync(program, `#!/bin/sh\nread server\n[ "$1 $server" = "get ${host}" ] || exit 9\n${script}\n`);
      chmodSync(program, 0o755);
      return { HOME: path, PATH: `${path}:${process.env["PATH"]}` };
    };
    const LOGIN = `echo '{"ServerURL":"x","Username":"me","Secret":"right"}'`;

    test.each([
      ["for all registries", (_: string) => ({ credsStore: "vault" })],
      ["for this one", (host: string) => ({ credHelpers: { [host]: "vault" }, auths: { [host]: {} } })],
    ])("%s", async (_, configFor) => {
      const registry = behind("me:right");
      const host = hostOf(registry);
      await succeeds(registry.address, [], withHelper(host, LOGIN, configFor(host)));
    });

    test("which may have a token instead of a password", async () => {
      const { registry } = withTokens(
        ({ method, body }) => method === "POST" && body.includes("refresh_token=identity"),
      );
      const token = `echo '{"Username":"<token>","Secret":"identity"}'`;
      await succeeds(registry.address, [], withHelper(hostOf(registry), token, { credsStore: "vault" }));
    });

    test("which may have none", async () => {
      const registry = serve(() => undefined);
      const none = "echo credentials not found in native keychain; exit 1";
      await succeeds(registry.address, [], withHelper(hostOf(registry), none, { credsStore: "vault" }));
    });

    test("and an error says which one fails, or is not there", async () => {
      const registry = behind("me:right");
      const environment = withHelper(hostOf(registry), "echo locked >&2; exit 1", { credsStore: "vault" });
      expect(await fails(registry.address, [], environment)).toEndWith(
        "config.json: credsStore: docker-credential-vault failed: locked",
      );
      expect(await fails(registry.address, [], { ...environment, PATH: "/nonexistent" })).toEndWith(
        "credsStore: expected the program docker-credential-vault in PATH (or give --src-creds), received none",
      );
    });
  });

  test("may be named", async () => {
    const registry = behind("me:right");
    const { path } = home({ "some.json": { auths: { [hostOf(registry)]: auth("me:right") } } });
    await succeeds(registry.address, ["--src-authfile", join(path, "some.json")]);
  });

  test("gives the login of the repository before that of the registry, and old names are understood", async () => {
    const registry = behind("me:right");
    const host = hostOf(registry);
    for (const [good, bad] of [
      [`${host}/team/app`, `${host}/team`],
      [`${host}/team`, host],
      [`https://${host}/v1/`, "https://other.example"],
    ] as const) {
      const { path } = home({ "auth.json": { auths: { [bad]: auth("me:wrong"), [good]: auth("me:right") } } });
      await succeeds(registry.address, ["--src-authfile", join(path, "auth.json")]);
    }
  });

  test.each([
    ["without this registry", { auths: { "other.example": auth("me:wrong") } }],
    ["without anything", ""],
  ])("of podman goes before that of docker, and one %s does not count", async (_, other) => {
    const registry = behind("me:right");
    const files = {
      "run/containers/auth.json": other,
      ".config/containers/auth.json": { auths: { [hostOf(registry)]: auth("me:right") } },
      ".docker/config.json": { auths: { [hostOf(registry)]: auth("me:wrong") } },
    };
    const { path } = home(files);
    await succeeds(registry.address, [], { HOME: path, XDG_RUNTIME_DIR: join(path, "run") });
  });

  test("goes after --src-creds", async () => {
    const registry = behind("me:right");
    const { path } = home({ "auth.json": { auths: { [hostOf(registry)]: auth("me:wrong") } } });
    await succeeds(registry.address, ["--src-creds", "me:right"], { REGISTRY_AUTH_FILE: join(path, "auth.json") });
  });

  test.each([
    ["{", "expected JSON in UTF-8, received other bytes"],
    [{ auths: 1 }, "auths: expected an object of logins, received 1"],
    [{ auths: { "a.example": { auth: 1 } } }, "auths.a.example.auth: expected a string, received 1"],
  ])("that is %j is an error that names it", async (content, message) => {
    const { path } = home({ "auth.json": content });
    const file = join(path, "auth.json");
    expect(await fails(behind("me:right").address, ["--src-authfile", file])).toBe(`error: ${file}: ${message}`);
  });

  test("whose login is none names the field, and not the login", async () => {
    const registry = behind("me:right");
    const { path } = home({ "auth.json": { auths: { [hostOf(registry)]: auth("secret") } } });
    const file = join(path, "auth.json");
    expect(await fails(registry.address, ["--src-authfile", file])).toBe(
      `error: ${file}: auths["${hostOf(registry)}"].auth: expected user:password in base64, received other text`,
    );
  });

  test("that was named has to be there", async () => {
    const file = join(work.path, "absent.json");
    expect(await fails(behind("me:right").address, ["--src-authfile", file])).toBe(
      `error: ${file}: no such file or directory (ENOENT)`,
    );
  });
});

describe("a token", () => {
  test("is had without a login, for this repository and service", async () => {
    const { registry, service } = withTokens(({ header }) => header("authorization") === null);
    await succeeds(registry.address);
    expect(service.seen.map(({ method, query }) => [method, Object.fromEntries(query)])).toEqual([
      ["GET", { own: "1", service: 'a "registry"', scope: "repository:team/app:pull" }],
    ]);
  });

  test("is had with one, which only the token service is told", async () => {
    const { registry, service } = withTokens(({ header }) => header("authorization") === basic("me:right"));
    await succeeds(registry.address, ["--src-creds", "me:right"]);
    expect(service.seen).toHaveLength(1);
    const sent = new Set(registry.seen.map(({ header }) => header("authorization")));
    expect([...sent]).toEqual([null, "Bearer t1"]);
  });

  test.each(["manifests/", "referrers/", "blobs/"])("that is too old for %s is renewed once", async (kind) => {
    const { registry, service } = withTokens(() => true, kind);
    await succeeds(registry.address);
    expect(service.seen).toHaveLength(2);
  });

  test("is exchanged for one that docker login left", async () => {
    const { registry, service } = withTokens(({ method }) => method === "POST");
    const { host } = new URL(registry.origin);
    const login = { auth: Buffer.from("00000000:").toString("base64"), identitytoken: "identity" };
    const file = work.write("identity.json", { auths: { [host]: login } });
    await succeeds(registry.address, ["--src-authfile", file]);
    expect(service.seen.map(({ body }) => Object.fromEntries(new URLSearchParams(body)))).toEqual([
      {
        service: 'a "registry"',
        scope: "repository:team/app:pull",
        grant_type: "refresh_token",
        client_id: "craned",
        refresh_token: "identity",
      },
    ]);
  });

  test("that is refused is so in the service's words", async () => {
    const { registry, service } = withTokens(() => false);
    expect(await fails(registry.address, ["--src-creds", "me:wrong"])).toBe(
      `error: ${registry.address}: its token service ${new URL(service.origin).host}: 401 incorrect username or password`,
    );
  });

  test("that the registry does not take is not asked for again and again", async () => {
    const service = serve(() => Response.json({ token: "bad" }));
    const registry = serve(() => challenge(`Bearer realm="${service.origin}/"`));
    expect(await fails(registry.address)).toBe(
      `error: ${registry.address}: the list of tags: 401 UNAUTHORIZED: authentication required (asked without a login: see --src-creds)`,
    );
    expect(service.seen.map(({ query }) => Object.fromEntries(query))).toEqual([{ scope: "repository:team/app:pull" }]);
  });

  test("is waited for while the service is busy", async () => {
    let times = 0;
    const service = serve(() =>
      times++ < 2 ? new Response("", { status: 429, headers: { "retry-after": "0" } }) : Response.json({ token: "t" }),
    );
    const registry = serve(({ header }) =>
      header("authorization") === "Bearer t" ? undefined : challenge(`Bearer realm="${service.origin}/"`),
    );
    await succeeds(registry.address);
  });

  test.each([
    ['Bearer realm="file:///etc/passwd"', "the registry names no token service that can be asked"],
    ["Bearer", "the registry names no token service that can be asked"],
  ])("can't be had of %s", async (header, message) => {
    const registry = serve(() => challenge(header));
    expect(await fails(registry.address)).toBe(`error: ${registry.address}: ${message}`);
  });

  test.each([[{}], [{ token: "" }], [{ token: "a\nb" }]])("is not %j", async (answer) => {
    const service = serve(() => Response.json(answer));
    const registry = serve(() => challenge(`Bearer realm="${service.origin}/"`));
    expect(await fails(registry.address)).toEndWith("expected a token, received none");
  });
});
