import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCraned, scratch } from "../harness/craned.ts";
import { type Descriptor, type Layout, layoutAt, siteAt } from "./layouts.ts";

const work = scratch();
afterAll(work.remove);

const { fresh } = work;

/** A layout with an image for each of these texts, which are their tags too. */
function layoutOf(...tags: readonly string[]): { readonly layout: Layout; readonly images: readonly Descriptor[] } {
  const layout = layoutAt(fresh("layout"));
  const images = tags.map((tag) => layout.image("oci", tag));
  layout.finish(images.map((image, at) => [tags[at] ?? "", image]));
  return { layout, images };
}

const partsOf = (layout: Layout, image: Descriptor): readonly Descriptor[] => {
  const { config, layers } = JSON.parse(readFileSync(layout.fileOf(image), "utf8"));
  return [config, ...layers];
};

const newSite = () => siteAt(fresh("site"));
const known = (site: ReturnType<typeof newSite>) => site.redirectFile()["oci_manifest_data"];

test("a repository has the tags of the last source, and those of before when they are to be kept", async () => {
  const site = newSite();
  const first = layoutOf("1", "2");
  const second = layoutOf("2", "3");
  const [one] = first.images;
  const [two, three] = [second.layout.image("oci", "2, moved"), second.images[1]];
  second.layout.finish([
    ["2", two],
    ["3", three ?? two],
  ]);
  await site.published(first.layout.path);
  const kept = await site.published(second.layout.path, "--keep-tags");
  expect(known(site)).toEqual(["1", "2", "3", ...[one, two, three].map((image) => image?.digest ?? "").sort()]);
  expect(kept.err).not.toContain("gone");
  const replaced = await site.published(second.layout.path);
  expect(known(site)).toEqual(["2", "3", ...[two, three].map((image) => image?.digest ?? "").sort()]);
  expect(replaced.err).toContain("tag 1  gone");
  expect(JSON.parse(readFileSync(join(site.content, "team-app/tags/list"), "utf8")).tags).toEqual(["2", "3"]);
});

test("a kept tag keeps what refers to it", async () => {
  const site = newSite();
  const layout = layoutAt(fresh("layout"));
  const image = layout.image("oci", "subject");
  const note = layout.image("oci", "note", { subject: image });
  layout.finish([
    ["1", image],
    ["", note],
  ]);
  await site.published(layout.path);
  const before = site.redirectFile()["referrers"];
  await site.published(layoutOf("2").layout.path, "--keep-tags");
  expect(site.redirectFile()["referrers"]).toEqual(before);
  expect(Object.keys(before as object)).toEqual([image.digest]);
});

test("a tag that moved leaves its old manifest to be pulled by digest only when asked", async () => {
  const site = newSite();
  const layout = layoutAt(fresh("layout"));
  const [old, young] = [layout.image("oci", "old"), layout.image("oci", "young")];
  layout.finish([["latest", old]]);
  await site.published(layout.path);
  layout.finish([["latest", young]]);
  const moved = await site.published(layout.path, "--keep-untagged");
  expect(moved.err).toContain(`tag latest  moved, ${young.digest}`);
  expect(known(site)).toEqual(["latest", ...[old.digest, young.digest].sort()]);
  await site.published(layout.path);
  expect(known(site)).toEqual(["latest", young.digest]);
});

test("what is there already is neither written nor read again", async () => {
  const { layout, images } = layoutOf("1");
  const site = newSite();
  await site.published(layout.path, "--copy", "--v1");
  const before = Object.keys(site.tree()).map((path) => statSync(join(site.content, "team-app", path)));
  const metadata = statSync(join(site.metadata, "v2/team-app.json"));
  const again = await site.published(layout.path, "--copy", "--v1", "--json");
  const after = Object.keys(site.tree()).map((path) => statSync(join(site.content, "team-app", path)));
  expect(after.map(({ ino, mtimeMs }) => [ino, mtimeMs])).toEqual(before.map(({ ino, mtimeMs }) => [ino, mtimeMs]));
  expect(statSync(join(site.metadata, "v2/team-app.json")).ino).toBe(metadata.ino);
  const events = again.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events).toContainEqual({ event: "planned", tags: 1, manifests: 1, blobs: 2, bytes: 0 });
  expect(events).toContainEqual({
    event: "tag",
    tag: "1",
    kind: "oci",
    digest: images[0]?.digest,
    outcome: "unchanged",
  });
  expect(events.at(-1)).toEqual({ event: "read", bytes: 0 });
});

