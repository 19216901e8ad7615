/** Pulls of a ten-layer image over a slow network: round trips that wait for each other, and the time they take. */
import { createHash, randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { distribution } from "./contestants.ts";
import { cranedCommand, freePort, type Server, startServer } from "./process.ts";
import { rounds } from "./rounds.ts";
import { type Distant, distant } from "./slow-network.ts";
import { table, whole } from "./table.ts";

const LAYERS = 10;
const LAYER_BYTES = 100_000;
const LATENCIES = [20, 100] as const;
const ROUNDS = 5;
const OCI = "application/vnd.oci.image";
const ACCEPT = `${OCI}.manifest.v1+json, ${OCI}.index.v1+json`;
/** Layers that containerd fetches at once. */
const AT_ONCE = 3;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly manifests?: readonly Descriptor[];
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Writes an OCI layout whose tag 1.0 is an index of one image. */
function writeLayout(directory: string): void {
  const blobs = join(directory, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const put = (mediaType: string, bytes: Uint8Array | string): Descriptor => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const layers = Array.from({ length: LAYERS }, () =>
    put(`${OCI}.layer.v1.tar`, randomFillSync(Buffer.alloc(LAYER_BYTES))),
  );
  const platform = { architecture: "amd64", os: "linux" };
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const config = put(`${OCI}.config.v1+json`, JSON.stringify({ ...platform, config: {}, rootfs }));
  const manifestType = `${OCI}.manifest.v1+json`;
  const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers };
  const image = { ...put(manifestType, JSON.stringify(manifest)), platform };
  const indexType = `${OCI}.index.v1+json`;
  const index = put(indexType, JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [image] }));
  const named = { ...index, annotations: { "org.opencontainers.image.ref.name": "1.0" } };
  writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
}

/** The Content-Type that a host of version 5 has to send for each directory of manifests. */
const TYPES: readonly (readonly [part: string, type: string])[] = [
  ["/manifests/oci/", `${OCI}.manifest.v1+json`],
  ["/manifests/index/", `${OCI}.index.v1+json`],
];

/** Serves a directory, with the types of manifests and the digests of names that are digests. */
function staticHost(root: string) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      const file = Bun.file(join(root, pathname));
      if (!(await file.exists())) return new Response(null, { status: 404 });
      const digest = /sha256:[0-9a-f]+$/.exec(pathname)?.[0];
      const type = TYPES.find(([part]) => pathname.includes(part))?.[1] ?? "application/octet-stream";
      return new Response(file, {
        headers: { "Content-Type": type, ...(digest !== undefined && { "Docker-Content-Digest": digest }) },
      });
    },
  });
}

/** Asks as containerd does: HEAD of the tag, then index, manifest and config by digest, then layers, some at once. */
async function containerd(port: number): Promise<void> {
  const url = (kind: string, reference: string) => `http://127.0.0.1:${port}/v2/app/${kind}/${reference}`;
  const headers = { Accept: ACCEPT };
  const get = async (kind: string, reference: string): Promise<Response> => {
    const answer = await fetch(url(kind, reference), { headers });
    if (!answer.ok) throw new Error(`${kind}/${reference} is ${answer.status}`);
    return answer;
  };
  const head = await fetch(url("manifests", "1.0"), { method: "HEAD", headers });
  // Without the header it has to read the manifest to learn its digest.
  const digest =
    head.headers.get("docker-content-digest") ??
    `sha256:${createHash("sha256")
      .update(await (await get("manifests", "1.0")).bytes())
      .digest("hex")}`;
  const index = (await (await get("manifests", digest)).json()) as Manifest;
  const manifest = (await (await get("manifests", index.manifests?.[0]?.digest ?? "")).json()) as Manifest;
  const waiting = [manifest.config, ...manifest.layers];
  const fetcher = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await (await get("blobs", next.digest)).bytes();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, fetcher));
}

async function skopeo(port: number): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "craned-bench-"));
  await Bun.$`skopeo copy --src-tls-verify=false docker://127.0.0.1:${port}/app:1.0 oci:${place}`.quiet();
  rmSync(place, { recursive: true });
}

