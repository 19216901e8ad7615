import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { MEDIA_TYPE } from "../../../lib/core/media-types.ts";
import { buildDemo } from "../../../lib/demo/demo.ts";
import { HELLO } from "../../clients/demo-content.ts";
import { type Craned, scratch, startCraned } from "../../harness/craned.ts";
import { type Distribution, startDistribution } from "../../harness/distribution.ts";
import { describeWith, leftovers, run, succeed } from "../../harness/programs.ts";
import { sha256 } from "../../harness/redirect-files.ts";
import { type Descriptor, forPlatform, type Layout, layoutAt, siteAt } from "../layouts.ts";
import { type Answer, breakingHost, type FakeRegistry, refusal, serveLayout } from "./fake-registry.ts";

setDefaultTimeout(60_000);

const work = scratch();
afterAll(work.remove);
const afterwards = leftovers();

const { fresh } = work;
const newLayout = (): Layout => layoutAt(fresh("layout"));
const newSite = () => siteAt(fresh("site"));

async function treeOf(source: string, ...more: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const site = newSite();
  await site.published(source, ...more);
  return site.tree();
}

async function referrersIn(source: string, ...more: readonly string[]): Promise<unknown> {
  const site = newSite();
  await site.published(source, ...more);
  return site.redirectFile()["referrers"];
}

describe("the demo registry, which sends its clients elsewhere for everything", () => {
  let demo: Craned;
  beforeAll(async () => {
    demo = await startCraned(["demo", "--port", "0"]);
    afterwards(demo.stop);
  });
  const at = (image: string): string => `docker://127.0.0.1:${demo.port}/demo/${image}`;

  test("is published whole: every kind of manifest, and what refers to them", async () => {
    const { redirectFiles, objects } = buildDemo("http://static.invalid");
    const prefix = "v2/demo-tree/";
    // A tag of two kinds is only ever sent as one of them: the list can't be seen behind the index.
    const isSeen = (path: string) => path.startsWith(prefix) && path !== `${prefix}manifests/list/latest`;
    const expected = [...objects].filter(([path]) => isSeen(path));
    const site = newSite();
    await site.published(at("hello"), "--name", "demo/hello", "--repository", "team-app");
    const tree = site.tree();
    expect(Object.keys(tree)).toEqual(expected.map(([path]) => path.slice(prefix.length)).sort());
    for (const [path, { bytes }] of expected) {
      const name = path.slice(prefix.length);
      if (name !== "tags/list") expect(`${name} ${tree[name]}`).toBe(`${name} ${sha256(bytes)}`);
    }
    const original = JSON.parse(redirectFiles.get("v2-demo-tree.json") ?? "");
    const published = site.redirectFile();
    for (const list of ["schema1_data", "schema2_data", "oci_manifest_data", "oci_index_data"]) {
      expect(published[list]).toEqual(original[list].toSorted());
    }
    const referrers: Readonly<Record<string, readonly Descriptor[]>> = original.referrers;
    const inOrder = Object.entries(referrers).map(([subject, each]) => [
      subject,
      each.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
    ]);
    expect(published["referrers"]).toEqual(Object.fromEntries(inOrder));
  });

  test.each(Object.values(HELLO))(
    "gives $tag alone by its tag, by its digest, and by both",
    async ({ tag, digest, kind, bytes }) => {
      const byTag = await treeOf(at(`hello:${tag}`));
      expect(byTag[`manifests/${kind}/${tag}`]).toBe(sha256(bytes));
      expect(await treeOf(at(`hello@${digest}`), "--tag", tag)).toEqual(byTag);
      expect(await treeOf(at(`hello:${tag}@${digest}`))).toEqual(byTag);
      expect(await treeOf(at("hello"), "--tag", tag)).toEqual(byTag);
    },
  );

  test("says of a name that is on v1 only what the registry says", async () => {
    const { code, err } = await newSite().publish(at("legacy"));
    expect(code).toBe(1);
    expect(err.trim()).toBe(
      `error: ${at("legacy")}: the list of tags: 404 NAME_UNKNOWN: repository name not known to registry`,
    );
  });

  test("is not written down by a dry run, and not sent for again when nothing changed", async () => {
    const site = newSite();
    await site.published(at("hello"), "--dry-run");
    await site.published(at("hello"));
    const { out } = await site.published(at("hello"), "--json");
    const events = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.filter(({ event, outcome }) => event === "blob" && outcome !== "present")).toEqual([]);
    expect(events.at(-2)).toMatchObject({ event: "published", outcome: "unchanged" });
  });
});

