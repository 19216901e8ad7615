/** `craned publish --in-place`: content that is on its host already gets its redirect file, and nothing is copied. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import { runCraned, scratch } from "../harness/craned.ts";
import { type Distribution, startDistribution } from "../harness/distribution.ts";
import { describeWith, leftovers, type Ran, succeed } from "../harness/programs.ts";
import { INDEX, OCI } from "../harness/redirect-files.ts";
import { startS3 } from "../harness/s3.ts";
import { type Descriptor, filesBelow, forPlatform, type Layout, layoutAt } from "./layouts.ts";

setDefaultTimeout(60_000);

const afterwards = leftovers();
const work = scratch();
afterAll(work.remove);

const { fresh } = work;

/** A layout with every kind of manifest that layouts have. */
function newLayout() {
  const layout = layoutAt(fresh("layout"));
  const [one, two] = [layout.image("2", "one"), layout.image("oci", "two")];
  const list = layout.list("list", [forPlatform(one, "amd64")]);
  const note = layout.image("oci", "note", { subject: two });
  layout.finish([
    ["list", list],
    ["two", two],
    ["", note],
  ]);
  return { layout, one, two, list, note };
}

/** The redirect file of team/app, which has to be one that craned takes. */
function fileIn(metadata: string, name = "team-app") {
  const bytes = readFileSync(join(metadata, `v2/${name}.json`));
  const parsed = parseRedirectFile(bytes);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return JSON.parse(bytes.toString());
}

const inPlace = (source: string, metadata: string, more: readonly string[] = [], environment = {}): Promise<Ran> =>
  runCraned(["publish", source, "--in-place", "--name", "team/app", "--metadata", metadata, ...more], environment);

async function published(...args: Parameters<typeof inPlace>): Promise<void> {
  const { code, err } = await inPlace(...args);
  if (code !== 0) throw new Error(err);
}

function expectWhole(metadata: string, { layout, one, two, list, note }: ReturnType<typeof newLayout>, url: string) {
  const file = fileIn(metadata);
  expect(file).toMatchObject({ version: 6, url, tags: { list: [list.digest, one.digest], two: two.digest } });
  expect(file.blobs).toBeUndefined();
  expect(file.manifests).toEqual(
    [one, two, list, note]
      .toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
      .map((each) => ({
        ...{ mediaType: each.mediaType, digest: each.digest, size: each.size },
        data: readFileSync(layout.fileOf(each)).toString("base64"),
      })),
  );
  expect(file.configs).toHaveLength(3);
}

const URL = "https://cdn.example/app/";

