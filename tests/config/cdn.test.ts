import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { type LoadedConfig, loadConfig, type Sources } from "../../lib/config/load.ts";
import { describeProblem } from "../../lib/config/problem.ts";
import type { FileContent } from "../../lib/config/reading.ts";
import { runCraned, scratch } from "../harness/craned.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pkcs8 = { type: "pkcs8", format: "pem" } as const;
const spki = { type: "spki", format: "pem" } as const;

const PEMS: Readonly<Record<string, FileContent>> = {
  "/rsa.pem": { kind: "text", text: rsa.privateKey.export(pkcs8).toString() },
  "/pkcs1.pem": { kind: "text", text: rsa.privateKey.export({ type: "pkcs1", format: "pem" }).toString() },
  "/public.pem": { kind: "text", text: rsa.publicKey.export(spki).toString() },
  "/ec.pem": { kind: "text", text: elliptic.privateKey.export(pkcs8).toString() },
  "/locked.pem": {
    kind: "text",
    text: rsa.privateKey.export({ ...pkcs8, cipher: "aes-256-cbc", passphrase: "hunter2" }).toString(),
  },
  "/empty.pem": { kind: "text", text: "" },
  "/denied.pem": { kind: "unreadable", reason: "EACCES" },
};

function load(cdn: string, sources: Partial<Sources> = {}): LoadedConfig {
  const readFile = (path: string): FileContent =>
    path === "/etc/crane.conf" ? { kind: "text", text: `[cdn]\n${cdn}` } : (PEMS[path] ?? { kind: "missing" });
  return loadConfig({ flags: {}, environment: {}, readFile, ...sources });
}

function signerOf(cdn: string) {
  const loaded = load(cdn);
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join("\n"));
  return loaded.config.cdn.signer;
}

function report(cdn: string, sources?: Partial<Sources>) {
  const loaded = load(cdn, sources);
  const problems = loaded.ok ? [] : loaded.problems.map(describeProblem);
  return { problems, warnings: loaded.warnings.map(describeProblem) };
}

const S3 = "signer: s3\ns3_region: eu-west-1\ns3_access_key_id: AKID\ns3_secret_access_key: a/b+c\n";
const CLOUDFRONT = "signer: cloudfront\ncloudfront_key_pair_id: K2JCJMDEHXQW5F\ncloudfront_private_key: ";

describe("URLs are signed", () => {
  test("not at all when nobody says anything", () => {
    expect(signerOf("")).toBeUndefined();
    expect(signerOf("signer:\nurl_auth_ttl: 10")).toBeUndefined();
  });

  test.each(["", "signer: Akamai\n"])("for Akamai with a secret, after %j", (signer) => {
    const expected = { kind: "akamai", secret: "0badc0ffee", ttl: 300, param: "_auth_", algo: "sha256" } as const;
    expect(signerOf(`${signer}url_auth_secret: 0badc0ffee`)).toEqual(expected);
  });

  test("for S3", () => {
    const expected = { kind: "s3", region: "eu-west-1", accessKeyId: "AKID", secretAccessKey: "a/b+c" } as const;
    expect(signerOf(S3)).toEqual({ ...expected, sessionToken: undefined, ttl: 300 });
    const more = "s3_session_token: to/ken==\nurl_auth_ttl: 604800";
    expect(signerOf(S3 + more)).toEqual({ ...expected, sessionToken: "to/ken==", ttl: 604_800 });
  });

  test.each(["/rsa.pem", "/pkcs1.pem"])("for CloudFront with the key in %s", (path) => {
    const signer = signerOf(`${CLOUDFRONT}${path}\nurl_auth_ttl: 60`);
    if (signer?.kind !== "cloudfront") throw new Error("no CloudFront");
    expect(signer.keyPairId).toBe("K2JCJMDEHXQW5F");
    expect(signer.ttl).toBe(60);
    expect(signer.privateKey.equals(rsa.privateKey)).toBe(true);
  });
});

describe("a secret in a file", () => {
  const files: Readonly<Record<string, string>> = { "/key": "0badc0ffee\n", "/other": "aa", "/bad": "hunter2" };
  const read = (path: string): FileContent => {
    const text = files[path];
    if (path === "/denied") return { kind: "unreadable", reason: "EACCES" };
    return text === undefined ? { kind: "missing" } : { kind: "text", text };
  };
  const secretOf = (sources: Partial<Sources>) => {
    const loaded = loadConfig({ flags: {}, environment: {}, readFile: read, ...sources });
    const { signer } = loaded.config.cdn;
    return [
      signer?.kind === "akamai" ? signer.secret : undefined,
      loaded.ok ? [] : loaded.problems.map(describeProblem),
    ];
  };
  const FILE_VARIABLE = "CRANE_CDN_URL_AUTH_SECRET_FILE";
  const ABOUT = `${FILE_VARIABLE}: cdn.url_auth_secret_file: expected`;

  test("is read, without the line break at its end", () => {
    expect(secretOf({ environment: { [FILE_VARIABLE]: "/key" } })).toEqual(["0badc0ffee", []]);
  });

  test("counts against the secret itself as any stronger source does", () => {
    const environment = { [FILE_VARIABLE]: "/key" };
    expect(secretOf({ environment, flags: { "cdn.url_auth_secret": "bb" } })).toEqual(["bb", []]);
    const flags = { "cdn.url_auth_secret_file": "/other" };
    expect(secretOf({ environment: { CRANE_CDN_URL_AUTH_SECRET: "bb" }, flags })).toEqual(["aa", []]);
  });

  test.each<[environment: Record<string, string>, problem: string]>([
    [
      { [FILE_VARIABLE]: "/key", CRANE_CDN_URL_AUTH_SECRET: "bb" },
      "nothing, since cdn.url_auth_secret is given, received a file",
    ],
    [{ [FILE_VARIABLE]: "/none" }, 'a file that can be read, received "/none": there is no such file'],
    [{ [FILE_VARIABLE]: "/denied" }, 'a file that can be read, received "/denied": EACCES'],
    [{ [FILE_VARIABLE]: "/bad" }, "an even number of hexadecimal digits, received a value that is not shown"],
  ])("is an error with %j", (environment, problem) => {
    expect(secretOf({ environment })[1]).toEqual([`${ABOUT} ${problem}`]);
  });
});

