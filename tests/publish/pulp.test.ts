import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ManifestKind } from "../../lib/core/media-types.ts";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import { HELLO } from "../clients/demo-content.ts";
import { runCraned, scratch } from "../harness/craned.ts";
import type { Ran } from "../harness/programs.ts";
import { digest, hex, sha256 } from "../harness/redirect-files.ts";
import { type Descriptor, filesBelow, forPlatform, layoutAt } from "./layouts.ts";

setDefaultTimeout(60_000);

const work = scratch();
afterAll(work.remove);

const layout = layoutAt(join(work.path, "layout"));
const amd64 = layout.image("2", "amd64");
const arm64 = layout.image("2", "arm64");
const list = layout.list("list", [forPlatform(arm64, "arm64"), forPlatform(amd64, "amd64")]);
const oci = layout.image("oci", "oci");
const signed = { digest: HELLO.schema1.digest, bytes: HELLO.schema1.bytes };
const bytesOf = (descriptor: Descriptor): Uint8Array => readFileSync(layout.fileOf(descriptor));

let count = 0;

/** What Pulp and its exporter left behind. */
interface PulpSite {
  readonly content: string;
  readonly metadata: string;
  /** Puts a file into the tree of the repository `app`. */
  readonly put: (path: string, bytes: Uint8Array | string) => void;
  readonly putManifest: (kind: ManifestKind, descriptor: Descriptor, ...tags: readonly string[]) => void;
  readonly putSigned: (...tags: readonly string[]) => void;
  readonly redirect: (name: string, file: object) => void;
  readonly upgrade: (...more: readonly string[]) => Promise<Ran>;
  /** The redirect file after that, and what was said. */
  readonly upgraded: (...more: readonly string[]) => Promise<readonly [Record<string, unknown>, readonly string[]]>;
  readonly files: () => Readonly<Record<string, string>>;
}

const COMMON = { type: "pulp-docker-redirect", repository: "app", "repo-registry-id": "team/app", protected: true };
const URL = "https://cdn.example/v2/app/";

function newSite(): PulpSite {
  const directory = join(work.path, `pulp-${count++}`);
  const content = join(directory, "web");
  const metadata = join(directory, "metadata");
  const write = (path: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  };
  mkdirSync(content, { recursive: true });
  mkdirSync(metadata, { recursive: true });
  const site: PulpSite = {
    content,
    metadata,
    put: (path, bytes) => write(join(content, "app", path), bytes),
    putManifest(kind, descriptor, ...tags) {
      for (const name of [descriptor.digest, ...tags]) site.put(`manifests/${kind}/${name}`, bytesOf(descriptor));
    },
    putSigned(...tags) {
      for (const name of [signed.digest, ...tags]) site.put(`manifests/1/${name}`, signed.bytes);
    },
    redirect: (name, file) => write(join(metadata, name), JSON.stringify({ ...COMMON, url: URL, ...file })),
    upgrade: (...more) =>
      runCraned(["publish", `pulp:${content}`, "--metadata", metadata, "--redirect-version", "5", ...more]),
    async upgraded(...more) {
      const { code, err } = await site.upgrade(...more);
      if (code !== 0) throw new Error(err);
      const warnings = err.split("\n").filter((line) => line.startsWith("warning: "));
      return [JSON.parse(readFileSync(join(metadata, "app.json"), "utf8")), warnings.map((line) => line.slice(9))];
    },
    files: () => filesBelow(content),
  };
  return site;
}

/** A file of version 4 has to say this much. */
const EMPTY_4 = { version: 4, schema2_data: [], manifest_list_data: [], manifest_list_amd64_tags: {} };

/** A whole tree as Pulp makes it, with a file of a version. */
function wholeSite(version: 3 | 4 | 5): PulpSite {
  const site = newSite();
  site.putManifest("2", amd64, "1.0");
  site.putManifest("2", arm64);
  site.putManifest("list", list, "latest");
  site.putSigned("1.0", "old");
  site.put("tags/list", JSON.stringify({ name: "team/app", tags: ["1.0", "latest", "old"] }));
  const byVersion = {
    3: { schema2_data: [amd64.digest, "1.0"] },
    4: {
      schema2_data: [amd64.digest, arm64.digest, "1.0"],
      manifest_list_data: [list.digest, "latest"],
      manifest_list_amd64_tags: { latest: [arm64.digest, 2] },
    },
    5: {},
  };
  site.redirect("app.json", { version, ...byVersion[version] });
  return site;
}