describe("an OCI image layout", () => {
  test("in a directory stays as it is; its redirect file says all of it", async () => {
    const source = newLayout();
    const before = filesBelow(source.layout.path);
    const metadata = fresh("metadata");
    await published(source.layout.path, metadata, ["--url", URL]);
    expectWhole(metadata, source, URL);
    expect(filesBelow(source.layout.path)).toEqual(before);
    expect(readdirSync(source.layout.path).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
    const check = await runCraned(["check", "--data-dir", metadata]);
    expect(check).toMatchObject({ code: 0 });
  });

  test("at a URL is read over HTTP, but for its layers", async () => {
    const source = newLayout();
    const asked: string[] = [];
    const host = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch({ method, url }) {
        const path = decodeURIComponent(new globalThis.URL(url).pathname).replace("/app/", "");
        asked.push(`${method} ${path}`);
        const file = join(source.layout.path, path);
        if (!existsSync(file)) return new Response("<html>", { status: 404 });
        return new Response(await Bun.file(file).bytes(), { headers: { "content-type": "text/html" } });
      },
    });
    afterwards(() => host.stop(true));
    const metadata = fresh("metadata");
    const url = `http://127.0.0.1:${host.port}/app/`;
    await published(url.slice(0, -1), metadata);
    expectWhole(metadata, source, url);
    const layers = [source.one, source.two, source.note].map(
      (image) => JSON.parse(readFileSync(source.layout.fileOf(image), "utf8")).layers[0] as Descriptor,
    );
    for (const { digest } of layers) {
      const path = `blobs/${digest.replace(":", "/")}`;
      expect(asked.filter((each) => each.endsWith(path))).toEqual([`HEAD ${path}`]);
    }
    const { code, out } = await runCraned(["check", "--data-dir", metadata, "--content", "http", "--download"]);
    expect([code, out]).toEqual([0, expect.stringContaining("warning: ")]);
    expect(out).toContain("the host ignores Range for 3 of 3 blobs");
  });

  test("at a URL whose host has a page for everything is not taken for one", async () => {
    const host = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("<html>a page</html>") });
    afterwards(() => host.stop(true));
    const { code, err } = await inPlace(`http://me:secret@127.0.0.1:${host.port}/`, fresh("metadata"));
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(`http://***@127.0.0.1:${host.port}/oci-layout: expected JSON in UTF-8`),
    ]);
  });

  test.each<[string, (layout: Layout, layer: string) => void, string]>([
    ["is missing", (_, layer) => rmSync(layer), " is not there"],
    ["was cut off", (_, layer) => truncateSync(layer, 3), " has 3 bytes instead of 23"],
  ])("of which a blob %s is not published, and the old redirect file stays", async (_, damage, message) => {
    const { layout, two } = newLayout();
    const metadata = fresh("metadata");
    await published(layout.path, metadata, ["--url", URL]);
    const before = filesBelow(metadata);
    const [layer] = JSON.parse(readFileSync(layout.fileOf(two), "utf8")).layers;
    damage(layout, layout.fileOf(layer));
    const { code, err } = await inPlace(layout.path, metadata, ["--url", URL]);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(
        `1 of 6 blobs are not as they should be: blobs/${layer.digest.replace(":", "/")}${message}`,
      ),
    ]);
    expect(filesBelow(metadata)).toEqual(before);
  });

  test("keeps tags that are asked for, as long as their blobs are there", async () => {
    const { layout, two } = newLayout();
    const metadata = fresh("metadata");
    await published(layout.path, metadata, ["--url", URL]);
    const three = layout.image("oci", "three");
    layout.finish([["three", three]]);
    await published(layout.path, metadata, ["--url", URL, "--keep-tags"]);
    expect(fileIn(metadata).tags).toMatchObject({ two: two.digest, three: three.digest });
    await published(layout.path, metadata, ["--url", URL]);
    expect(fileIn(metadata).tags).toEqual({ three: three.digest });
  });

  test("is not copied: what asks for that makes no sense", async () => {
    const { layout } = newLayout();
    for (const more of [["--content", "c"], ["--pool", "p"], ["--v1"], ["--redirect-version", "5"]]) {
      const { code, err } = await inPlace(layout.path, fresh("metadata"), ["--url", URL, ...more]);
      expect([code, err]).toEqual([2, expect.stringContaining("error: ")]);
    }
    const { err } = await runCraned(["publish", layout.path, "--in-place", "--name", "a", "--metadata", "m"]);
    expect(err).toContain("required option '--url <url>' not specified");
  });

  test("that is none, as a docker-archive, is refused", async () => {
    const directory = scratch({ "manifest.json": [] });
    afterwards(directory.remove);
    const { code, err } = await inPlace(directory.path, fresh("metadata"), ["--url", URL]);
    expect([code, err]).toEqual([1, expect.stringContaining("expected an OCI image layout (oci-layout, index.json)")]);
  });
});

/** What a registry answers for a manifest: its type and its bytes. */
async function manifestAt(host: string, name: string, reference: string) {
  const accept = `${INDEX}, ${OCI}, */*`;
  const answer = await fetch(`http://${host}/v2/${name}/manifests/${reference}`, { headers: { accept } });
  return { status: answer.status, mediaType: answer.headers.get("content-type"), text: await answer.text() };
}

