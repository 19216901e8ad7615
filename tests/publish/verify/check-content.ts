/** Trees that are published for a test and then looked at by `craned check --content`. */
import { join } from "node:path";
import { runCraned } from "../../harness/craned.ts";
import { sha256 } from "../../harness/redirect-files.ts";
import { configOf, type Descriptor, forPlatform, layoutAt, type Site, siteAt } from "../layouts.ts";

/** What a check found. */
export interface Checked {
  readonly code: number;
  /** Each fault: the name of the redirect file, the reference, and what is said of it, without the tests' own paths, in order. */
  readonly faults: readonly string[];
  /** The same as printed. */
  readonly lines: readonly string[];
  /** Everything that was printed. */
  readonly out: string;
}

/** Runs `craned check`; in its faults `plain` takes the place of the machine's paths and ports. */
export async function checkContent(
  metadata: string,
  args: readonly string[],
  plain: readonly (readonly [text: string, short: string])[],
): Promise<Checked> {
  const { code, out } = await runCraned(["check", "--data-dir", metadata, ...args]);
  const lines = out.split("\n").filter((line) => line.startsWith("error: "));
  const shorten = (line: string) => plain.reduce((text, [long, short]) => text.replaceAll(long, short), line);
  return { code, faults: lines.map((line) => shorten(line.slice("error: ".length))).sort(), lines, out };
}

/** A published repository with an image of each kind, one of them with a layer that clients fetch elsewhere, a note that refers to one, and a v1 half. */
export interface Published {
  readonly site: Site;
  readonly one: Descriptor;
  readonly other: Descriptor;
  readonly list: Descriptor;
  readonly oci: Descriptor;
  readonly note: Descriptor;
  /** The layer of `one`. */
  readonly layer: string;
}

export async function publishedAt(directory: string, url: string): Promise<Published> {
  const layout = layoutAt(join(directory, "layout"));
  const one = layout.image("2", "one");
  const foreign = {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ...{ digest: sha256("elsewhere"), size: 9, urls: ["https://elsewhere.example/layer"] },
  };
  const config = layout.blob("application/vnd.docker.container.image.v1+json", configOf(["other"], "arm64"));
  const other = layout.manifest("2", { config, layers: [foreign] });
  const list = layout.list("list", [forPlatform(one, "amd64"), forPlatform(other, "arm64")]);
  const oci = layout.image("oci", "oci");
  const note = layout.image("oci", "note", { subject: oci });
  layout.finish([
    ["one", one],
    ["list", list],
    ["oci", oci],
    ["", note],
  ]);
  const site = siteAt(directory);
  await site.published(layout.path, "--copy", "--v1", "--url", url);
  const { layers } = await Bun.file(layout.fileOf(one)).json();
  return { site, one, other, list, oci, note, layer: layers[0].digest };
}