const WHOLE = {
  ...COMMON,
  version: 5,
  url: URL,
  schema1_data: ["1.0", "old", signed.digest],
  schema2_data: ["1.0", ...[amd64.digest, arm64.digest].sort()],
  manifest_list_data: ["latest", list.digest],
  manifest_list_amd64_tags: { latest: [amd64.digest, 2] },
  oci_manifest_data: [],
  oci_index_data: [],
  referrers: {},
};

describe("a redirect file", () => {
  test.each([3, 4, 5] as const)(
    "of version %i says all that is there, and the tree stays as it is",
    async (version) => {
      const site = wholeSite(version);
      const before = site.files();
      expect(await site.upgraded()).toEqual([WHOLE, []]);
      expect(site.files()).toEqual(before);
    },
  );

  test("of version 5 that says so already is not written again", async () => {
    const site = wholeSite(4);
    await site.upgraded();
    const events = (await site.upgrade("--json")).out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events).toContainEqual({ event: "published", file: join(site.metadata, "app.json"), outcome: "unchanged" });
  });

  test("of version 2 sends clients to each manifest by its kind, where it is then", async () => {
    const site = newSite();
    site.put(`manifests/${signed.digest}`, signed.bytes);
    site.put("manifests/latest", signed.bytes);
    site.put("manifests/1.0", bytesOf(amd64));
    site.put(`manifests/${amd64.digest}`, bytesOf(amd64));
    site.redirect("app.json", { version: 2 });
    const [file, warnings] = await site.upgraded();
    expect(file).toMatchObject({ schema1_data: ["latest", signed.digest], schema2_data: ["1.0", amd64.digest] });
    expect(warnings).toEqual([
      `${site.metadata}/app.json: ${site.content}/app does not keep its manifests by kind: 4 get a second name`,
    ]);
    expect(site.files()).toMatchObject({
      "app/manifests/latest": sha256(signed.bytes),
      "app/manifests/1/latest": sha256(signed.bytes),
      [`app/manifests/1/${signed.digest}`]: sha256(signed.bytes),
      "app/manifests/2/1.0": amd64.digest,
      [`app/manifests/2/${amd64.digest}`]: amd64.digest,
    });
    expect(await site.upgraded()).toEqual([file, []]);
  });

  test("keeps what else is in it", async () => {
    const site = wholeSite(4);
    const more = { description: "An app.", star_count: 3, "x-own": { 1: [true] } };
    site.redirect("app.json", { ...EMPTY_4, ...more });
    const [file] = await site.upgraded();
    expect(file).toEqual({ ...WHOLE, ...more });
  });

  test("of version 1 stays as it is, and says what is missing", async () => {
    const site = newSite();
    const [whole, broken] = [hex("a"), hex("b")];
    for (const name of ["ancestry", "json", "layer"]) site.put(`${whole}/${name}`, "x");
    site.put(`${broken}/json`, "x");
    site.redirect("app.json", { version: 1, images: [{ id: whole }, { id: broken }], tags: { "1.0": whole } });
    const before = readFileSync(join(site.metadata, "app.json"), "utf8");
    const [, warnings] = await site.upgraded();
    expect(readFileSync(join(site.metadata, "app.json"), "utf8")).toBe(before);
    expect(warnings).toEqual(
      ["ancestry", "layer"].map(
        (name) => `${site.metadata}/app.json: ${site.content}/app/${broken}/${name} is not there`,
      ),
    );
  });

  test("of version 1 says nothing of the files when only v2 content is looked at", async () => {
    const site = wholeSite(4);
    site.redirect("v1/app.json", { version: 1, images: [{ id: hex("a") }], tags: {} });
    expect((await site.upgraded())[1]).toEqual([]);
  });

  test("that is a link stays one, and what it leads to is replaced once", async () => {
    const site = wholeSite(4);
    const real = join(work.path, `real-${count++}.json`);
    writeFileSync(real, readFileSync(join(site.metadata, "app.json")));
    rmSync(join(site.metadata, "app.json"));
    symlinkSync(real, join(site.metadata, "app.json"));
    symlinkSync(real, join(site.metadata, "again.json"));
    symlinkSync(".", join(site.metadata, "loop"));
    const { err } = await site.upgrade();
    expect(err).toBe(`${site.metadata}/again.json  written\n`);
    expect(JSON.parse(readFileSync(real, "utf8"))).toEqual(WHOLE);
    expect(JSON.parse(readFileSync(join(site.metadata, "app.json"), "utf8"))).toEqual(WHOLE);
  });

  test("is not written by a dry run, nor is the tree", async () => {
    const site = newSite();
    site.put("manifests/1.0", bytesOf(amd64));
    site.redirect("app.json", { version: 2 });
    const before = [site.files(), filesBelow(site.metadata)];
    await site.upgraded("--dry-run");
    expect([site.files(), filesBelow(site.metadata)]).toEqual(before);
  });

  test("may be upgraded alone", async () => {
    const site = wholeSite(4);
    site.redirect("other.json", { ...EMPTY_4, "repo-registry-id": "other" });
    const before = readFileSync(join(site.metadata, "other.json"), "utf8");
    await site.upgraded("--name", "team/app");
    expect(readFileSync(join(site.metadata, "other.json"), "utf8")).toBe(before);
  });
});