describe("referrers", () => {
  const layout = newLayout();
  const image = layout.image("oci", "subject");
  const config = layout.blob("application/vnd.example.config", "{}");
  const note = layout.manifest("oci", { artifactType: "text/plain", config, layers: [], subject: image });
  const ofNote = layout.list("index", [], { artifactType: "text/x", subject: note });
  const unrelated = layout.manifest("oci", { config, layers: [] });
  layout.finish([["1.0", image]]);
  const EXPECTED = {
    [image.digest]: [{ ...note, artifactType: "text/plain" }],
    [note.digest]: [{ ...ofNote, artifactType: "text/x" }],
  };
  const indexOf = (...manifests: readonly object[]) => JSON.stringify({ schemaVersion: 2, manifests });
  const asIndex = (text: string, more: Record<string, string> = {}) =>
    new Response(text, { headers: { "content-type": `${MEDIA_TYPE.index}; charset=utf-8`, ...more } });
  const serve = (answer: Answer): FakeRegistry => {
    const registry = serveLayout(layout.path, answer);
    afterwards(registry.stop);
    return registry;
  };
  const tagOf = ({ digest }: Descriptor) => `manifests/${digest.replace(":", "-")}`;

  test("are asked for, page by page, and theirs in turn", async () => {
    const { address } = serve(({ path, query }) => {
      if (!path.startsWith("referrers/")) return undefined;
      if (path === `referrers/${note.digest}`) return asIndex(indexOf(ofNote));
      if (path !== `referrers/${image.digest}`) return asIndex(indexOf());
      if (query.has("last")) return asIndex(indexOf(note));
      return asIndex(indexOf(), { link: '<?last=0>; rel="next"' });
    });
    expect(await referrersIn(`${address}:1.0`)).toEqual(EXPECTED);
  });

  test.each([
    ["does not know the question", () => new Response("", { status: 404 })],
    ["refuses it", () => new Response("", { status: 405 })],
    ["answers with a page for people", () => new Response("<html></html>")],
  ])("are found by their tags where a registry %s, which is asked once only", async (_, answer) => {
    const { address, paths } = serve(({ path }) => {
      if (path.startsWith("referrers/")) return answer();
      if (path === tagOf(image)) return asIndex(indexOf(note));
      return path === tagOf(note) ? asIndex(indexOf(ofNote)) : undefined;
    });
    expect(await referrersIn(`${address}:1.0`)).toEqual(EXPECTED);
    expect(paths().filter((path) => path.startsWith("referrers/"))).toHaveLength(1);
  });

  test("that have been deleted, or refer to something else, are left out", async () => {
    const gone = { ...note, digest: sha256("gone") };
    const { address } = serve(({ path }) => {
      if (!path.startsWith("referrers/")) return undefined;
      return asIndex(path.endsWith(image.digest) ? indexOf(gone, unrelated, note) : indexOf());
    });
    const site = newSite();
    await site.published(`${address}:1.0`);
    expect(site.redirectFile()).toMatchObject({
      oci_manifest_data: ["1.0", ...[image.digest, note.digest].sort()],
      referrers: { [image.digest]: [{ digest: note.digest }] },
    });
  });

  const html = () => new Response("<p>Hello", { headers: { "content-type": "text/html" } });
  const nothing = () =>
    new Response('{"manifests":null}', { headers: { "content-type": "application/vnd.oci.image.index.v1+json" } });
  const withStatus = (status: number) => () => new Response("", { status });
  test.each([
    ["401", withStatus(401), ": 401"],
    ["403", withStatus(403), ": 403"],
    ["406", withStatus(406), ": 406"],
    ["424", withStatus(424), ": 424"],
    ["451", withStatus(451), ": 451"],
    ["429 for ever", () => refusal(429, "TOOMANYREQUESTS", "no", { "retry-after": "0" }), ": 429"],
    ["503 for ever", () => refusal(503, "UNAVAILABLE", "no", { "retry-after": "0" }), ": 503"],
    ["a page for people", html, "expected application/vnd.oci.image.index.v1+json, received text/html"],
    ["no list", nothing, "manifests: expected an array of descriptors, received null"],
  ])("that a registry answers with %s are left out with one warning, or are an error", async (_, answer, why) => {
    const { address } = serve(({ path }) => (path.startsWith("referrers/") ? answer() : undefined));
    const site = newSite();
    const { err } = await site.published(`${address}:1.0`);
    expect(err.match(/warning: .*/g)).toEqual([expect.stringContaining(why)]);
    expect(err).toContain("published without what may refer to the images, as signatures");
    expect(Object.values(site.tree())).toContain(image.digest);
    const required = await newSite().publish(`${address}:1.0`, "--require-referrers");
    expect([required.code, required.err]).toEqual([1, expect.stringContaining(`${why}`)]);
  });

  const broken = layout.blob(MEDIA_TYPE.oci, JSON.stringify({ config: 5, subject: image }));
  const layer = layout.blob("text/plain", "lost");
  const lost = layout.manifest("oci", { config, layers: [layer], subject: image });
  test.each([
    ["is no manifest", () => broken, () => undefined],
    ["has another size", () => ({ ...note, size: 1 }), () => undefined],
    ["has lost a blob", () => lost, (path: string) => path === `blobs/${layer.digest}`],
  ])("of which one %s are left out with one warning", async (_, referrer, isLost) => {
    const { address } = serve(({ path }) => {
      if (isLost(path) === true) return refusal(404, "BLOB_UNKNOWN", "gone");
      if (!path.startsWith("referrers/")) return undefined;
      return asIndex(path.endsWith(image.digest) ? indexOf(referrer()) : indexOf());
    });
    const site = newSite();
    const { err } = await site.published(`${address}:1.0`);
    expect(err.match(/warning: .*/g)).toEqual([expect.stringMatching(/: published without it$/)]);
    expect(Object.values(site.tree())).not.toContain(referrer().digest);
  });

  test("are not asked for when nobody wants them", async () => {
    const registry = serve(() => undefined);
    await newSite().published(`${registry.address}:1.0`, "--no-referrers");
    expect(registry.paths().filter((path) => /referrers|sha256-/.test(path))).toEqual([]);
  });

  test("may be a registry's page where the tag of clients is", async () => {
    const { address } = serve(({ path }) => (/^manifests\/sha256-[0-9a-f]+$/.test(path) ? html() : undefined));
    const { err } = await newSite().published(`${address}:1.0`);
    expect(err).toContain("received text/html: published without");
  });
});

