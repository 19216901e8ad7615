/** `craned check --content <dir>` on trees that are whole, and on others. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPE } from "../../../lib/core/media-types.ts";
import { buildDemo } from "../../../lib/demo/demo.ts";
import { scratch } from "../../harness/craned.ts";
import { hex, redirectFile, sha256 } from "../../harness/redirect-files.ts";
import { checkContent, type Published, publishedAt } from "./check-content.ts";

setDefaultTimeout(30_000);

const work = scratch();
afterAll(work.remove);

let published: Published;
let count = 0;
beforeAll(async () => {
  published = await publishedAt(join(work.path, "whole"), "https://cdn.example/files");
});

/** A copy of what was published, to damage. */
function copy() {
  const directory = join(work.path, `copy-${++count}`);
  cpSync(join(work.path, "whole"), directory, { recursive: true });
  const root = join(directory, "content/team-app");
  const metadata = join(directory, "metadata");
  const file = join(metadata, "v2/team-app.json");
  return {
    at: (path: string) => join(root, path),
    edit(change: (file: Record<string, string[]>) => void) {
      const value = JSON.parse(readFileSync(file, "utf8"));
      change(value);
      writeFileSync(file, JSON.stringify(value));
    },
    check: (content = join(directory, "content")) =>
      checkContent(
        metadata,
        ["--content", content],
        [
          [`${root}/`, ""],
          [`${metadata}/`, ""],
          ["team-app.json", "app"],
          [published.one.digest, "ONE"],
          [published.other.digest, "OTHER"],
          [published.list.digest, "LIST"],
          [published.oci.digest, "OCI"],
          [published.note.digest, "NOTE"],
          [published.layer, "LAYER"],
        ],
      ),
  };
}

type Copy = ReturnType<typeof copy>;

test("a tree that was just published has nothing wrong", async () => {
  expect(await copy().check()).toMatchObject({ code: 0, faults: [] });
});

test("one that is missing is said to be", async () => {
  const { code, faults } = await copy().check("/nowhere");
  expect([code, faults]).toEqual([1, ["--content /nowhere: /nowhere: no such file or directory (ENOENT)"]]);
});

const damages: readonly (readonly [string, (tree: Copy) => void, readonly string[]])[] = [
  [
    "a blob that is gone",
    ({ at }) => rmSync(at(`blobs/${published.layer}`)),
    ["v2/app: list: blobs/LAYER: expected a file, received nothing"],
  ],
  [
    "a blob that was cut off",
    ({ at }) => truncateSync(at(`blobs/${published.layer}`), 5),
    ["v2/app: list: blobs/LAYER: expected 23 bytes, received 5 bytes"],
  ],
  [
    "a blob with other bytes of the same size",
    ({ at }) => writeFileSync(at(`blobs/${published.layer}`), Buffer.alloc(23)),
    [`v2/app: list: blobs/LAYER: expected LAYER, received ${sha256(Buffer.alloc(23))}`],
  ],
  [
    "a link to nowhere",
    ({ at }) => {
      rmSync(at(`blobs/${published.layer}`));
      symlinkSync("../nowhere", at(`blobs/${published.layer}`));
    },
    ["v2/app: list: blobs/LAYER: expected a file, received nothing"],
  ],
  [
    "a directory in the place of a manifest",
    ({ at }) => {
      rmSync(at("manifests/2/one"));
      mkdirSync(at("manifests/2/one"));
    },
    ["v2/app: one: manifests/2/one: expected a file, received something else"],
  ],
  [
    "a tag's entry that is gone",
    ({ at }) => rmSync(at("manifests/oci/oci")),
    ["v2/app: oci: manifests/oci/oci: expected a file, received nothing"],
  ],
  [
    "a tag's entry that is of an image that is not known",
    ({ at }) => writeFileSync(at("manifests/2/one"), `${readFileSync(at("manifests/2/one"), "utf8")} `),
    [
      expect.stringMatching(
        /^v2\/app: one: manifests\/2\/one: expected the file to list sha256:[0-9a-f]{64} beside the tag, received manifest unknown/,
      ),
    ],
  ],
  [
    "a manifest with other bytes",
    ({ at }) => writeFileSync(at(`manifests/2/${published.other.digest}`), "{}"),
    [`v2/app: OTHER: manifests/2/OTHER: digest mismatch: expected OTHER, received ${sha256("{}")}`],
  ],
  [
    "a manifest of another kind under a tag",
    ({ at }) => cpSync(at("manifests/2/one"), at("manifests/list/list")),
    [`v2/app: list: manifests/list/list: mediaType: expected ${MEDIA_TYPE.list}, received ${MEDIA_TYPE["2"]}`],
  ],
  [
    "an empty manifest",
    ({ at }) => truncateSync(at("manifests/2/one"), 0),
    ["v2/app: one: manifests/2/one: expected JSON in UTF-8, received an empty file"],
  ],
  [
    "a list whose image clients are told not to be there",
    ({ edit }) => edit((file) => (file["schema2_data"] = ["one", published.one.digest])),
    ["LIST", "list"].map(
      (by) =>
        `v2/app: ${by}: manifests/list/${by}: expected OTHER to lead to manifests/2/OTHER, ` +
        "received manifest unknown, since the file does not list it",
    ),
  ],
  [
    "a tag that is promised and not there",
    ({ edit }) => edit((file) => file["schema1_data"]?.push("old")),
    ["v2/app: old: manifests/1/old: expected a file, received nothing"],
  ],
  [
    "an amd64 image that is not there",
    ({ edit }) =>
      edit((file) => Object.assign(file["manifest_list_amd64_tags"] ?? {}, { list: [published.oci.digest, 2] })),
    ["v2/app: list: manifests/2/OCI: expected a file, received nothing"],
  ],
  [
    "a referrer that is not there",
    ({ edit }) =>
      edit((file) => {
        file["oci_manifest_data"] = ["oci", published.oci.digest];
      }),
    [
      "v2/app: NOTE: referrers: expected NOTE to lead to manifests/oci/NOTE, " +
        "received manifest unknown, since the file does not list it",
    ],
  ],
  [
    "a referrer of something else",
    ({ edit }) =>
      edit((file) => {
        file["referrers"] = JSON.parse(
          JSON.stringify(file["referrers"]).replace(`{"${published.oci.digest}`, `{"${published.one.digest}`),
        );
      }),
    ["v2/app: NOTE: manifests/oci/NOTE: expected the subject ONE, received OCI"],
  ],
];

