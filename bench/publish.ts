/** Publishing a large image into a directory, against skopeo's copy of it to one. */
import { createHash, randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, rounds } from "./rounds.ts";

const LAYERS = 8;
const LAYER_BYTES = 64 * 2 ** 20;
const ROUNDS = 3;

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Writes an OCI layout of one image, of bytes that nothing makes smaller. */
function writeLayout(directory: string): void {
  const blobs = join(directory, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Uint8Array | string): Blob => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const layers = Array.from({ length: LAYERS }, () => put(randomFillSync(Buffer.alloc(LAYER_BYTES))));
  const diffIds = layers.map(({ digest }) => digest);
  const config = { architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: diffIds } };
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...put(JSON.stringify(config)) },
    layers: layers.map((layer) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer })),
  };
  const image = put(JSON.stringify(manifest));
  const named = {
    ...image,
    mediaType: manifest.mediaType,
    annotations: { "org.opencontainers.image.ref.name": "1.0" },
  };
  writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
}

/** The peak so far of a process's resident memory, in MB; what its parent had when it forked does not count. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

/** @returns seconds and the peak of resident memory in MB */
async function timed(command: readonly string[]): Promise<readonly [seconds: number, megabytes: number]> {
  const began = performance.now();
  const child = Bun.spawn([...command], { stdout: "ignore", stderr: "pipe" });
  let peak = 0;
  const sampling = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid));
  }, 10);
  const [code, err] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  clearInterval(sampling);
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${err}`);
  return [(performance.now() - began) / 1000, peak];
}

/** @returns lines of a Markdown table */
export async function measurePublish(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  writeLayout(join(scratch, "layout"));
  const publish = ["dist/craned", "publish", join(scratch, "layout"), "--name", "big", "--url", "http://cdn.test"];
  const into = (place: string) => ["--content", join(place, "content"), "--metadata", join(place, "metadata")];
  const contestants: readonly (readonly [name: string, command: (place: string) => readonly string[]])[] = [
    ["craned publish, hard links", (place) => [...publish, ...into(place)]],
    ["craned publish --copy", (place) => [...publish, "--copy", ...into(place)]],
    ["skopeo copy to dir:", (place) => ["skopeo", "copy", `oci:${join(scratch, "layout")}:1.0`, `dir:${place}`]],
  ];
  const seconds = new Map<string, number[]>(contestants.map(([name]) => [name, []]));
  const peaks = new Map<string, number>();
  for (let round = 0; round < rounds(ROUNDS); round++) {
    for (const [name, command] of contestants) {
      const place = join(scratch, "place");
      mkdirSync(place);
      const [took, peak] = await timed(command(place));
      seconds.get(name)?.push(took);
      peaks.set(name, Math.max(peaks.get(name) ?? 0, peak));
      rmSync(place, { recursive: true });
    }
  }
  rmSync(scratch, { recursive: true });
  const of = (name: string) => median(seconds.get(name) ?? []);
  const skopeo = of("skopeo copy to dir:");
  const megabytes = (LAYERS * LAYER_BYTES) / 1e6;
  return [
    `| ${(megabytes / 1000).toFixed(1)} GB in ${LAYERS} layers | seconds | MB/s | times skopeo's speed | peak MB |`,
    "|---|---:|---:|---:|---:|",
    ...contestants.map(([name]) => {
      const took = of(name);
      const peak = (peaks.get(name) ?? 0).toFixed(0);
      return `| ${name} | ${took.toFixed(2)} | ${(megabytes / took).toFixed(0)} | ${(skopeo / took).toFixed(1)} | ${peak} |`;
    }),
  ];
}
