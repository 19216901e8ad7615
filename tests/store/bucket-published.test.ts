/** From publish into a bucket to the registries of a fleet that has nothing else in common. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import { type Craned, runCraned, type Scratch, scratch, startCraned } from "../harness/craned.ts";
import { describeWith, leftovers } from "../harness/programs.ts";
import { OCI } from "../harness/redirect-files.ts";
import { S3_KEY, S3_REGION, type S3Server, startS3 } from "../harness/s3.ts";
import { file, until } from "../harness/served-bucket.ts";
import { layoutAt } from "../publish/layouts.ts";

setDefaultTimeout(60_000);

describeWith(["versitygw"], "a bucket of a real server", () => {
  const afterwards = leftovers();
  let work: Scratch;
  let s3: S3Server;

  beforeAll(async () => {
    work = scratch();
    afterwards(work.remove);
    s3 = await startS3("images");
    afterwards(s3.stop);
  });

  async function serve(place: string): Promise<Craned> {
    const follow = ["--data-dir-polling-interval", "1", "--host", "127.0.0.1", "--port", "0"];
    const craned = await startCraned(["serve", "--data-dir", place, ...follow], s3.environment);
    afterwards(craned.stop);
    return craned;
  }

  /** Publishes one image of its own under a tag. */
  async function publish(tag: string): Promise<void> {
    const layout = layoutAt(join(work.path, tag));
    layout.finish([[tag, layout.image("oci", tag)]]);
    const places = ["--redirect-version", "5", "--content", "s3://images/files", "--metadata", "s3://images/metadata"];
    const url = ["--url", "https://cdn.example.com/files", "--keep-tags"];
    const args = ["publish", join(work.path, tag), "--name", "team/app", ...url, ...places];
    const { code, err } = await runCraned(args, s3.environment);
    if (code !== 0) throw new Error(err);
  }

  const locationOf = async (craned: Craned, tag: string): Promise<string> => {
    const headers = { accept: OCI };
    const answer = await fetch(`${craned.origin}/v2/team/app/manifests/${tag}`, { headers, redirect: "manual" });
    return answer.headers.get("location") ?? String(answer.status);
  };

  test("is published to, and all registries over it have what was published, then and later", async () => {
    await publish("1.0");
    const fleet = [await serve("s3://images/metadata"), await serve("s3://images/metadata/")];
    const found = (tag: string) => Promise.all(fleet.map((craned) => locationOf(craned, tag)));
    const placeOf = (tag: string) => `https://cdn.example.com/files/team-app/manifests/oci/${tag}`;
    expect(await found("1.0")).toEqual([placeOf("1.0"), placeOf("1.0")]);
    expect(await found("1.1")).toEqual(["404", "404"]);
    await publish("1.1");
    await until(() => found("1.1"), [placeOf("1.1"), placeOf("1.1")]);
    expect(await found("1.0")).toEqual([placeOf("1.0"), placeOf("1.0")]);
  });

  test("may have keys that URLs and XML write in ways of their own", async () => {
    const keys = ["a b+c~(d)", "%41", `"&amp;'<x>`, "n\nl", "\u{1f600}/\u00fc", "a;b=c?d#e"];
    for (const [at, key] of keys.entries()) await s3.client.write(`odd/${key}.json`, file(`n${at}`));
    const { out } = await runCraned(["check", "--data-dir", "s3://images/odd"], s3.environment);
    expect(out).toContain(`s3://images/odd: ${keys.length} good redirect files`);
  });

  test("is not read with another's secret, which is told", async () => {
    const environment = { ...s3.environment, AWS_SECRET_ACCESS_KEY: "another" };
    const { out, code } = await runCraned(["check", "--data-dir", "s3://images/metadata"], environment);
    expect(code).toBe(1);
    expect(out).toContain(
      "error: s3://images/metadata: expected a bucket that can be read, received 403: SignatureDoes",
    );
  });

  test("is read by everybody when its policy lets them", async () => {
    await s3.client.write("open/a.json", file("a"));
    const { AWS_ENDPOINT_URL = "" } = s3.environment;
    const check = () => runCraned(["check", "--data-dir", "s3://images/open"], { AWS_ENDPOINT_URL });
    expect((await check()).out).toContain("asked without keys, since AWS_ACCESS_KEY_ID is not set");
    const Resource = ["arn:aws:s3:::images", "arn:aws:s3:::images/*"];
    const allow = { Effect: "Allow", Principal: "*", Action: ["s3:ListBucket", "s3:GetObject"], Resource };
    const { id: accessKeyId, secret: secretAccessKey } = S3_KEY;
    const owner = new AwsClient({ accessKeyId, secretAccessKey, region: S3_REGION, service: "s3" });
    const body = JSON.stringify({ Version: "2012-10-17", Statement: [allow] });
    expect((await owner.fetch(`${s3.origin}/images/?policy`, { method: "PUT", body })).ok).toBe(true);
    expect((await check()).out).toContain("s3://images/open: 1 good redirect file");
  });

  test("is asked for nothing but the list when nothing has changed", async () => {
    const craned = await serve("s3://images/metadata");
    const from = s3.requests.length;
    craned.signal("SIGHUP");
    await until(() => s3.requests.length > from + 1, true, craned);
    const asked = s3.requests.slice(from).map((line) => line.replace(/\?.*/, ""));
    expect(new Set(asked)).toEqual(new Set(["GET /images/"]));
  });
});
