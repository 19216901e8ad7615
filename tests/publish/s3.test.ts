/** Publishing into a bucket of a server that looks at signatures. */
import { afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import { MEDIA_TYPE } from "../../lib/core/media-types.ts";
import { COMMAND, runCraned, type Scratch, scratch } from "../harness/craned.ts";
import { peakOf } from "../harness/memory.ts";
import { describeWith, leftovers, type Ran } from "../harness/programs.ts";
import { S3_KEY, S3_REGION, type S3Server, startS3 } from "../harness/s3.ts";
import { type Descriptor, filesBelow, forPlatform, type Layout, layoutAt, siteAt } from "./layouts.ts";

// A GiB takes its time on a busy machine.
setDefaultTimeout(300_000);

const MIB = 1024 * 1024;

const TYPES: readonly (readonly [RegExp, string])[] = [
  ...Object.entries(MEDIA_TYPE).map(([kind, type]) => [RegExp(`/manifests/${kind}/`), type] as const),
  [/\/blobs\/|\/layer$/, "application/octet-stream"],
  [/./, "application/json"],
];

const typeFor = (key: string): string => TYPES.find(([path]) => path.test(key))?.[1] ?? "";

describeWith(["versitygw"], "a bucket", () => {
  const afterwards = leftovers();
  let work: Scratch;
  let s3: S3Server;
  let layout: Layout;
  let prefix: string;
  let count = 0;

  beforeAll(async () => {
    work = scratch();
    afterwards(work.remove);
    s3 = await startS3("images");
    afterwards(s3.stop);
    layout = layoutAt(join(work.path, "layout"));
    const [amd, arm] = [layout.image("2", "amd64"), layout.image("2", "arm64")];
    const list = layout.list("list", [forPlatform(amd, "amd64"), forPlatform(arm, "arm64")]);
    const large = layout.image("oci", "large", { annotations: { "a.b": "c" } });
    layout.finish([
      ["list", list],
      ["one", amd],
      ["oci", large],
      ["index", layout.list("index", [large])],
    ]);
  });
  beforeEach(() => {
    // What S3 and URLs write in different ways.
    prefix = `v ${++count}+~(b)`;
    s3.requests.length = 0;
  });
  afterEach(() => {
    s3.instead = () => undefined;
  });

  const publishing = (source: string): readonly string[] => [
    ...["publish", source, "--name", "team/app", "--url", "https://cdn.example/files", "--redirect-version", "5"],
    ...["--content", `s3://images/${prefix}/content`, "--metadata", `s3://images/${prefix}/metadata/`],
  ];

  /** Publishes as team/app, redirect files into the bucket too. */
  const publish = (source: string, more: readonly string[] = [], environment = {}): Promise<Ran> =>
    runCraned([...publishing(source), ...more], { ...s3.environment, ...environment });

  async function published(source: string, ...more: readonly string[]): Promise<Ran> {
    const ran = await publish(source, more);
    if (ran.code !== 0) throw new Error(`publish ended with ${ran.code}:\n${ran.err}`);
    return ran;
  }

  const keyOf = (path: string) => `${prefix}/content/team-app/${path}`;
  const treeInBucket = () => filesBelow(join(s3.files, prefix, "content/team-app"));
  const redirectFile = () => readFileSync(join(s3.files, prefix, "metadata/v2/team-app.json"), "utf8");
  const changes = () => s3.requests.filter((line) => !/^(?:GET|HEAD) /.test(line));
  /** Puts an object with its SHA-256, which the server then tells. */
  async function putWithSum(key: string, type: string, body: Uint8Array): Promise<void> {
    const client = new AwsClient({
      accessKeyId: S3_KEY.id,
      secretAccessKey: S3_KEY.secret,
      region: S3_REGION,
      service: "s3",
    });
    const sum = new Bun.CryptoHasher("sha256").update(body).digest("base64");
    const headers = { "content-type": type, "x-amz-checksum-sha256": sum };
    const url = `${s3.origin}/images/${encodeURIComponent(key)}`;
    const signed = await client.sign(url, { method: "PUT", headers, body });
    expect((await fetch(signed)).status).toBe(200);
  }

  test("has the same files as a directory, each with its Content-Type", async () => {
    await published(layout.path, "--v1");
    const site = siteAt(join(work.path, "directory"));
    await site.published(layout.path, "--v1");
    expect(treeInBucket()).toEqual(site.tree());
    expect(JSON.parse(redirectFile())).toEqual(site.redirectFile());
    const wrong: string[] = [];
    for (const path of Object.keys(treeInBucket())) {
      const { type } = await s3.client.stat(keyOf(path));
      if (type !== typeFor(`/${path}`)) wrong.push(`${path}: ${type}`);
    }
    expect(wrong).toEqual([]);
    expect((await s3.client.stat(`${prefix}/metadata/v2/team-app.json`)).type).toBe("application/json");
  });

  test("gets the redirect files after everything that they lead to", async () => {
    await published(layout.path, "--v1");
    const order = changes().map((line) => /metadata\/v[12]|\.craned|blobs|manifests|tags|[0-9a-f]{64}/.exec(line)?.[0]);
    expect(order.slice(-3)).toEqual(["metadata/v2", "metadata/v1", ".craned"]);
    expect(order.slice(0, -3).filter((each) => each?.startsWith("metadata") !== false)).toEqual([]);
  });

  test("is sent nothing that it has, but the note for the next publish", async () => {
    await published(layout.path, "--v1");
    s3.requests.length = 0;
    const { out } = await published(layout.path, "--v1", "--json");
    expect(changes().filter((line) => !line.includes(".craned/state.json"))).toEqual([]);
    expect(out).toContain('"outcome":"present"');
  });

  test("is published to with the key of a profile", async () => {
    const home = scratch();
    const keys = `aws_access_key_id = ${S3_KEY.id}\naws_secret_access_key = ${S3_KEY.secret}\n`;
    home.write(".aws/credentials", `[publisher]\n${keys}region = ${S3_REGION}\n`);
    const none = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_REGION: "" };
    const { code, err } = await publish(layout.path, [], { ...none, HOME: home.path, AWS_PROFILE: "publisher" });
    home.remove();
    expect([code, err]).toEqual([0, expect.any(String)]);
    expect(redirectFile()).toContain("team/app");
  });

  test("is sent nothing in a dry run", async () => {
    await published(layout.path, "--dry-run");
    expect(changes()).toEqual([]);
  });

  test.each([
    ["the wrong type", (bytes: Uint8Array) => bytes, "text/plain"],
    ["another size", (bytes: Uint8Array) => bytes.subarray(1), undefined],
    ["other bytes of the same size", (bytes: Uint8Array) => bytes.map((each) => each ^ 1), undefined],
  ])("gets what is there with %s once more", async (_, change, type) => {
    await published(layout.path, "--v1");
    const tree = treeInBucket();
    const paths = Object.keys(tree).filter((path) => !/layer$|tags\/list|json$|ancestry$/.test(path));
    for (const path of paths) {
      const bytes = new Uint8Array(await s3.client.file(keyOf(path)).arrayBuffer());
      await putWithSum(keyOf(path), type ?? typeFor(`/${path}`), change(bytes));
    }
    expect(paths.length).toBeGreaterThan(8);
    await published(layout.path, "--v1");
    expect(treeInBucket()).toEqual(tree);
    for (const path of paths) expect(await s3.client.stat(keyOf(path))).toMatchObject({ type: typeFor(`/${path}`) });
  });

  test("loses what nothing refers to any more, a thousand objects and more, and nothing else", async () => {
    await published(layout.path);
    const stray = Array.from({ length: 1100 }, (_, at) => `manifests/2/sha256:${at.toString(16).padStart(64, "0")}`);
    for (const path of stray) writeFileSync(join(s3.files, keyOf(path)), "{}");
    writeFileSync(join(s3.files, keyOf("README")), "of somebody else");
    await published(layout.path, "--tag", "one", "--prune-after", "0s");
    const left = Object.keys(treeInBucket());
    expect(left.filter((path) => !path.startsWith("blobs/"))).toEqual(
      [
        "README",
        ...left.filter((path) => path.startsWith("manifests/2/sha256:")),
        "manifests/2/one",
        "tags/list",
      ].sort(),
    );
    expect(left).toHaveLength(6);
  });

  /** A layout with one layer of this many bytes. */
  function largeLayout(
    name: string,
    size: number,
  ): { readonly path: string; readonly file: string; readonly blob: string } {
    const large = layoutAt(join(work.path, name));
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 1000) bytes[at] = at % 251;
    const layer = large.blob("application/vnd.oci.image.layer.v1.tar+gzip", bytes);
    large.finish([["large", large.image("oci", "large", { layers: [layer] })]]);
    return { path: large.path, file: large.fileOf(layer), blob: `blobs/${layer.digest}` };
  }

  test.each([8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 35 * MIB])("gets a blob of %d bytes whole", async (size) => {
    const large = largeLayout(`large-${size}`, size);
    await published(large.path);
    expect(`blobs/${treeInBucket()[large.blob]}`).toBe(large.blob);
    expect((await s3.client.stat(keyOf(large.blob))).type).toBe("application/octet-stream");
    expect(s3.requests.some((line) => line.startsWith("POST") && line.includes("uploads"))).toBe(size >= 8 * MIB);
  });

  test.each([MIB, 35 * MIB])("never gets a blob of %d bytes that is not the right one, nor a part", async (size) => {
    const large = largeLayout(`broken-${size}`, size);
    const bytes = readFileSync(large.file);
    bytes[size - 1] = 1;
    writeFileSync(large.file, bytes);
    const { code, err } = await publish(large.path);
    expect([code, err]).toEqual([1, expect.stringContaining("digest mismatch")]);
    expect(await s3.client.exists(keyOf(large.blob))).toBe(false);
    expect(await s3.client.exists(`${prefix}/metadata/v2/team-app.json`)).toBe(false);
    const ended = changes().filter((line) => line.includes("uploadId") && !line.startsWith("PUT"));
    expect(ended.map((line) => line.split(" ")[0])).toEqual(size > 8 * MIB ? ["DELETE"] : []);
  });

  test("gets a blob of a GiB without the memory for it", async () => {
    const huge = layoutAt(join(work.path, "huge"));
    const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: "", size: 1024 * MIB };
    const hasher = new Bun.CryptoHasher("sha256");
    const mib = new Uint8Array(MIB);
    for (let at = 0; at < layer.size; at += MIB) hasher.update(mib);
    layer.digest = `sha256:${hasher.digest("hex")}`;
    huge.finish([["huge", huge.image("oci", "huge", { layers: [layer] })]]);
    writeFileSync(huge.fileOf(layer), "");
    truncateSync(huge.fileOf(layer), layer.size);
    const peak = await peakOf([...COMMAND, ...publishing(huge.path), "--json"], { ...process.env, ...s3.environment });
    expect((await s3.client.stat(keyOf(`blobs/${layer.digest}`))).size).toBe(layer.size);
    expect(peak / MIB).toBeLessThan(200);
  });

  test("may be busy for a while, and end connections", async () => {
    const seen = new Set<string>();
    const refusals = [
      () => new Response("<Error><Code>SlowDown</Code></Error>", { status: 503, headers: { "retry-after": "0" } }),
      () => new Response("", { status: 500, headers: { "retry-after": "0" } }),
      () =>
        new Response('<?xml version="1.0"?>\n<Error><Code>InternalError</Code></Error>', {
          headers: { "retry-after": "0" },
        }),
    ];
    s3.instead = ({ method, url }) => {
      if (method === "GET" || method === "HEAD" || seen.has(method + url)) return undefined;
      seen.add(method + url);
      return refusals[seen.size % refusals.length]?.();
    };
    const large = largeLayout("busy", 9 * MIB);
    await published(large.path);
    expect(`blobs/${treeInBucket()[large.blob]}`).toBe(large.blob);
    expect(seen.size).toBeGreaterThan(8);
  });

  test("may know nothing of sums", async () => {
    let refused = 0;
    s3.instead = ({ headers }) => {
      if (![...headers.keys()].some((name) => name.startsWith("x-amz-checksum"))) return undefined;
      refused++;
      return new Response("<Error><Code>NotImplemented</Code></Error>", { status: 501 });
    };
    await published(layout.path);
    // Each of those that were under way at the first refusal.
    expect(refused).toBeWithin(1, 5);
    expect(Object.keys(treeInBucket()).length).toBeGreaterThan(10);
  });

  test("that refuses at any moment keeps what was published before whole", async () => {
    await published(layout.path);
    const [before, tree] = [redirectFile(), treeInBucket()];
    const next = layoutAt(join(work.path, `next-${count}`));
    next.finish([
      ["one", next.image("2", "moved")],
      ["two", next.image("oci", "new")],
    ]);
    let left = 0;
    const denied = () => new Response("<Error><Code>AccessDenied</Code></Error>", { status: 403 });
    s3.instead = ({ method }) => (method === "GET" || method === "HEAD" || left-- > 0 ? undefined : denied());
    let refusals = 0;
    for (; refusals < 100; refusals++) {
      left = refusals;
      const { code, err } = await publish(next.path, ["--keep-tags", "--prune-after", "0s"]);
      if (code === 0) break;
      expect(err).toContain("AccessDenied (these keys may not do that)");
      const now = treeInBucket();
      const references = Object.keys(tree).filter((path) => !/\/one$|tags\/list/.test(path));
      if (redirectFile() === before)
        for (const path of references) expect([path, now[path]]).toEqual([path, tree[path]]);
    }
    expect(refusals).toBeGreaterThan(3);
    expect(redirectFile()).toContain('"two"');
  });

  test.each([
    ["SignatureDoesNotMatch", {}, { AWS_SECRET_ACCESS_KEY: "another" }],
    ["access key ID", {}, { AWS_ACCESS_KEY_ID: "another" }],
    ["NoSuchBucket: The specified bucket does not exist. (make the bucket first)", { content: "s3://nosuch/x" }, {}],
    ["(the region may be another: --s3-region)", { more: ["--s3-region", "mars-1"] }, {}],
    ["the S3 server can't be reached (", { more: ["--s3-endpoint", "http://127.0.0.1:1"] }, {}],
    ["publishing to S3 needs keys: AWS_SECRET_ACCESS_KEY is not set", {}, { AWS_SECRET_ACCESS_KEY: "" }],
    ['expected an absolute http or https URL, received "mars"', { more: ["--s3-endpoint", "mars"] }, {}],
    ["s3://?/team-app: expected s3://<bucket> or s3://<bucket>/<prefix>", { content: "s3://?" }, {}],
  ] as [string, { content?: string; more?: string[] }, object][])(
    "says %s",
    async (message, { content, more = [] }, environment) => {
      const place = content === undefined ? [] : ["--content", content];
      const { code, err } = await publish(layout.path, [...place, ...more], environment);
      expect([code, err]).toEqual([1, expect.stringContaining(message)]);
      expect(changes()).toEqual([]);
    },
  );

  describe("version 6", () => {
    const file = () => JSON.parse(redirectFile());
    const six = (...more: readonly string[]) => published(layout.path, "--redirect-version", "6", ...more);

    test("is an OCI image layout, and publishing again sends nothing", async () => {
      await six();
      const tree = treeInBucket();
      expect(file().version).toBe(6);
      for (const { digest } of file().manifests) expect(tree[`blobs/${digest.replace(":", "/")}`]).toBe(digest);
      expect(Object.keys(tree)).toEqual(expect.arrayContaining(["index.json", "oci-layout"]));
      s3.requests.length = 0;
      await six();
      expect(changes()).toEqual([expect.stringContaining("state.json")]);
    });

    test("takes the blobs of version 5 by copies that the server makes", async () => {
      await published(layout.path);
      const { err } = await six();
      expect(err).not.toContain("copied");
      expect(err.match(/ linked$/gm)?.length).toBe(file().configs.length * 2);
    });

    test("shares blobs in a pool, which is pruned", async () => {
      const pool = ["--pool", "shared"];
      const shared = () => Object.values(filesBelow(join(s3.files, prefix, "content/shared"))).sort();
      await six(...pool);
      expect(file().blobs).toBe("https://cdn.example/files/shared/{algorithm}/{hex}");
      const all = shared();
      expect(all).toEqual(expect.arrayContaining(file().manifests.map(({ digest }: Descriptor) => digest)));
      const { err } = await six(...pool, "--name", "team/other");
      expect(err).not.toContain("blob ");
      const one = ["--tag", "one", "--prune-after", "0s"];
      await six(...pool, ...one);
      expect(shared()).toEqual(all);
      await six(...pool, ...one, "--name", "team/other");
      expect(shared()).toHaveLength(3);
    });
  });
});