describe("content as Pulp has it", () => {
  test("is read through links", async () => {
    const site = wholeSite(4);
    const elsewhere = join(work.path, `elsewhere-${count++}`);
    mkdirSync(elsewhere);
    for (const name of ["1.0", amd64.digest]) {
      writeFileSync(join(elsewhere, name), bytesOf(amd64));
      rmSync(join(site.content, "app/manifests/2", name));
      symlinkSync(join(elsewhere, name), join(site.content, "app/manifests/2", name));
    }
    expect(await site.upgraded()).toEqual([WHOLE, []]);
  });

  test("may have OCI's kinds, and what refers to them", async () => {
    const site = newSite();
    const config = layout.blob("application/vnd.example.config", "{}");
    const note = layout.manifest("oci", { artifactType: "text/plain", config, layers: [], subject: oci });
    site.putManifest("oci", oci, "1.0");
    site.putManifest("oci", note);
    site.redirect("app.json", EMPTY_4);
    const [file] = await site.upgraded();
    expect(file).toMatchObject({
      oci_manifest_data: ["1.0", ...[oci.digest, note.digest].sort()],
      referrers: { [oci.digest]: [{ digest: note.digest, artifactType: "text/plain" }] },
    });
  });
});

describe("what can't be served is left out, and said:", () => {
  const path = (site: PulpSite, name: string) => `${site.content}/app/manifests/${name}`;
  const other = digest("0");

  const CASES: readonly (readonly [
    what: string,
    spoil: (site: PulpSite) => void,
    changes: object,
    warnings: (site: PulpSite) => readonly string[],
  ])[] = [
    [
      "a manifest of another kind",
      (site) => site.put("manifests/2/odd", signed.bytes),
      {},
      (site) => [
        `${path(site, "2/odd")}: expected application/vnd.docker.distribution.manifest.v2+json, received application/vnd.docker.distribution.manifest.v1+prettyjws`,
      ],
    ],
    [
      "no manifest",
      (site) => site.put("manifests/list/odd", "<html>"),
      {},
      (site) => [
        `${path(site, "list/odd")}: expected application/vnd.docker.distribution.manifest.list.v2+json, received application/json`,
      ],
    ],
    [
      "a manifest with another digest",
      (site) => site.put(`manifests/2/${other}`, bytesOf(amd64)),
      {},
      (site) => [`${path(site, `2/${other}`)}: digest mismatch: expected ${other}, received ${amd64.digest}`],
    ],
    [
      "a name that no client can ask for",
      (site) => site.put("manifests/2/-odd", bytesOf(amd64)),
      {},
      (site) => [`${path(site, "2/-odd")}: name: expected a tag or a digest, received -odd`],
    ],
    [
      "a link to nothing",
      (site) => symlinkSync("/nowhere/at/all", join(site.content, "app/manifests/2/odd")),
      {},
      (site) => [`${path(site, "2/odd")}: it leads to a file that is not there`],
    ],
    [
      "what only the old file names",
      (site) => rmSync(join(site.content, "app/manifests/2/1.0")),
      { schema2_data: [amd64.digest, arm64.digest].sort() },
      () => ["the redirect file names manifests/2/1.0, which is not there"],
    ],
    [
      "the image for amd64 that a list names",
      (site) => rmSync(join(site.content, "app/manifests/2", amd64.digest)),
      { schema2_data: ["1.0", arm64.digest], manifest_list_amd64_tags: {} },
      () => [
        `manifests/list/${list.digest} names manifests/2/${amd64.digest}, which is not there`,
        `the redirect file names manifests/2/${amd64.digest}, which is not there`,
      ],
    ],
    [
      "a tag that only tags/list names",
      (site) => site.put("tags/list", JSON.stringify({ tags: ["1.0", "gone"] })),
      {},
      () => ["tags/list names the tag gone, which is not there"],
    ],
    ["nothing of what is hidden", (site) => site.put("manifests/2/.latest.partial", "{"), {}, () => []],
  ];

  test.each(CASES)("%s", async (_, spoil, changes, warnings) => {
    const site = wholeSite(4);
    spoil(site);
    const [file, said] = await site.upgraded();
    expect(file).toEqual({ ...WHOLE, ...changes });
    expect(said).toEqual(warnings(site).map((text) => `${site.metadata}/app.json: ${text}`));
  });
});

