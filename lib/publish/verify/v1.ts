import * as v from "valibot";
import { show } from "../../core/redirect-file/fault.ts";
import type { V1Repository } from "../../core/redirect-file/repository.ts";
import type { ImageId } from "../../core/reference.ts";
import { inParallel } from "../in-parallel.ts";
import { v1Path } from "../layout-paths.ts";
import { type Host, isProblem } from "./host.ts";
import type { Verification } from "./verification.ts";

const ancestrySchema = v.array(v.string());
const jsonSchema = v.looseObject({ id: v.string() });

const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
};

/**
 * Verifies the images of a version 1 file.
 *
 * @param isServed whether some file of version 1 lists an image, which is what clients are given it by
 */
export async function verifyV1(
  repository: V1Repository,
  host: Host,
  isServed: (id: string) => boolean,
  { tell, looked, atOnce }: Verification,
): Promise<void> {
  const where = (path: string) => host.nameOf(repository, path);

  async function verifyAncestry(id: ImageId): Promise<void> {
    const path = v1Path(id, "ancestry");
    const file = await host.read(repository, path);
    if (isProblem(file)) return tell(id, where(path), file);
    const value = parse(file.bytes);
    const read = v.safeParse(ancestrySchema, value);
    if (!read.success) return tell(id, where(path), { expected: "a JSON array of image ids", received: show(value) });
    if (read.output[0] !== id) tell(id, where(path), { expected: `${id} first`, received: show(read.output[0]) });
    for (const each of read.output) {
      if (!isServed(each)) tell(id, where(path), { expected: "images of a redirect file", received: show(each) });
    }
  }

  async function verifyJson(id: ImageId): Promise<void> {
    const path = v1Path(id, "json");
    const file = await host.read(repository, path);
    if (isProblem(file)) return tell(id, where(path), file);
    const value = parse(file.bytes);
    const read = v.safeParse(jsonSchema, value);
    const said = read.success ? read.output.id : value;
    if (said !== id) tell(id, where(path), { expected: `JSON whose id is ${id}`, received: show(said) });
  }

  for (const [tag, id] of repository.tags) {
    if (!isServed(id)) tell(tag, "images", { expected: id, received: "no such image" });
  }
  await inParallel(new Set(repository.images.map(({ id }) => id)), atOnce, async (id) => {
    await verifyAncestry(id);
    await verifyJson(id);
    const layer = v1Path(id, "layer");
    const problem = await host.inspect(repository, layer, { digest: undefined, size: undefined });
    looked(host.ignoresRange(repository, layer));
    if (problem !== undefined) tell(id, where(layer), problem);
  });
}
