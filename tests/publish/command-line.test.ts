import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { runCraned, scratch } from "../harness/craned.ts";
import { layoutAt, siteAt } from "./layouts.ts";

const work = scratch();
afterAll(work.remove);

const layout = layoutAt(join(work.path, "layout"));
layout.finish([["1.0", layout.image("oci", "an image")]]);

const GIVEN = ["--name", "team/app", "--content", "c", "--metadata", "m", "--url", "https://cdn.example"];

const without = (flag: string): readonly string[] => GIVEN.filter((_, at) => (at - GIVEN.indexOf(flag)) >>> 0 > 1);

test.each<[readonly string[], string]>([
  [GIVEN, "missing required argument 'source'"],
  [["layout", ...without("--name")], "required option '--name <name>' not specified"],
  [["layout", ...without("--content")], "required option '--content <dir>' not specified"],
  [["layout", ...without("--metadata")], "required option '--metadata <dir>' not specified"],
  [["layout", ...without("--url")], "required option '--url <url>' not specified"],
  [["layout", ...GIVEN, "--name", "Team/App"], "Expected a repository name"],
  [["layout", ...GIVEN, "--url", "/files"], "Expected an absolute http or https URL"],
  [["layout", ...GIVEN, "--repository", "../up"], "the first a letter or a digit"],
  [["layout", ...GIVEN, "--tag", "no tag"], "Expected a tag, or <tag>=<image of the source>"],
  [["layout", ...GIVEN, "--prune-after", "7"], "Expected a number with a unit, such as 90s, 30m, 12h or 7d"],
  [["layout", ...GIVEN, "--name", "a/b/c", "--v1"], "a v1 name has at most one slash"],
  [["--server-config", "iis"], "Allowed choices are nginx, apache, caddy"],
])("publish %j is not understood", async (args, message) => {
  const { code, out, err } = await runCraned(["publish", ...args]);
  expect([code, out, err]).toEqual([2, "", expect.stringContaining(message)]);
});

test("a URL that no redirect file may have is refused before anything is written", async () => {
  const site = siteAt(join(work.path, "bad-url"));
  const { code, err } = await site.publish(layout.path, "--url", "https://cdn.example/a b");
  expect([code, err]).toEqual([
    1,
    expect.stringContaining("the redirect file would be wrong: url: expected an absolute http"),
  ]);
  expect(Object.keys(site.tree())).toEqual([]);
});

test("progress goes to standard error, and nothing to standard output", async () => {
  const site = siteAt(join(work.path, "lines"));
  const { out, err } = await site.published(layout.path, "--copy");
  expect(out).toBe("");
  expect(err.split("\n").map((line) => line.replace(/[0-9a-f]{12,}/, "…").replace(/\d+ B/, "n B"))).toEqual([
    "1 tag, 1 manifest, 2 blobs; n B to read",
    "blob sha256:…  n B  copied",
    "blob sha256:…  n B  copied",
    "tag 1.0  new, sha256:…",
    `${site.metadata}/v2/team-app.json  written`,
    "",
  ]);
});

test("machines are told in JSON, failures too", async () => {
  const site = siteAt(join(work.path, "json"));
  const good = await site.published(layout.path, "--json");
  const events = good.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).event);
  expect(events).toEqual(["planned", "blob", "blob", "tag", "published", "read"]);
  expect(good.err).toBe("");
  const bad = await site.publish(join(work.path, "nowhere"), "--json");
  expect([bad.code, JSON.parse(bad.out.trimEnd().split("\n").at(-1) ?? "")]).toEqual([
    1,
    { event: "failed", error: `${work.path}/nowhere: no such file or directory (ENOENT)` },
  ]);
});

test("a protected repository is said to be", async () => {
  const site = siteAt(join(work.path, "protected"));
  await site.published(layout.path, "--protected", "--repository", "team-app");
  expect(site.redirectFile()["protected"]).toBe(true);
});

test("help tells where files go, what is kept and what an example looks like", async () => {
  const { code, out } = await runCraned(["publish", "--help"]);
  expect(code).toBe(0);
  for (const word of [
    "<content>/<repository>/",
    "--keep-tags",
    "--prune-after <age>",
    "skopeo copy --all",
    "Examples:",
  ]) {
    expect(out).toContain(word);
  }
});
