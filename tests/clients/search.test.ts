import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { freshPodman, type Podman } from "../harness/podman.ts";
import { describeWith, leftovers } from "../harness/programs.ts";
import { type Recorder, recordRequests } from "../harness/recorder.ts";
import { v1, v2 } from "../harness/redirect-files.ts";

setDefaultTimeout(60_000);

const FILES = {
  "app.json": v2("team/app", { description: "Serves tea\nand coffee", star_count: 12, is_official: true }),
  "my-app.json": v2("team/my-app", { star_count: 3 }),
  "other.json": v2("team/other", { description: "an app for others" }),
  "legacy.json": v1("old/app"),
  "secret.json": v2("secret/app", { protected: true }),
};

describeWith(["podman"], "podman search", () => {
  const afterwards = leftovers();
  let craned: Craned;
  let recorder: Recorder;
  let podman: Podman;
  beforeAll(async () => {
    const data = scratch(FILES);
    afterwards(data.remove);
    craned = await serveDirectory(data.path);
    afterwards(craned.stop);
    recorder = await recordRequests(craned.port);
    afterwards(recorder.stop);
    podman = freshPodman();
    afterwards(podman.remove);
  });

  interface Row {
    readonly Name: string;
  }

  async function search(term: string, ...options: readonly string[]): Promise<readonly Row[]> {
    const command = ["search", "--tls-verify=false", "--format", "json", ...options, `${recorder.host}/${term}`];
    const { code, out, err } = await podman.run(...command);
    if (code !== 0) throw new Error(err);
    return out === "" ? [] : JSON.parse(out);
  }
  const names = (rows: readonly Row[]) => rows.map(({ Name }) => Name.replace(`${recorder.host}/`, ""));

  test("shows the results in our order, by v1", async () => {
    expect(names(await search("app"))).toEqual(["team/app", "old/app", "team/my-app", "team/other"]);
    expect(recorder.requests()).toContain("GET /v1/search?n=25&q=app");
    expect(recorder.requests().filter((each) => each.includes("_catalog"))).toEqual([]);
  });

  test("shows what is said of a repository", async () => {
    expect(await search("team/app", "--no-trunc")).toMatchObject([
      { Description: "Serves tea and coffee", Stars: 12, Official: "[OK]" },
    ]);
    expect(await search("my-app")).toMatchObject([{ Description: "", Stars: 3, Official: "" }]);
  });

  test("may ask for less", async () => {
    expect(names(await search("app", "--limit", "2"))).toEqual(["team/app", "old/app"]);
  });

  test("filters by what we say", async () => {
    expect(names(await search("app", "--filter", "is-official=true"))).toEqual(["team/app"]);
    expect(names(await search("app", "--filter", "stars=3"))).toEqual(["team/app", "team/my-app"]);
  });

  test("finds nothing where nothing is to be found", async () => {
    expect(await search("nowhere")).toEqual([]);
    expect(await search("secret")).toEqual([]);
  });

  test("lists all of the v2 API when nothing is searched for", async () => {
    expect(names(await search(""))).toEqual(["team/app", "team/my-app", "team/other"]);
  });
});