test("a blob that was cut off is replaced", async () => {
  const { layout, images } = layoutOf("1");
  const site = newSite();
  await site.published(layout.path, "--copy");
  const before = site.tree();
  for (const { digest } of images.flatMap((image) => partsOf(layout, image))) {
    truncateSync(join(site.content, "team-app/blobs", digest), 1);
  }
  await site.published(layout.path, "--copy");
  expect(site.tree()).toEqual(before);
});

describe("pruning", () => {
  async function siteWithAnOldTag() {
    const site = newSite();
    const old = layoutOf("old");
    await site.published(old.layout.path, "--v1");
    const young = layoutOf("young");
    return { site, old, young };
  }
  const ageState = (site: ReturnType<typeof newSite>, seconds: number) => {
    const path = join(site.content, "team-app/.craned/state.json");
    const state = JSON.parse(readFileSync(path, "utf8"));
    for (const key of Object.keys(state.unreferenced)) state.unreferenced[key] -= seconds;
    writeFileSync(path, JSON.stringify(state));
    return Object.keys(state.unreferenced);
  };

  test("without an age removes nothing", async () => {
    const { site, young } = await siteWithAnOldTag();
    const before = site.tree();
    await site.published(young.layout.path);
    expect(Object.keys(site.tree())).toEqual(expect.arrayContaining(Object.keys(before)));
  });

  test("removes what nothing refers to once that has lasted, and not before", async () => {
    const { site, old, young } = await siteWithAnOldTag();
    await site.published(young.layout.path, "--v1", "--prune-after", "1h");
    const [image] = old.images;
    expect(site.tree()).toHaveProperty([`manifests/oci/${image?.digest}`]);
    const waiting = ageState(site, 3599 - 60);
    await site.published(young.layout.path, "--v1", "--prune-after", "1h");
    expect(site.tree()).toHaveProperty([`manifests/oci/${image?.digest}`]);
    ageState(site, 3600);
    const pruned = await site.published(young.layout.path, "--v1", "--prune-after", "1h");
    const removed = [...pruned.err.matchAll(/^removed (.*)$/gm)].map(([, path = ""]) => path);
    expect(removed.sort()).toEqual(waiting.sort());
    const fromScratch = newSite();
    await fromScratch.published(young.layout.path, "--v1");
    expect(site.tree()).toEqual(fromScratch.tree());
  });

  test("a file that is referred to again is as good as new", async () => {
    const { site, old, young } = await siteWithAnOldTag();
    await site.published(young.layout.path);
    ageState(site, 7200);
    await site.published(old.layout.path);
    await site.published(young.layout.path, "--prune-after", "1h");
    const parts = old.images.flatMap((image) => partsOf(old.layout, image));
    for (const { digest } of parts) expect(site.tree()).toHaveProperty([`blobs/${digest}`]);
  });

  test("an age of nothing removes at once, but never what the v1 file leads to, or what is not its own", async () => {
    const { site, young } = await siteWithAnOldTag();
    const v1Files = Object.keys(site.tree()).filter((path) => /^[0-9a-f]{64}\//.test(path));
    mkdirSync(join(site.content, "team-app/notes"));
    writeFileSync(join(site.content, "team-app/notes/mine.txt"), "mine");
    writeFileSync(join(site.content, "team-app/index.html"), "mine too");
    await site.published(young.layout.path, "--prune-after", "0s");
    const [image] = young.images;
    const blobs = partsOf(young.layout, image ?? { mediaType: "", digest: "", size: 0 });
    expect(Object.keys(site.tree())).toEqual(
      [
        ...v1Files,
        "index.html",
        "notes/mine.txt",
        "tags/list",
        "manifests/oci/young",
        `manifests/oci/${image?.digest}`,
        ...blobs.map(({ digest }) => `blobs/${digest}`),
      ].sort(),
    );
    expect(v1Files).toHaveLength(3);
  });
});

test("a dry run tells the same and changes nothing", async () => {
  const site = newSite();
  const [first, second] = [layoutOf("1", "2"), layoutOf("2", "3")];
  await site.published(first.layout.path);
  const before = [site.tree(), site.redirectFile()];
  const said = await site.published(second.layout.path, "--prune-after", "0s", "--dry-run");
  expect([site.tree(), site.redirectFile()]).toEqual(before);
  const done = await site.published(second.layout.path, "--prune-after", "0s", "--copy");
  const sorted = (text: string) => text.split("\n").sort();
  expect(sorted(said.err)).toEqual(sorted(`A dry run: nothing is changed.\n${done.err}`));
  expect(done.err).toContain("tag 3  new");
  expect(done.err).toContain("removed manifests/oci/1\n");
});

test("only one publish at a time goes into a repository", async () => {
  const { layout } = layoutOf("1");
  const site = newSite();
  await site.published(layout.path);
  const lock = new Database(join(site.content, "team-app/.craned/lock"));
  lock.run("BEGIN EXCLUSIVE");
  const refused = await site.publish(layout.path);
  const other = await runCraned([
    "publish",
    layout.path,
    ...["--content", site.content, "--metadata", site.metadata],
    ...["--name", "other", "--url", "https://cdn.example"],
  ]);
  lock.close();
  expect([refused.code, refused.err]).toEqual([
    1,
    `error: ${site.content}/team-app: another publish is under way; try again when it is done\n`,
  ]);
  expect(other.code).toBe(0);
  await site.published(layout.path);
});

test("a redirect file of another name, or one that is broken, is not replaced", async () => {
  const { layout } = layoutOf("1");
  const site = newSite();
  await site.published(layout.path);
  const other = await site.publish(layout.path, "--name", "team-app");
  expect([other.code, other.err]).toEqual([
    1,
    `error: ${site.metadata}/v2/team-app.json is the redirect file of team/app, not of team-app: choose another --repository\n`,
  ]);
  writeFileSync(join(site.metadata, "v2/team-app.json"), '{"version":5}');
  const broken = await site.publish(layout.path);
  expect([broken.code, broken.err]).toEqual([
    1,
    `error: ${site.metadata}/v2/team-app.json: repository: expected a string, received nothing; move it away to have it replaced\n`,
  ]);
});

test("nothing of a file older than version 5 can be kept, as it does not say what there is", async () => {
  const { layout } = layoutOf("1");
  const site = newSite();
  await site.published(layout.path);
  const path = join(site.metadata, "v2/team-app.json");
  writeFileSync(path, JSON.stringify({ ...site.redirectFile(), version: 4 }));
  const refused = await site.publish(layout.path, "--keep-tags");
  expect([refused.code, refused.err]).toEqual([
    1,
    expect.stringContaining("version: expected a redirect file of version 5"),
  ]);
  await site.published(layout.path);
  expect(site.redirectFile()["version"]).toBe(5);
});

test("what people added to a redirect file stays, and what was protected stays so until it is opened by name", async () => {
  const site = newSite();
  const { layout } = layoutOf("1");
  await site.published(layout.path, "--v1", "--protected");
  for (const api of ["v1", "v2"]) {
    const path = join(site.metadata, api, "team-app.json");
    const file = JSON.parse(readFileSync(path, "utf8"));
    expect(file.protected).toBe(true);
    writeFileSync(path, JSON.stringify({ ...file, description: "of tea", star_count: 3 }));
  }
  const read = (api: string) => JSON.parse(readFileSync(join(site.metadata, api, "team-app.json"), "utf8"));
  await site.published(layout.path, "--v1");
  for (const api of ["v1", "v2"]) {
    expect(read(api)).toMatchObject({ protected: true, description: "of tea", star_count: 3 });
  }
  await site.published(layout.path, "--v1", "--no-protected");
  for (const api of ["v1", "v2"]) expect(read(api)).toMatchObject({ protected: false, description: "of tea" });
});
