/** Whose key requests to a bucket are signed with: from each place where AWS's tools find one. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { runCraned, type Scratch, scratch } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { bucketForEach, file, markOf, PLACE, until } from "../harness/served-bucket.ts";

setDefaultTimeout(30_000);

const afterwards = leftovers();
const { s3, put, serve } = bucketForEach();

const homes: Scratch[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) home.remove();
});

/** A home directory with these files below `.aws`, as variables. */
function homeWith(files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const home = scratch();
  homes.push(home);
  for (const [name, content] of Object.entries(files)) home.write(`.aws/${name}`, content);
  return { HOME: home.path };
}

/** Key id, region and session token of each request that the bucket was sent. */
const signers = (): readonly string[] =>
  s3().asked.map(({ headers }) => {
    const [, id, region] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(headers.get("authorization") ?? "") ?? [];
    return [id, region, headers.get("x-amz-security-token")].filter((each) => each != null).join(" ");
  });

/** Reads the bucket once. */
async function check(environment: Readonly<Record<string, string>>) {
  put({ "a.json": file("a") });
  const ran = await runCraned(["check", "--data-dir", PLACE], { ...s3().environment, ...homeWith({}), ...environment });
  return { ...ran, signers: [...new Set(signers())] };
}

/** A server of credentials. */
function startSource(answer: (request: Request) => Response | Promise<Response>) {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      asked.push(`${request.method} ${new URL(request.url).pathname}`);
      return answer(request);
    },
  });
  afterwards(() => server.stop(true));
  return { origin: server.url.origin, asked };
}

const later = (ms: number): string => new Date(Date.now() + ms).toISOString();
const HOUR = 3_600_000;
const lent = (id: string, ms = HOUR) =>
  Response.json({ Code: "Success", AccessKeyId: id, SecretAccessKey: "s", Token: `of-${id}`, Expiration: later(ms) });

const CREDENTIALS = [
  "[default]\naws_access_key_id = AKIDEFAULT\naws_secret_access_key = s",
  "[other]\naws_access_key_id = AKIOTHER\naws_secret_access_key = s\naws_session_token = lent",
  "[odd]\ncredential_process = /bin/false",
].join("\n\n");
const PROFILES = "[default]\nregion = eu-west-1\n\n[profile other]\nregion = eu-north-1\n";
const files = { credentials: CREDENTIALS, config: PROFILES };

