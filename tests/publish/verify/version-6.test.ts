/** `craned check --content http` on version 6: any host will do, as long as it has the blobs. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { runCraned, scratch } from "../../harness/craned.ts";
import { freePort, startNginx } from "../../harness/nginx.ts";
import { describeWith, leftovers } from "../../harness/programs.ts";
import { layoutAt, siteAt } from "../layouts.ts";

setDefaultTimeout(60_000);

const afterwards = leftovers();

/** A repository with ten images, published for a host at an address. */
async function publishedFor(origin: string, ...more: readonly string[]) {
  const work = scratch();
  afterwards(work.remove);
  const layout = layoutAt(join(work.path, "layout"));
  layout.finish(Array.from({ length: 10 }, (_, at) => [`${at}`, layout.image("oci", `image ${at}`)]));
  const site = siteAt(work.path, 6);
  await site.published(layout.path, "--copy", "--url", `${origin}/content`, ...more);
  const file = JSON.parse(readFileSync(join(site.metadata, "v2/team-app.json"), "utf8"));
  const layers: readonly string[] = file.manifests.map(
    ({ data }: { data: string }) => JSON.parse(Buffer.from(data, "base64").toString()).layers[0].digest,
  );
  return {
    work,
    layerFiles: layers.map((digest) => join(site.content, "team-app/blobs", digest.replace(":", "/"))),
    async check(...flags: readonly string[]) {
      const { code, out } = await runCraned(["check", "--data-dir", site.metadata, "--content", "http", ...flags]);
      const lines = out.replaceAll(`${site.metadata}/`, "").trimEnd().split("\n");
      return { code, lines: lines.slice(0, -1).map((line) => line.replace(/[0-9a-f]{64}/g, "HEX")) };
    },
  };
}

describeWith(["nginx"], "nginx without any types", () => {
  test.each([[[]], [["--pool", "shared"]]])("has nothing wrong, published with %j", async (more) => {
    const port = freePort();
    const { work, check } = await publishedFor(`http://127.0.0.1:${port}`, ...more);
    const nginx = await startNginx(port, work.path, "default_type text/html;");
    afterwards(nginx.stop);
    const ok = { code: 0, lines: ["ok: v2/team-app.json: team/app: 10 blobs, all as they have to be"] };
    expect(await check()).toEqual(ok);
    // Manifests and configurations are craned's own business.
    expect(nginx.requests().filter((path) => path !== "")).toHaveLength(10);
    expect(await check("--download")).toEqual(ok);
  });

  test("tells in two lines of many blobs that are not there, and of all", async () => {
    const port = freePort();
    const origin = `http://127.0.0.1:${port}`;
    const { work, layerFiles, check } = await publishedFor(origin);
    const nginx = await startNginx(port, work.path, "");
    afterwards(nginx.stop);
    for (const file of layerFiles.slice(0, 5)) rmSync(file);
    const missing = `error: v2/team-app.json: blobs: ${origin}/content/team-app/blobs/sha256/HEX: expected 200, received 404 Not Found`;
    const hint = "hint: v2/team-app.json: ";
    expect(await check()).toEqual({
      code: 1,
      lines: [
        `${missing} (and 4 more of this kind)`,
        `${hint}files are missing: publish again, and bring all files to the host before the redirect file`,
      ],
    });
    for (const file of layerFiles.slice(5)) rmSync(file);
    expect(await check()).toEqual({
      code: 1,
      lines: [
        `${missing} (and 9 more of this kind)`,
        `${hint}nothing is there: does ${origin}/content/team-app/ lead to the directory team-app of the published content?`,
      ],
    });
  });

  test("has a blob that was cut off or changed", async () => {
    const port = freePort();
    const { work, layerFiles, check } = await publishedFor(`http://127.0.0.1:${port}`);
    const nginx = await startNginx(port, work.path, "");
    afterwards(nginx.stop);
    const [short = "", changed = ""] = layerFiles;
    const { length } = readFileSync(short);
    truncateSync(short, 3);
    writeFileSync(changed, Buffer.alloc(length));
    expect((await check()).lines).toEqual([
      expect.stringContaining(`expected ${length} bytes, received 3 bytes`),
      expect.stringContaining("hint: "),
    ]);
    expect((await check("--download")).lines).toEqual([
      expect.stringContaining(" bytes, received 3 bytes"),
      expect.stringContaining("expected sha256:HEX, received sha256:HEX"),
      expect.stringContaining("hint: v2/team-app.json: files are not what they were"),
    ]);
  });
});

describeWith(["python3"], "python3 -m http.server", () => {
  test("has nothing wrong but that it ignores Range", async () => {
    const port = freePort();
    const { work, check } = await publishedFor(`http://127.0.0.1:${port}`);
    const server = ["python3", "-u", "-m", "http.server", `${port}`, "--bind", "127.0.0.1", "--directory", work.path];
    const python = Bun.spawn(server, { stdout: "pipe", stderr: "ignore" });
    afterwards(() => python.kill());
    await python.stdout.getReader().read();
    expect(await check("--download")).toEqual({
      code: 0,
      lines: [
        "warning: v2/team-app.json: the host ignores Range for 10 of 10 blobs: a pull that breaks off starts again",
        "ok: v2/team-app.json: team/app: 10 blobs, all as they have to be",
      ],
    });
  });
});

describe("a host that sends index.html for what it does not have", () => {
  test("is found out, and so is one without lengths", async () => {
    let root = "";
    let hasLengths = true;
    const host = createServer(({ url = "" }, response) => {
      const file = join(root, url);
      if (hasLengths || !existsSync(file)) return response.setHeader("content-type", "text/html").end("<html>");
      response.write(readFileSync(file));
      return response.end();
    });
    await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
    afterwards(() => host.close());
    const { port } = host.address() as AddressInfo;
    const { work, check } = await publishedFor(`http://127.0.0.1:${port}`);
    root = work.path;
    expect((await check()).lines).toEqual([
      expect.stringContaining("expected a blob, received Content-Type text/html, a page for people (and 9 more"),
      expect.stringContaining("hint: v2/team-app.json: the host answers with a page"),
    ]);
    hasLengths = false;
    expect((await check()).lines[0]).toMatch(/expected \d+ bytes, received no length \(and 9 more/);
  });
});