describe("a file stays as it is, the others are upgraded, and the command fails, when", () => {
  test.each<[string, (site: PulpSite) => void, (site: PulpSite) => string]>([
    [
      "it is broken",
      ({ metadata }) => writeFileSync(join(metadata, "bad.json"), '{"version":4}'),
      ({ metadata }) => `${metadata}/bad.json: repository: `,
    ],
    [
      "its content is not there",
      ({ redirect }) => redirect("bad.json", { ...EMPTY_4, repository: "absent" }),
      ({ metadata, content }) => `${metadata}/bad.json: there is no ${content}/absent; it stays as it is`,
    ],
    [
      "its content has no manifests",
      ({ redirect, content }) => {
        mkdirSync(join(content, "empty/manifests/2"), { recursive: true });
        redirect("bad.json", { ...EMPTY_4, repository: "empty" });
      },
      ({ metadata, content }) =>
        `${metadata}/bad.json: ${content}/empty has no manifests, and no tags/list; it stays as it is`,
    ],
    [
      "its content has no manifests for the tags that it names",
      ({ redirect, content }) => {
        mkdirSync(join(content, "empty/tags"), { recursive: true });
        writeFileSync(join(content, "empty/tags/list"), '{"name":"team/empty","tags":["1.0"]}');
        redirect("bad.json", { ...EMPTY_4, repository: "empty" });
      },
      ({ metadata, content }) =>
        `${metadata}/bad.json: ${content}/empty has no manifests, though its tags/list or its redirect file names some; it stays`,
    ],
    [
      "its content would be outside",
      ({ redirect }) => redirect("bad.json", { ...EMPTY_4, repository: "../metadata" }),
      ({ metadata }) => `${metadata}/bad.json: repository: expected a directory's name`,
    ],
  ])("%s", async (_, spoil, message) => {
    const site = wholeSite(4);
    spoil(site);
    const before = readFileSync(join(site.metadata, "bad.json"), "utf8");
    const { code, err } = await site.upgrade();
    expect(code).toBe(1);
    expect(err).toContain(`warning: ${message(site)}`);
    expect(err).toEndWith(`error: ${site.metadata}: 1 of 2 redirect files stay as they are\n`);
    expect(readFileSync(join(site.metadata, "bad.json"), "utf8")).toBe(before);
    expect(JSON.parse(readFileSync(join(site.metadata, "app.json"), "utf8"))).toEqual(WHOLE);
  });
});