test("layers that clients fetch elsewhere are not fetched when the registry does not have them", async () => {
  const layout = newLayout();
  const foreign = {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    digest: sha256("elsewhere"),
    size: 9,
    urls: ["http://127.0.0.1:1/layer"],
  };
  layout.finish([["windows", layout.image("2", "own", { layers: [foreign] })]]);
  const registry = serveLayout(layout.path);
  afterwards(registry.stop);
  expect(await treeOf(registry.address)).toEqual(await treeOf(layout.path));
  expect(registry.seen.filter(({ path }) => path.includes(foreign.digest)).map(({ method }) => method)).toEqual([
    "HEAD",
  ]);
});

test("what cosign files under tags comes along with the one tag that is asked for", async () => {
  const layout = newLayout();
  const [image, signature, other] = ["image", "signature", "other"].map((text) => layout.image("oci", text));
  if (image === undefined || signature === undefined || other === undefined) throw new Error("no images");
  const tag = `${image.digest.replace(":", "-")}.sig`;
  layout.finish([
    ["1.0", image],
    [tag, signature],
    ["2.0", other],
    [`${other.digest.replace(":", "-")}.sig`, signature],
  ]);
  const registry = serveLayout(layout.path);
  afterwards(registry.stop);
  for (const source of [
    [`${registry.address}:1.0`],
    [registry.address, "--tag", "1.0"],
    [layout.path, "--tag", "1.0"],
  ]) {
    const site = newSite();
    await site.published(source[0] ?? "", ...source.slice(1));
    expect(Object.keys(site.tags()).sort()).toEqual(["1.0", tag]);
  }
});

test("an index is published with those of its images that the registry has", async () => {
  const layout = newLayout();
  const [here, gone] = [layout.image("oci", "here"), forPlatform(layout.image("oci", "gone"), "arm64")];
  const index = layout.list("index", [forPlatform(here, "amd64"), gone]);
  layout.finish([["1.0", index]]);
  const registry = serveLayout(layout.path, ({ path }) =>
    path.endsWith(gone.digest) ? refusal(404, "MANIFEST_UNKNOWN", "unknown") : undefined,
  );
  afterwards(registry.stop);
  const site = newSite();
  const { err } = await site.published(registry.address);
  expect(err).toMatch(new RegExp(`warning: .*${gone.digest}.*: published without the image for linux/arm64`));
  expect(Object.values(site.tree())).toEqual(expect.arrayContaining([index.digest, here.digest]));
});

