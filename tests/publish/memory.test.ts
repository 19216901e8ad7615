import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMAND, scratch } from "../harness/craned.ts";
import { peakOf } from "../harness/memory.ts";
import { run, succeed } from "../harness/programs.ts";
import { layoutAt, publishArguments, siteAt } from "./layouts.ts";

setDefaultTimeout(180_000);

const work = scratch();
afterAll(work.remove);

const GIB = 1024 ** 3;
const LIMIT = 200 * 1024 ** 2;

/** A file of two GiB that takes no space, and its digest. */
async function hugeFile(): Promise<{ readonly path: string; readonly digest: string }> {
  const path = join(work.path, "huge");
  writeFileSync(path, "");
  truncateSync(path, 2 * GIB);
  const { out } = await run(["sha256sum", path]);
  return { path, digest: `sha256:${out.slice(0, 64)}` };
}

test("a layer of two GiB takes no memory to publish: linked, copied or out of an archive", async () => {
  const layout = layoutAt(join(work.path, "layout"));
  const huge = await hugeFile();
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: huge.digest, size: 2 * GIB };
  layout.finish([["huge", layout.image("oci", "huge", { layers: [layer] })]]);
  const archived = join(work.path, "archived");
  const config = JSON.stringify({ rootfs: { type: "layers", diff_ids: [huge.digest] } });
  await Bun.write(join(archived, "config.json"), config);
  await Bun.write(join(archived, "manifest.json"), '[{"Config":"config.json","RepoTags":["a:1"],"Layers":["huge"]}]');
  renameSync(huge.path, layout.fileOf(layer));

  const publish = (site: string, source: string, ...more: readonly string[]) =>
    peakOf([...COMMAND, ...publishArguments(join(work.path, site), source, ["--json", ...more])]);
  const linked = await publish("linked", layout.path);
  const copied = await publish("copied", layout.path, "--copy");
  const copy = join(work.path, "copied/content/team-app/blobs", huge.digest);
  expect(statSync(copy).size).toBe(2 * GIB);
  renameSync(copy, join(archived, "huge"));
  const archive = join(work.path, "archive.tar");
  await succeed(["tar", "-cf", archive, "-C", archived, "config.json", "manifest.json", "huge"]);
  const compressed = await publish("compressed", archive);
  expect(Math.max(linked, copied, compressed)).toBeLessThan(LIMIT);
  expect(siteAt(join(work.path, "compressed")).redirectFile()["schema2_data"]).toHaveLength(2);
  console.info(`peak: linked ${linked >> 20} MiB, copied ${copied >> 20} MiB, compressed ${compressed >> 20} MiB`);
});