test("nothing to upgrade is a failure, and so is no content; no metadata is a mistake in the command line", async () => {
  const site = newSite();
  expect(await site.upgrade()).toMatchObject({ code: 1, err: `error: ${site.metadata}: there is no redirect file\n` });
  expect(await site.upgrade("--name", "a/b")).toMatchObject({
    code: 1,
    err: `error: ${site.metadata}: there is no redirect file of a/b\n`,
  });
  rmSync(site.content, { recursive: true });
  expect(await site.upgrade()).toMatchObject({ code: 1, err: `error: ${site.content}: expected a directory\n` });
  expect((await runCraned(["publish", `pulp:${site.content}`])).code).toBe(2);
  expect(existsSync(site.content)).toBe(false);
});

describe("version 6, which is the default,", () => {
  /** The redirect file after an upgrade, parsed as the server parses it. */
  async function upgradedTo6(site: PulpSite) {
    const { code, err } = await runCraned(["publish", `pulp:${site.content}`, "--metadata", site.metadata]);
    if (code !== 0) throw new Error(err);
    const bytes = readFileSync(join(site.metadata, "app.json"));
    expect(parseRedirectFile(bytes).ok).toBe(true);
    return JSON.parse(bytes.toString());
  }

  test.each([3, 4, 5] as const)(
    "has every manifest of a file of version %i, which stays beside it",
    async (version) => {
      const site = wholeSite(version);
      const { config } = JSON.parse(new TextDecoder().decode(bytesOf(amd64)));
      site.put(`blobs/${config.digest}`, readFileSync(layout.fileOf(config)));
      const old = readFileSync(join(site.metadata, "app.json"), "utf8");
      const before = site.files();
      const file = await upgradedTo6(site);
      const carried = [amd64, arm64, list].map((each) => ({
        mediaType: each.mediaType,
        digest: each.digest,
        size: each.size,
        data: Buffer.from(bytesOf(each)).toString("base64"),
      }));
      expect(file).toMatchObject({ ...COMMON, version: 6, url: URL, blobs: "blobs/{digest}" });
      expect(file.manifests).toHaveLength(4);
      expect(file.manifests).toEqual(expect.arrayContaining(carried));
      expect(file.tags).toEqual({
        "1.0": [amd64.digest, signed.digest],
        latest: [list.digest, amd64.digest],
        old: signed.digest,
      });
      expect(file.configs.map(({ digest }: Descriptor) => digest)).toEqual([config.digest]);
      expect(site.files()).toEqual(before);
      expect(readFileSync(join(site.metadata, `app.json.version-${version}`), "utf8")).toBe(old);
      expect(await upgradedTo6(site)).toEqual(file);
    },
  );

  test("needs no manifests by kind, as in trees of version 2", async () => {
    const site = newSite();
    site.put("manifests/latest", bytesOf(amd64));
    site.redirect("app.json", { version: 2 });
    const before = site.files();
    const file = await upgradedTo6(site);
    expect([file.version, file.tags]).toEqual([6, { latest: amd64.digest }]);
    expect(site.files()).toEqual(before);
  });

  test.each(["[]", "null"])(
    "of v1-only content, as Pulp publishes it with tags %s, is an empty repository",
    async (tags) => {
      const site = newSite();
      site.put("tags/list", `{"name":"team/app","tags":${tags}}`);
      site.redirect("app.json", EMPTY_4);
      expect(await upgradedTo6(site)).toMatchObject({ ...COMMON, version: 6, tags: {}, manifests: [] });
      site.redirect("app.json", EMPTY_4);
      expect((await site.upgraded())[0]).toMatchObject({ ...COMMON, version: 5, schema1_data: [], schema2_data: [] });
    },
  );

  test("knows a tag by its sha512 digest where its manifest lies under that", async () => {
    const site = newSite();
    const digest = `sha512:${new Bun.CryptoHasher("sha512").update(bytesOf(oci)).digest("hex")}`;
    for (const name of [digest, "1.0"]) site.put(`manifests/oci/${name}`, bytesOf(oci));
    site.redirect("app.json", EMPTY_4);
    const file = await upgradedTo6(site);
    expect([file.tags, file.manifests.length]).toEqual([{ "1.0": digest }, 1]);
  });
});
