import { blobOf, type DemoBlob, digestOf } from "./blob.ts";
import { gzipStored } from "./gzip.ts";
import { type Architecture, printingProgram } from "./program.ts";
import { type TarEntry, tar } from "./tar.ts";

/** One file system change, as images of either API carry it. */
export interface Layer {
  /** The gzipped tar. */
  readonly blob: DemoBlob;
  /** The digest of the tar itself. */
  readonly diffId: string;
  /** Size of the tar's files, in bytes. */
  readonly size: number;
  /** Its line in the history. */
  readonly createdBy: string;
}

/** When everything in the demo was made. */
export const CREATED = "2026-11-01T12:00:00Z";

function layerOf(createdBy: string, entries: readonly TarEntry[]): Layer {
  const archive = tar(entries, Date.parse(CREATED) / 1000);
  const size = entries.reduce((total, { bytes }) => total + (bytes?.length ?? 0), 0);
  return { blob: blobOf(gzipStored(archive)), diffId: digestOf(archive), size, createdBy };
}

/** The first layer of every image of the demo. */
export const BASE_LAYER: Layer = layerOf("COPY etc/os-release /etc/os-release", [
  { name: "etc/", mode: 0o755 },
  {
    name: "etc/os-release",
    mode: 0o644,
    bytes: new TextEncoder().encode(
      'NAME="craned demo"\nID=craned-demo\nPRETTY_NAME="An image from the craned demo"\n',
    ),
  },
]);

/** A layer with `/hello`, which prints the text. */
export function helloLayer(architecture: Architecture, text: string): Layer {
  return layerOf("COPY hello /hello", [
    { name: "hello", mode: 0o755, bytes: printingProgram(architecture, `${text}\n`) },
  ]);
}
