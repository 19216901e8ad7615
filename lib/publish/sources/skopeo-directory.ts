import { mediaTypeOf } from "../../core/manifest.ts";
import { knownDigest } from "../manifest-digest.ts";
import { broken } from "../publish-error.ts";
import type { Bundle } from "./bundle.ts";
import { fileOfBytes, readSmall } from "./reading.ts";
import type { Source } from "./source.ts";

const VERSION_FILE = "version";
const MANIFEST_FILE = "manifest.json";

/** Whether these files are what `skopeo copy … dir:` writes. */
export async function isSkopeoDirectory(bundle: Bundle): Promise<boolean> {
  const file = await bundle.open(VERSION_FILE);
  if (file === undefined || (file.size ?? 0) > 100) return false;
  return Buffer.from(await readSmall(file.name, file.read()))
    .toString()
    .startsWith("Directory Transport Version: 1.");
}

/**
 * One image without a name, its blobs beside its manifest; of a list, each child is `<hex>.manifest.json`.
 *
 * @see containers-transports(5) "dir"
 */
export async function skopeoDirectory(bundle: Bundle): Promise<Source> {
  const file = await bundle.open(MANIFEST_FILE);
  if (file === undefined) throw broken(`${bundle.name}: ${MANIFEST_FILE}`, "", "a file", "nothing");
  const bytes = await readSmall(file.name, file.read());
  const mediaType = mediaTypeOf(bytes);
  const root = { mediaType, digest: knownDigest(bytes, mediaType, undefined, file.name), size: bytes.length };
  return {
    name: bundle.name,
    async *images() {
      yield { names: [], root: async () => root };
    },
    async open({ digest }, as) {
      if (digest === root.digest) return fileOfBytes(file.name, bytes);
      const hex = digest.slice(digest.indexOf(":") + 1);
      // Of an algorithm other than sha256, the name says which.
      const names =
        as === "manifest" ? [`${hex}.${MANIFEST_FILE}`, `${digest.replace(":", "-")}.${MANIFEST_FILE}`] : [];
      for (const name of [...names, hex, digest.replace(":", "-")]) {
        const file = await bundle.open(name);
        if (file !== undefined) return file;
      }
      return undefined;
    },
    close: bundle.close,
  };
}