test("a layer of which no manifest tells the size may not be endless", async () => {
  const layer = sha256("endless");
  const signed = {
    schemaVersion: 1,
    name: "team/app",
    tag: "1.0",
    fsLayers: [{ blobSum: layer }],
    history: [{ v1Compatibility: "{}" }],
    signatures: [],
  };
  const layout = newLayout();
  layout.finish([["1.0", layout.image("oci", "other")]]);
  const host = breakingHost(new Uint8Array(10), 17 * 1024 ** 3, async () => {});
  afterwards(host.stop);
  const registry = serveLayout(layout.path, ({ path }) => {
    if (path === "manifests/1.0" || path === `manifests/${sha256(JSON.stringify(signed))}`) {
      return new Response(JSON.stringify(signed), { headers: { "content-type": MEDIA_TYPE["1"] } });
    }
    if (path !== `blobs/${layer}`) return undefined;
    return new Response("", { status: 307, headers: { location: host.origin } });
  });
  afterwards(registry.stop);
  const { code, err } = await newSite().publish(`${registry.address}:1.0`);
  expect([code, err]).toEqual([
    1,
    expect.stringContaining("size: expected at most 17179869184 bytes where no manifest tells the size"),
  ]);
});

test("many tags are asked for a few at a time, each manifest once", async () => {
  const layout = newLayout();
  const tags = Array.from({ length: 40 }, (_, at) => `v${at}`);
  layout.finish(tags.map((tag) => [tag, layout.image("oci", tag)] as const));
  const registry = serveLayout(layout.path);
  afterwards(registry.stop);
  expect(await treeOf(registry.address)).toEqual(await treeOf(layout.path));
  const asked = registry.paths().filter((path) => path.startsWith("manifests/v"));
  expect(asked.toSorted()).toEqual(tags.map((tag) => `manifests/${tag}`).sort());
});

describeWith(["docker-registry", "skopeo"], "distribution's registry", () => {
  const layout = newLayout();
  const images = ["amd64", "arm64", "s390x"].map((arch) => forPlatform(layout.image("oci", arch), arch));
  const docker = layout.image("2", "docker");
  layout.finish([
    ["index", layout.list("index", images)],
    ["list", layout.list("list", [forPlatform(docker, "amd64")])],
    ["docker", docker],
    ["oci", images[0] ?? docker],
  ]);

  async function startRegistry(auth = ""): Promise<Distribution> {
    const registry = await startDistribution(fresh("registry"), auth);
    afterwards(registry.stop);
    return registry;
  }

  const fill = async (host: string, ...more: readonly string[]) => {
    // A layout is read as an image of OCI's alone; over a registry every kind of manifest stays what it is.
    const { address, stop } = serveLayout(layout.path);
    const options = ["--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false", ...more];
    for (const tag of ["index", "list", "docker", "oci"]) {
      await succeed(["skopeo", "copy", ...options, `${address}:${tag}`, `docker://${host}/team/app:${tag}`]);
    }
    await stop();
  };

  test("is published as the layout that it was filled from", async () => {
    const { host } = await startRegistry();
    await fill(host);
    expect(await treeOf(`docker://${host}/team/app`)).toEqual(await treeOf(layout.path));
  });

  test("is published with the login that skopeo left", async () => {
    const passwords = fresh("htpasswd");
    writeFileSync(passwords, `me:${await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 })}\n`);
    const { host } = await startRegistry(`auth:\n  htpasswd:\n    realm: test\n    path: ${passwords}\n`);
    const file = fresh("auth.json");
    await succeed(["skopeo", "login", "--tls-verify=false", "--authfile", file, "-u", "me", "-p", "secret", host]);
    await fill(host, "--dest-authfile", file);
    expect(readFileSync(file, "utf8")).toContain(host);
    const address = `docker://${host}/team/app`;
    expect(await treeOf(address, "--src-authfile", file)).toEqual(await treeOf(layout.path));
    expect((await newSite().publish(address)).err.trim()).toBe(
      `error: ${address}: 401: the registry asks for a password: log in, or give --src-creds`,
    );
  });
});

describeWith(["openssl"], "a registry with a certificate that nobody vouches for", () => {
  test("is asked only when told to", async () => {
    const layout = newLayout();
    layout.finish([["1.0", layout.image("oci", "secret")]]);
    const plain = serveLayout(layout.path);
    afterwards(plain.stop);
    const [key, certificate] = [fresh("key"), fresh("certificate")];
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
    const made = await run([
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-noenc",
      "-keyout",
      key,
      "-out",
      certificate,
      ...subject,
    ]);
    expect(made.code).toBe(0);
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { key: Bun.file(key), cert: Bun.file(certificate) },
      fetch: (request) => fetch(`${plain.origin}${new URL(request.url).pathname}`, { headers: request.headers }),
    });
    afterwards(() => server.stop(true));
    const address = `docker://127.0.0.1:${server.port}/team/app`;
    expect(await treeOf(address, "--src-tls-verify=false")).toEqual(await treeOf(layout.path));
    const { code, err } = await newSite().publish(address);
    expect(code).toBe(1);
    expect(err.trim()).toBe(
      `error: ${address}: 127.0.0.1:${server.port} can't be reached: DEPTH_ZERO_SELF_SIGNED_CERT`,
    );
  });
});