describe("a bucket is asked with the key", () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["of the default profile, in its region", {}, "AKIDEFAULT eu-west-1"],
    ["of the profile that is named", { AWS_PROFILE: "other" }, "AKIOTHER eu-north-1 lent"],
    ["of a profile in the region of a variable", { AWS_REGION: "mars-1" }, "AKIDEFAULT mars-1"],
    [
      "of variables before that of a profile",
      { AWS_ACCESS_KEY_ID: "AKIENV", AWS_SECRET_ACCESS_KEY: "s" },
      "AKIENV eu-west-1",
    ],
  ])("%s", async (_, environment, expected) => {
    const { code, signers } = await check({ ...homeWith(files), ...environment });
    expect([code, signers]).toEqual([0, [expected]]);
  });

  test("of a web identity", async () => {
    const home = scratch({});
    homes.push(home);
    home.write("token", "the-token");
    const sts = startSource(async (request) => {
      const body = new URLSearchParams(await request.text());
      if (body.get("WebIdentityToken") !== "the-token") return new Response("", { status: 403 });
      return new Response(
        `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>of-web</SessionToken><Expiration>${later(HOUR)}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
        { headers: { "content-type": "text/xml" } },
      );
    });
    const { code, signers } = await check({
      AWS_WEB_IDENTITY_TOKEN_FILE: `${home.path}/token`,
      AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/craned",
      AWS_ENDPOINT_URL_STS: sts.origin,
      AWS_REGION: "us-east-1",
    });
    expect([code, signers]).toEqual([0, ["ASIAWEB us-east-1 of-web"]]);
  });

  test("of the container", async () => {
    const container = startSource(({ headers }) =>
      headers.get("authorization") === "secret" ? lent("ASIAECS") : new Response("", { status: 403 }),
    );
    const { code, signers } = await check({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container.origin}/keys`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "secret",
    });
    expect([code, signers]).toEqual([0, ["ASIAECS us-east-1 of-ASIAECS"]]);
  });

  const machine = (keys: () => Response) =>
    startSource(({ method, url, headers }) => {
      const { pathname } = new URL(url);
      if (method === "PUT") return new Response("token");
      if (headers.get("x-aws-ec2-metadata-token") !== "token") return new Response("", { status: 401 });
      return pathname.endsWith("/") ? new Response("role") : keys();
    });

  test("of the machine", async () => {
    const { origin } = machine(() => lent("ASIAEC2"));
    const { code, signers } = await check({ AWS_EC2_METADATA_SERVICE_ENDPOINT: origin });
    expect([code, signers]).toEqual([0, ["ASIAEC2 us-east-1 of-ASIAEC2"]]);
  });

  test("that takes the place of one that is about to expire", async () => {
    let count = 0;
    const { origin } = machine(() => lent(`ASIA${++count}`, count === 1 ? 1000 : HOUR));
    put({ "a.json": file("a", "1") });
    const craned = await serve(undefined, { AWS_EC2_METADATA_SERVICE_ENDPOINT: origin });
    await until(() => signers().at(-1), "ASIA2 us-east-1 of-ASIA2", craned);
    put({ "a.json": file("a", "2") });
    await until(() => markOf(craned, "a"), "2", craned);
    expect(signers()).toContain("ASIA1 us-east-1 of-ASIA1");
  });
});

test("a key that the server knows no more is read again from its file", async () => {
  const profile = (id: string) => `[default]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`;
  const home = scratch();
  homes.push(home);
  home.write(".aws/credentials", profile("AKIOLD"));
  put({ "a.json": file("a", "1") });
  const craned = await serve(undefined, { HOME: home.path });
  expect(await markOf(craned, "a")).toBe("1");
  s3().instead = ({ headers }) =>
    headers.get("authorization")?.includes("AKIOLD")
      ? new Response("<Error><Code>InvalidAccessKeyId</Code></Error>", { status: 403 })
      : undefined;
  put({ "a.json": file("a", "2") });
  home.write(".aws/credentials", profile("AKINEW"));
  await until(() => markOf(craned, "a"), "2", craned);
});

describe("a bucket is asked without a key", () => {
  test("where nothing has one", async () => {
    const { code, signers } = await check({});
    expect([code, signers]).toEqual([0, [""]]);
  });

  test("where AWS's files have none", async () => {
    const { signers } = await check({ ...homeWith({ config: PROFILES }), AWS_EC2_METADATA_DISABLED: "true" });
    expect(signers).toEqual([""]);
  });
});

const WEB_IDENTITY = { AWS_WEB_IDENTITY_TOKEN_FILE: "/nowhere", AWS_ROLE_ARN: "arn:x" };

describe("a bucket is not asked at all", () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["for a profile that is not there", { AWS_PROFILE: "nowhere" }, "; AWS_PROFILE is set)"],
    ["for a profile whose program fails", { AWS_PROFILE: "odd" }, "; AWS_PROFILE is set)"],
    [
      "without the token of a web identity",
      { AWS_SHARED_CREDENTIALS_FILE: "/nowhere", ...WEB_IDENTITY },
      "; AWS_WEB_IDENTITY_TOKEN_FILE is set)",
    ],
  ])("%s, which is said", async (_, environment, why) => {
    const { code, out, signers } = await check({
      ...homeWith(files),
      ...environment,
      AWS_EC2_METADATA_DISABLED: "true",
    });
    expect([code, signers]).toEqual([1, []]);
    expect(out).toContain(`error: ${PLACE}: expected a bucket that can be read, received no keys (`);
    expect(out).toContain(why);
  });
});
