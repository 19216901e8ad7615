/** Signed redirects, followed to an S3 server that looks at signatures. */
import { beforeAll, expect, test } from "bun:test";
import { type Craned, type Scratch, scratch, startCraned } from "../../harness/craned.ts";
import { describeWith, leftovers } from "../../harness/programs.ts";
import { ask } from "../../harness/raw.ts";
import { digest, v2 } from "../../harness/redirect-files.ts";
import { S3_KEY, S3_REGION, startS3OnSocket } from "../../harness/s3.ts";

const DIGEST = digest("0");
const MANIFEST = '{"schemaVersion":2}';

describeWith(["versitygw"], "an S3 server", () => {
  let files: Scratch;
  let socket: string;
  const putAway = leftovers();

  beforeAll(async () => {
    files = scratch({
      [`buckets/app/odd (1)+~/manifests/latest`]: MANIFEST,
      [`buckets/app/odd (1)+~/blobs/${DIGEST}`]: "layer",
      "data/path.json": v2("path", { url: "http://static.example.com/app/odd%20(1)+~/" }),
      "data/host.json": v2("host", { url: "http://app.static.example.com/odd%20(1)%2B%7e/" }),
    });
    putAway(files.remove);
    socket = `${files.path}/s3.sock`;
    putAway(await startS3OnSocket(`${files.path}/buckets`, socket));
  });

  async function startRegistry(settings: Readonly<Record<string, string>> = {}): Promise<Craned> {
    const cdn = {
      signer: "s3",
      url_match: "static.example.com",
      url_replace: "s3.test",
      s3_region: S3_REGION,
      s3_access_key_id: S3_KEY.id,
      s3_secret_access_key: S3_KEY.secret,
      ...settings,
    };
    const lines = Object.entries(cdn).map(([key, value]) => `${key}: ${value}\n`);
    const name = `${Bun.hash(JSON.stringify(cdn))}.conf`;
    const conf = files.write(name, `[general]\ndata_dir: ${files.path}/data\n[cdn]\n${lines.join("")}`);
    const craned = await startCraned(["serve", "--config", conf, "--host", "127.0.0.1", "--port", "0"]);
    putAway(craned.stop);
    return craned;
  }

  async function follow({ port }: Craned, path: string, method: "GET" | "HEAD", then = method) {
    const { headers } = await ask(port, path, { method });
    const response = await fetch(headers.get("location") ?? "", { unix: socket, method: then });
    return { status: response.status, body: await response.text() };
  }

  let registry: Craned;
  beforeAll(async () => {
    registry = await startRegistry();
  });

  test.each(["path", "host"])("gives out content of a bucket in the %s", async (name) => {
    expect(await follow(registry, `/v2/${name}/manifests/latest`, "GET")).toEqual({ status: 200, body: MANIFEST });
    expect(await follow(registry, `/v2/${name}/blobs/${DIGEST}`, "GET")).toEqual({ status: 200, body: "layer" });
  });

  test("answers HEAD to whoever asked us with HEAD, before and after a GET", async () => {
    for (const method of ["HEAD", "GET", "HEAD"] as const) {
      const { status } = await follow(registry, "/v2/path/manifests/latest", method);
      expect(status).toBe(200);
    }
    expect((await follow(registry, "/v2/path/manifests/latest", "GET", "HEAD")).status).toBe(403);
  });

  test("refuses what is not signed", async () => {
    const response = await fetch("http://s3.test/app/odd%20(1)+~/manifests/latest", { unix: socket });
    expect(response.status).toBe(403);
  });

  test("refuses what is signed by others", async () => {
    const other = await startRegistry({ s3_secret_access_key: "another" });
    const { status, body } = await follow(other, "/v2/path/manifests/latest", "GET");
    expect(status).toBe(403);
    expect(body).toContain("SignatureDoesNotMatch");
  });

  test("refuses a signature for another path", async () => {
    const { headers } = await ask(registry.port, "/v2/path/manifests/latest");
    const location = (headers.get("location") ?? "").replace("manifests/latest", `blobs/${DIGEST}`);
    expect((await fetch(location, { unix: socket })).status).toBe(403);
  });
});