describeWith(["docker-registry", "skopeo"], "the storage of a distribution registry", () => {
  let registry: Distribution;
  const layout = layoutAt(join(work.path, "pushed"));
  const images = ["amd64", "arm64"].map((architecture) => forPlatform(layout.image("oci", architecture), architecture));
  const index = layout.list("index", images);
  const old = layout.image("oci", "old");

  const push = async (source: Descriptor, image: string) => {
    layout.finish([["x", source]]);
    const flags = ["-q", "--all", "--preserve-digests", "--dest-tls-verify=false"];
    await succeed(["skopeo", "copy", ...flags, `oci:${layout.path}:x`, `docker://${registry.host}/${image}`]);
  };

  beforeAll(async () => {
    registry = await startDistribution(fresh("registry"));
    afterwards(registry.stop);
    await push(old, "team/app:latest");
    await push(index, "team/app:latest");
    await push(index, "team/app:1.0");
    await push(old, "other:1");
  });

  const publish = (metadata: string, ...more: readonly string[]) =>
    runCraned([
      ...["publish", `registry-storage:${registry.storage}`, "--url", "https://cdn.example/registry"],
      ...["--metadata", metadata, ...more],
    ]);

  test("gets a redirect file for each repository, with all that the registry serves", async () => {
    const metadata = fresh("metadata");
    const before = filesBelow(registry.storage);
    expect(await publish(metadata)).toMatchObject({ code: 0 });
    expect(filesBelow(registry.storage)).toEqual(before);
    const file = fileIn(metadata);
    expect(file).toMatchObject({
      "repo-registry-id": "team/app",
      url: "https://cdn.example/registry/",
      blobs: "docker/registry/v2/blobs/{algorithm}/{hex:2}/{hex}/data",
      tags: { "1.0": index.digest, latest: index.digest },
    });
    expect(file.manifests).toHaveLength(4);
    for (const { digest, mediaType, data } of file.manifests) {
      const text = Buffer.from(data, "base64").toString();
      expect(await manifestAt(registry.host, "team/app", digest)).toEqual({ status: 200, mediaType, text });
    }
    expect(fileIn(metadata, "other")).toMatchObject({ "repo-registry-id": "other", tags: { "1": old.digest } });
    // A static host over the storage has every blob where the redirect file says.
    const host = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => new Response(Bun.file(join(registry.storage, new globalThis.URL(url).pathname))),
    });
    afterwards(() => host.stop(true));
    const moved = join(metadata, "v2/team-app.json");
    writeFileSync(moved, JSON.stringify({ ...file, url: `http://127.0.0.1:${host.port}/` }));
    rmSync(join(metadata, "v2/other.json"));
    const check = await runCraned(["check", "--data-dir", metadata, "--content", "http", "--download"]);
    expect([check.code, check.out]).toEqual([0, expect.stringContaining("3 blobs, all as they have to be")]);
  });

  test("gives one repository, and one tag of it, when asked", async () => {
    const metadata = fresh("metadata");
    expect(await publish(metadata, "--name", "other")).toMatchObject({ code: 0 });
    expect(readdirSync(join(metadata, "v2"))).toEqual(["other.json"]);
    expect(await publish(metadata, "--name", "team/app", "--tag", "1.0")).toMatchObject({ code: 0 });
    expect(fileIn(metadata)).toMatchObject({ tags: { "1.0": index.digest } });
    expect(fileIn(metadata).manifests).toHaveLength(3);
    expect(await publish(metadata, "--name", "nobody")).toMatchObject({
      code: 1,
      err: expect.stringContaining("no such repository"),
    });
  });

  test("of which blobs are missing says so, and publishes the other repositories", async () => {
    const storage = fresh("storage");
    cpSync(registry.storage, storage, { recursive: true });
    const [layer] = JSON.parse(readFileSync(layout.fileOf(images[0] as Descriptor), "utf8")).layers;
    const hex = layer.digest.slice("sha256:".length);
    rmSync(join(storage, `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}`), { recursive: true });
    const metadata = fresh("metadata");
    const { code, err } = await runCraned([
      ...["publish", `registry-storage:${storage}`, "--url", URL, "--metadata", metadata],
    ]);
    expect([code, err]).toEqual([1, expect.stringContaining(`/${hex}/data is not there`)]);
    expect(err).toContain("1 of 2 repositories are not published");
    expect(readdirSync(join(metadata, "v2"))).toEqual(["other.json"]);
  });
});

describeWith(["versitygw"], "in a bucket", () => {
  test("a layout and the storage of a registry are published where they are", async () => {
    const s3 = await startS3("images");
    afterwards(s3.stop);
    const source = newLayout();
    for (const path of Object.keys(filesBelow(source.layout.path))) {
      await s3.client.write(`apps/app/${path}`, readFileSync(join(source.layout.path, path)), { type: "text/plain" });
    }
    const metadata = fresh("metadata");
    s3.requests.length = 0;
    await published("s3://images/apps/app", metadata, ["--url", URL], s3.environment);
    expectWhole(metadata, source, URL);
    const storage = "registry/docker/registry/v2";
    const digest = source.two.digest.slice("sha256:".length);
    for (const each of Object.keys(filesBelow(join(source.layout.path, "blobs/sha256")))) {
      const bytes = readFileSync(join(source.layout.path, "blobs/sha256", each));
      await s3.client.write(`${storage}/blobs/sha256/${each.slice(0, 2)}/${each}/data`, bytes);
    }
    const manifests = `${storage}/repositories/team/app/_manifests`;
    for (const link of [
      `revisions/sha256/${digest}/link`,
      "tags/two/current/link",
      `tags/two/index/sha256/${digest}/link`,
    ]) {
      await s3.client.write(`${manifests}/${link}`, source.two.digest);
    }
    const args = ["publish", "registry-storage:s3://images/registry", "--url", URL, "--metadata", metadata];
    expect(await runCraned(args, s3.environment)).toMatchObject({ code: 0 });
    expect(fileIn(metadata)).toMatchObject({
      tags: { two: source.two.digest },
      manifests: [{ digest: source.two.digest }],
    });
    expect(s3.requests.filter((line) => !/^(GET|HEAD|PUT \/images\/registry)/.test(line))).toEqual([]);
  });
});
