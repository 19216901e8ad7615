/** How the bucket of general.data_dir is reached. */
import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../lib/config/load.ts";
import { describeProblem } from "../../lib/config/problem.ts";

const BUCKET = "[general]\ndata_dir: s3://metadata/v2\n";
const KEYS = { AWS_ACCESS_KEY_ID: "AKID", AWS_SECRET_ACCESS_KEY: "secret" };

const load = (file: string, environment: Readonly<Record<string, string>> = {}) =>
  loadConfig({ flags: {}, environment, readFile: () => ({ kind: "text", text: file }) });

function connectionOf(file: string, environment: Readonly<Record<string, string>> = {}) {
  const loaded = load(file, environment);
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join("\n"));
  return loaded.config.s3?.connection;
}

const problemsOf = (...given: Parameters<typeof load>): readonly string[] => {
  const loaded = load(...given);
  return loaded.ok ? [] : loaded.problems.map(describeProblem);
};

describe("a bucket of redirect files", () => {
  test("is Amazon's; region and keys are found when it is asked, unless they are configured", () => {
    expect(connectionOf(BUCKET)).toEqual({ endpoint: undefined, region: undefined, keys: undefined });
  });

  test.each([
    ["[s3]\nendpoint: http://one\nregion: one", { AWS_ENDPOINT_URL_S3: "http://two", AWS_REGION: "two" }, "one"],
    ["", { AWS_ENDPOINT_URL_S3: "http://two", AWS_ENDPOINT_URL: "http://three", AWS_REGION: "two" }, "two"],
    ["", { AWS_ENDPOINT_URL_S3: "", AWS_ENDPOINT_URL: "http://three", AWS_DEFAULT_REGION: "three" }, "three"],
  ])("is where %j or else %j says", (file, environment, expected) => {
    expect(connectionOf(BUCKET + file, environment)).toMatchObject({
      endpoint: `http://${expected}`,
      region: expected,
    });
  });

  test("is asked with the keys of the environment, which may be lent", () => {
    const keys = { accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: undefined };
    expect(connectionOf(BUCKET, KEYS)?.keys).toEqual(keys);
    expect(connectionOf(BUCKET, { ...KEYS, AWS_SESSION_TOKEN: "lent" })?.keys).toEqual({
      ...keys,
      sessionToken: "lent",
    });
  });

  test.each([
    [
      { AWS_ENDPOINT_URL: "mars" },
      'AWS_ENDPOINT_URL: s3.endpoint: expected an absolute http or https URL, received "mars"',
    ],
    [
      { AWS_ACCESS_KEY_ID: "AKID" },
      "AWS_SECRET_ACCESS_KEY: expected a value, as the other half of the key has one, received nothing",
    ],
    [
      { AWS_SECRET_ACCESS_KEY: "secret" },
      "AWS_ACCESS_KEY_ID: expected a value, as the other half of the key has one, received nothing",
    ],
    [
      { AWS_DEFAULT_REGION: "eu west" },
      'AWS_DEFAULT_REGION: s3.region: expected the name of a region, such as us-east-1, received "eu west"',
    ],
    [
      { ...KEYS, AWS_SECRET_ACCESS_KEY: "hunter2\n" },
      "AWS_SECRET_ACCESS_KEY: expected printable ASCII without spaces, received a value that is not shown",
    ],
    [
      { ...KEYS, AWS_SESSION_TOKEN: "hunter2\n" },
      "AWS_SESSION_TOKEN: expected printable ASCII without spaces, received a value that is not shown",
    ],
  ])("with %j is an error, which shows no secret", (environment, expected) => {
    expect(problemsOf(BUCKET, environment)).toEqual([expected]);
  });
});

describe("a directory of redirect files", () => {
  test("needs no server, whatever the environment says of one", () => {
    expect(connectionOf("", { ...KEYS, AWS_ENDPOINT_URL: "mars" })).toBeUndefined();
    expect(problemsOf("", { AWS_ACCESS_KEY_ID: "AKID" })).toEqual([]);
  });

  test("makes settings of one useless, which is a warning", () => {
    expect(load("[s3]\nregion: eu-west-1").warnings.map(describeProblem)).toEqual([
      '/etc/crane.conf:2: s3.region: expected general.data_dir to be in a bucket, or it is ignored, received "/var/lib/crane/metadata/"',
    ]);
  });
});
