/** From a layout into a private bucket, and from there to clients, by redirects that are signed. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { expectedDirectory, HELLO, hashedFiles } from "../clients/demo-content.ts";
import { type Craned, runCraned, type Scratch, scratch, startCraned } from "../harness/craned.ts";
import { freshPodman } from "../harness/podman.ts";
import { describeWith, leftovers, succeed } from "../harness/programs.ts";
import { S3_KEY, S3_REGION, type S3Server, startS3 } from "../harness/s3.ts";

setDefaultTimeout(60_000);

describeWith(["versitygw", "skopeo", "podman"], "a private bucket with craned in front", () => {
  const afterwards = leftovers();
  let work: Scratch;
  let s3: S3Server;
  let craned: Craned;
  const path = (name: string) => join(work.path, name);

  beforeAll(async () => {
    work = scratch();
    afterwards(work.remove);
    s3 = await startS3("images");
    afterwards(s3.stop);
    const demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
    const from = `docker://127.0.0.1:${demo.port}/demo/hello:oci`;
    await succeed(["skopeo", "copy", "-q", "--all", "--src-tls-verify=false", from, `oci:${path("layout")}:oci`]);
    await demo.stop();
    const places = ["--content", "s3://images/a b", "--metadata", path("metadata")];
    const url = `${s3.origin}/images/a%20b`;
    const publish = [
      "publish",
      path("layout"),
      "--name",
      "team/app",
      "--url",
      url,
      "--redirect-version",
      "5",
      ...places,
    ];
    const { code, err } = await runCraned(publish, s3.environment);
    if (code !== 0) throw new Error(err);
    const signer = `signer: s3\ns3_region: ${S3_REGION}\n`;
    const keys = `s3_access_key_id: ${S3_KEY.id}\ns3_secret_access_key: ${S3_KEY.secret}\n`;
    const conf = work.write("crane.conf", `[general]\ndata_dir: ${path("metadata")}\n[cdn]\n${signer}${keys}`);
    craned = await startCraned(["serve", "--config", conf, "--host", "127.0.0.1", "--port", "0"]);
    afterwards(craned.stop);
  });

  test.each([
    ["tag", ":oci"],
    ["digest", `@${HELLO.index.digest}`],
  ])("gives skopeo all of an index, by %s", async (by, reference) => {
    const target = path(`by-${by}`);
    const from = `docker://127.0.0.1:${craned.port}/team/app${reference}`;
    await succeed(["skopeo", "copy", "-q", "--all", "--src-tls-verify=false", from, `dir:${target}`]);
    expect(hashedFiles(target)).toEqual(expectedDirectory(HELLO.index.bytes));
  });

  test.each([
    ["tag", ":oci"],
    ["digest", `@${HELLO.index.digest}`],
  ])("gives podman an image whose program runs, by %s", async (_, reference) => {
    const podman = freshPodman();
    afterwards(podman.remove);
    const image = `127.0.0.1:${craned.port}/team/app${reference}`;
    await podman.pull(image);
    expect(await succeed([join(await podman.mount(image), "hello")])).toContain("demo/hello for linux/");
  });

  test("gives nobody anything without a signature", async () => {
    const response = await fetch(`${s3.origin}/images/a%20b/team-app/manifests/index/oci`);
    expect(response.status).toBe(403);
  });
});