test.each(damages)("%s is found", async (_, damage, expected) => {
  const tree = copy();
  damage(tree);
  expect(await tree.check()).toMatchObject({ code: 1, faults: [...expected] });
});

test("all faults of all repositories are told, in the order of files and references", async () => {
  const tree = copy();
  for (const [at, [, damage]] of damages.entries()) if ([0, 5, 7, 11].includes(at)) damage(tree);
  const { lines } = await tree.check();
  expect(lines).toHaveLength(4);
  expect(lines).toEqual(lines.toSorted());
});

describe("the v1 half", () => {
  const idOf = ({ at }: Copy, name: string): string =>
    JSON.parse(readFileSync(join(at("../../metadata/v1"), "team-app.json"), "utf8")).tags[name];

  const v1Damages: readonly (readonly [string, string, (file: string) => void, string])[] = [
    ["no ancestry", "ancestry", (file) => rmSync(file), "expected a file, received nothing"],
    ["no JSON", "json", (file) => writeFileSync(file, "{"), "expected JSON whose id is ID, received nothing"],
    [
      "another image's JSON",
      "json",
      (file) => writeFileSync(file, '{"id":"x"}'),
      'expected JSON whose id is ID, received "x"',
    ],
    ["no layer", "layer", (file) => rmSync(file), "expected a file, received nothing"],
    ["an empty layer", "layer", (file) => truncateSync(file, 0), "expected a layer, received an empty file"],
    [
      "an ancestry that is none",
      "ancestry",
      (file) => writeFileSync(file, "{}"),
      "expected a JSON array of image ids, received an object",
    ],
  ];

  test.each(v1Damages)("with %s is found out", async (_, name, damage, expected) => {
    const tree = copy();
    const id = idOf(tree, "one");
    damage(tree.at(`${id}/${name}`));
    const { code, faults } = await tree.check();
    const line = `v1/app: ID: ID/${name}: ${expected}`;
    expect([code, faults.map((fault) => fault.replaceAll(id, "ID"))]).toEqual([1, [line]]);
  });

  test("with an ancestor that no file has is found out", async () => {
    const tree = copy();
    const id = idOf(tree, "one");
    writeFileSync(tree.at(`${id}/ancestry`), JSON.stringify([id, hex("f")]));
    const { faults } = await tree.check();
    expect(faults).toEqual([expect.stringContaining(`expected images of a redirect file, received "${hex("f")}"`)]);
  });
});

test("a layer that repositories share is found wrong in each", async () => {
  const tree = copy();
  const [blob, second] = [`blobs/${published.layer}`, tree.at("../second")];
  cpSync(tree.at("."), second, { recursive: true });
  writeFileSync(tree.at(blob), Buffer.alloc(23));
  rmSync(join(second, blob));
  linkSync(tree.at(blob), join(second, blob));
  const file = JSON.parse(readFileSync(join(tree.at("../../metadata/v2"), "team-app.json"), "utf8"));
  const other = { ...file, repository: "second", "repo-registry-id": "team/second" };
  writeFileSync(join(tree.at("../../metadata/v2"), "second.json"), JSON.stringify(other));
  const { faults } = await tree.check();
  expect(faults.map((fault) => fault.split(":", 1)[0])).toEqual(["v2/app", "v2/second.json"]);
});