test("the hash of Akamai's token may be in upper case", () => {
  expect(signerOf("url_auth_secret: 00\nurl_auth_algo: SHA256")).toMatchObject({ algo: "sha256" });
});

describe("what a signer can't do without", () => {
  const line = "/etc/crane.conf:2: cdn.";

  test.each<[signer: string, problems: readonly string[]]>([
    [
      "akamai",
      ["url_auth_secret: expected an even number of hexadecimal digits, since cdn.signer is akamai, received nothing"],
    ],
    [
      "cloudfront",
      [
        "cloudfront_key_pair_id: expected letters and digits, since cdn.signer is cloudfront, received nothing",
        "cloudfront_private_key: expected a path, since cdn.signer is cloudfront, received nothing",
      ],
    ],
    [
      "s3",
      [
        "s3_region: expected the name of a region, such as us-east-1, since cdn.signer is s3, received nothing",
        "s3_access_key_id: expected printable ASCII without spaces and slashes, since cdn.signer is s3, received nothing",
        "s3_secret_access_key: expected printable ASCII without spaces, since cdn.signer is s3, received nothing",
      ],
    ],
  ])("is asked for: %s", (signer, problems) => {
    expect(report(`signer: ${signer}`).problems).toEqual(problems.map((each) => line + each));
  });

  test("is not missed where it is there and wrong", () => {
    const { problems } = report(S3.replace("eu-west-1", "eu west"));
    expect(problems).toEqual([
      '/etc/crane.conf:3: cdn.s3_region: expected the name of a region, such as us-east-1, received "eu west"',
    ]);
    expect(report("url_auth_secret: xyz")).toEqual({
      problems: [
        "/etc/crane.conf:2: cdn.url_auth_secret: expected an even number of hexadecimal digits, received a value that is not shown",
      ],
      warnings: [],
    });
  });

  test("is for another signer a warning", () => {
    expect(report(`${S3}url_auth_secret: 00`)).toEqual({
      problems: [],
      warnings: [
        "/etc/crane.conf:6: cdn.url_auth_secret: expected cdn.signer to be akamai, or it is ignored, received s3",
      ],
    });
    expect(report("s3_region: eu-west-1").warnings).toEqual([
      "/etc/crane.conf:2: cdn.s3_region: expected cdn.signer to be s3, or it is ignored, received nothing",
    ]);
  });
});

test("S3 takes no URL that is good for more than a week", () => {
  const expected = "expected a whole number from 1 to 604800, since cdn.signer is s3";
  expect(report(`${S3}url_auth_ttl: 604801`).problems).toEqual([
    `/etc/crane.conf:6: cdn.url_auth_ttl: ${expected}, received "604801"`,
  ]);
  expect(report("url_auth_ttl: 604801\nurl_auth_secret: 00").problems).toEqual([]);
});

describe("the key file of CloudFront", () => {
  const EXPECTED = "expected a PEM file with a private RSA key that needs no password";

  test.each([
    ["/nowhere.pem", "there is no such file"],
    ["/denied.pem", "EACCES"],
    ["/empty.pem", "there is something else in it"],
    ["/public.pem", "there is something else in it"],
    ["/ec.pem", "there is something else in it"],
    ["/locked.pem", "there is something else in it"],
  ])("may not be %s: %s", (path, why) => {
    const { problems } = report(CLOUDFRONT + path);
    const [problem] = problems;
    expect(problems.length).toBe(1);
    expect(problem).toBe(`/etc/crane.conf:4: cdn.cloudfront_private_key: ${EXPECTED}, received "${path}": ${why}`);
  });

  test("is not read for another signer", () => {
    expect(report(`${S3}cloudfront_private_key: /nowhere.pem`).problems).toEqual([]);
  });

  test("keeps craned from starting, and is told by check", async () => {
    const files = scratch({ "key.pem": "not a key", "data/.keep": "" });
    try {
      const conf = files.write("crane.conf", `[cdn]\n${CLOUDFRONT}${files.path}/key.pem\n`);
      const problem = `error: ${conf}:4: cdn.cloudfront_private_key: ${EXPECTED}, received "${files.path}/key.pem": there is something else in it`;
      const checked = await runCraned(["check", "--config", conf, "--data-dir", `${files.path}/data`]);
      expect(checked.out).toContain(problem);
      expect(checked.code).toBe(1);
      const served = await runCraned(["serve", "--config", conf, "--host", "127.0.0.1", "--port", "0"]);
      expect(served.err).toContain(problem);
      expect(served.code).toBe(1);
    } finally {
      files.remove();
    }
  });
});
