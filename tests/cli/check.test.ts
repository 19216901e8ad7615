import { afterAll, describe, expect, test } from "bun:test";
import { runCraned, scratch } from "../harness/craned.ts";
import { descriptorOf, digest, hex, INDEX, v1, v5, v6 } from "../harness/redirect-files.ts";

const sparse = descriptorOf(INDEX, { manifests: [{ mediaType: INDEX, digest: digest("a"), size: 1 }] });
const FILES = {
  "good.json": v5("good"),
  "old.json": v1("old", { images: [], tags: { "a b": hex("0") } }),
  "open.json": v5("open", { Protected: true }),
  "same.json": v5("good"),
  "sparse.json": v6("sparse", { manifests: [sparse], tags: {}, manifest: [] }),
  "wrong.json": v6("wrong", { manifests: [{ ...sparse, size: 1 }], tags: { latest: digest("b") } }),
};

describe("craned check", () => {
  const { path, remove } = scratch(FILES);
  afterAll(remove);

  const FINDINGS = [
    ["error", "open.json", 'Protected: expected this field to be spelt protected, received "Protected"'],
    ["error", "wrong.json", `manifests[0].size: expected ${sparse.size}, the size of data, received 1`],
    ["warning", "old.json", 'tags["a b"]: not a tag that a client can ask for; it is left out'],
    ["warning", "sparse.json", "manifest: not a field of version 6, ignored; the nearest field is manifests"],
    ["warning", "sparse.json", `manifests[0]: names the manifest ${digest("a")}, which is not in this file`],
    ["error", "same.json", `repo-registry-id: good is already served from ${path}/good.json`],
  ] as const;

  test("prints errors and warnings of files, and counts files, repositories, errors and warnings", async () => {
    const { code, out } = await runCraned(["check", "--data-dir", path]);
    expect(out.trimEnd().split("\n")).toEqual([
      ...FINDINGS.map(([level, name, text]) => `${level}: ${path}/${name}: ${text}`),
      `${path}: 4 good redirect files, 2 in error, 1 v1 and 2 v2 repositories, 3 errors, 3 warnings`,
    ]);
    expect(code).toBe(1);
  });

  test("--json prints the same for programs", async () => {
    const { code, out } = await runCraned(["check", "--data-dir", path, "--json"]);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      dataDir: path,
      files: { good: 4, inError: 2 },
      repositories: { v1: 1, v2: 2 },
      findings: FINDINGS.map(([level, name, text]) => ({ level, of: "redirect file", path: `${path}/${name}`, text })),
    });
    expect(code).toBe(1);
  });

  test("--json has findings of the configuration and of content too", async () => {
    const run = async (...args: string[]) => JSON.parse((await runCraned(["check", "--json", ...args])).out);
    expect(await run("--data-dir", path, "--port", "x", "--content", "/nowhere")).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([
        { level: "error", of: "configuration", text: expect.stringContaining("server.port") },
        { level: "error", of: "content", text: expect.stringContaining("/nowhere") },
      ]),
    });
    const unnamed = await run("--data-dir", "s3://bucket/x", "--s3-endpoint", "ftp://host");
    expect(Object.keys(unnamed).sort()).toEqual(["findings", "ok"]);
  });

  test("counts no directory for a file, and says where an empty value is", async () => {
    const config = "[general]\ndata_dir: /nowhere/data\n[serve_content]\nenable: true\ncontent_dir_v1:\n";
    const files = scratch({ "crane.conf": config });
    const { out } = await runCraned(["check", "--config", `${files.path}/crane.conf`]);
    files.remove();
    expect(out).toContain("crane.conf:5: serve_content.content_dir_v1: expected a directory, or no v1 content");
    expect(out).toEndWith("/nowhere/data: 0 good redirect files, 0 v1 and 0 v2 repositories, 3 errors\n");
  });

  test("ends well with warnings alone", async () => {
    const { "good.json": good, "old.json": old } = FILES;
    const alone = scratch({ "good.json": good, "old.json": old });
    const { code, out } = await runCraned(["check", "--data-dir", alone.path]);
    alone.remove();
    expect(out).toEndWith(": 2 good redirect files, 1 v1 and 1 v2 repositories, nothing wrong, 1 warning\n");
    expect(code).toBe(0);
  });
});