test("the directories of [serve_content] are found in the configuration", async () => {
  const { objects, redirectFiles } = buildDemo("http://cdn.example");
  for (const [path, { bytes }] of objects) await Bun.write(join(work.path, "demo/tree", path), bytes);
  for (const [name, text] of redirectFiles) work.write(join("demo/metadata", name), text);
  const tree = join(work.path, "demo/tree");
  const directories = `content_dir_v1: ${tree}/v1\ncontent_dir_v2: ${tree}/v2\n`;
  const config = work.write("demo/crane.conf", `[serve_content]\n${directories}`);
  const check = () => checkContent(join(work.path, "demo/metadata"), ["--content", "served", "-c", config], []);
  expect(await check()).toMatchObject({ code: 0, faults: [] });
  // Its digest is that of what was signed, which is as it was.
  const signed = join(tree, "v2/demo-tree/manifests/1/old");
  writeFileSync(signed, `${readFileSync(signed, "utf8")}\n`);
  expect((await check()).faults).toEqual([
    expect.stringMatching(/ old: .*: expected the bytes of manifests\/1\/sha256:[0-9a-f]{64}, received others$/),
  ]);
  rmSync(signed);
  expect((await check()).faults).toEqual([expect.stringContaining("old: ")]);
});

describe("a redirect file of version", () => {
  /** The same tree, under an older file: without OCI, which it does not know. */
  function older(version: 2 | 3 | 4, more: (tree: Copy) => object) {
    const tree = copy();
    const metadata = tree.at("../../metadata");
    rmSync(metadata, { recursive: true });
    mkdirSync(join(metadata, "v2"), { recursive: true });
    writeFileSync(join(metadata, "v2/team-app.json"), JSON.stringify(redirectFile(version, "team/app", more(tree))));
    writeFileSync(tree.at("tags/list"), JSON.stringify({ name: "team/app", tags: ["one", "list"] }));
    return tree;
  }
  const schema2 = () => ["one", published.one.digest, published.other.digest];
  const lists = () => ({
    schema2_data: schema2(),
    manifest_list_data: ["list", published.list.digest],
    manifest_list_amd64_tags: { list: [published.one.digest, 2] },
  });

  test("4 leads to its lists and images", async () => {
    expect(await older(4, lists).check()).toMatchObject({ code: 0, faults: [] });
  });

  test("4 that lists the images of a list by no digest sends clients to schema 1", async () => {
    const tree = older(4, () => ({ ...lists(), schema2_data: ["one", published.one.digest] }));
    const to = "expected OTHER to lead to manifests/2/OTHER, received manifests/1/OTHER";
    expect((await tree.check()).faults).toEqual(
      ["LIST", "list"].map((by) => `v2/app: ${by}: manifests/list/${by}: ${to}`),
    );
  });

  test("3 sends clients to schema 1 for tags that it does not list", async () => {
    const tree = older(3, () => ({ schema2_data: schema2() }));
    const missing = "v2/app: list: manifests/1/list: expected a file, received nothing";
    expect((await tree.check()).faults).toEqual([missing]);
  });

  test("2 leads to one directory for all", async () => {
    const tree = older(2, (each) => {
      for (const reference of ["one", published.one.digest, published.other.digest])
        cpSync(each.at(`manifests/2/${reference}`), each.at(`manifests/${reference}`));
      return {};
    });
    rmSync(tree.at("manifests/list"), { recursive: true });
    cpSync(join(work.path, "whole/content/team-app/manifests/list/list"), tree.at("manifests/list"));
    expect(await tree.check()).toMatchObject({ code: 0, faults: [] });
    rmSync(tree.at(`manifests/${published.other.digest}`));
    expect((await tree.check()).faults).toEqual(["v2/app: list: manifests/OTHER: expected a file, received nothing"]);
  });

  test.each([
    ["nothing", undefined, "expected a file, received nothing"],
    ["no JSON", "{", "expected a JSON object with an array of tags, received nothing"],
    ["other JSON", '{"tags":{}}', "expected a JSON object with an array of tags, received an object"],
    ["no tag", '{"tags":["a b"]}', 'expected tags, received "a b"'],
  ])("4 needs tags/list, and not %s", async (_, text, expected) => {
    const tree = older(4, lists);
    if (text === undefined) rmSync(tree.at("tags/list"));
    else writeFileSync(tree.at("tags/list"), text);
    expect(await tree.check()).toMatchObject({ code: 1, faults: [`v2/app: tags/list: tags/list: ${expected}`] });
  });
});