const CLIENTS = [
  ["as containerd asks", containerd],
  ["skopeo", skopeo],
] as const;

interface Registry {
  readonly name: string;
  readonly front: Distant;
  /** Where redirects lead. */
  readonly host: Distant | undefined;
}

type Pull = (typeof CLIENTS)[number][1];

/** @returns milliseconds, and the requests to the registry and to the static host */
async function pullOnce(pull: Pull, { front, host }: Registry, latency: number) {
  for (const each of [front, host]) {
    each?.setLatency(latency);
    each?.takeRequests();
  }
  const began = performance.now();
  await pull(front.port);
  const took = performance.now() - began;
  return { took, requests: `${front.takeRequests()} + ${host?.takeRequests() ?? 0}` };
}

async function measure(client: string, pull: Pull, registry: Registry): Promise<readonly string[]> {
  const times: number[] = [];
  let asked = "";
  for (const latency of LATENCIES) {
    const took: number[] = [];
    for (let round = 0; round < rounds(ROUNDS); round++) {
      const result = await pullOnce(pull, registry, latency);
      took.push(result.took);
      asked = result.requests;
    }
    // Others on the machine can only make it more.
    times.push(Math.min(...took));
  }
  const [near = 0, far = 0] = times;
  const trips = (far - near) / (LATENCIES[1] - LATENCIES[0]);
  return [client, registry.name, asked, trips.toFixed(1), ...times.map(whole)];
}

/** @returns lines of Markdown */
export async function measurePulls(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const layout = join(scratch, "layout");
  writeLayout(layout);
  const servers: Server[] = [];
  const hosts: ReturnType<typeof staticHost>[] = [];
  const registries: Registry[] = [];
  const start = async (command: (port: number) => readonly string[]): Promise<number> => {
    const port = freePort();
    servers.push(await startServer(command(port), port, undefined));
    return port;
  };
  const publish = async (version: number): Promise<Registry> => {
    const [content, metadata] = [join(scratch, `content${version}`), join(scratch, `metadata${version}`)];
    const served = staticHost(content);
    hosts.push(served);
    const host = await distant(served.port ?? 0);
    const places = ["--content", content, "--metadata", metadata, "--url", `http://127.0.0.1:${host.port}/`];
    await Bun.$`dist/craned publish ${layout} --name app --redirect-version ${version} ${places}`.quiet();
    const port = await start((free) => cranedCommand(metadata, free));
    return { name: `craned, version ${version}`, front: await distant(port), host };
  };
  try {
    registries.push(await publish(5), await publish(6));
    if (Bun.which(distribution.program) !== null) {
      const field = { scratch, repositories: 0, tags: 0, blobHost: "" };
      const port = await start((free) => distribution.prepare({ ...field, port: free }));
      await Bun.$`skopeo copy --all --dest-tls-verify=false oci:${layout}:1.0 docker://127.0.0.1:${port}/app:1.0`.quiet();
      registries.push({ name: "distribution", front: await distant(port), host: undefined });
      const served = staticHost(join(scratch, "distribution"));
      hosts.push(served);
      const host = await distant(served.port ?? 0);
      const blobRedirects = `http://127.0.0.1:${host.port}/`;
      const redirecting = await start((free) => distribution.prepare({ ...field, port: free, blobRedirects }));
      registries.push({ name: "distribution, blobs redirected", front: await distant(redirecting), host });
    }
    const rows: (readonly string[])[] = [];
    for (const [client, pull] of CLIENTS)
      for (const registry of registries) rows.push(await measure(client, pull, registry));
    const columns = ["registry", "requests: registry + host", "round trips in a row"];
    return table(["client", ...columns, ...LATENCIES.map((each) => `ms at ${each} ms`)], rows);
  } finally {
    for (const { front, host } of registries) for (const each of [front, host]) each?.stop();
    for (const server of servers) await server.stop();
    for (const host of hosts) await host.stop(true);
    rmSync(scratch, { recursive: true, force: true });
  }
}
