/** A registry that serves the images of a layout, as well or as badly as a test wants it. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../harness/redirect-files.ts";

/** A request, as the registry saw it. */
export interface Seen {
  readonly method: string;
  /** Below `/v2/team/app/`; whole where it is elsewhere. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | null;
  readonly body: string;
}

/** An answer in place of the usual one; undefined gives that. */
export type Answer = (seen: Seen, origin: string) => Response | undefined;

export interface FakeRegistry {
  readonly origin: string;
  /** What is to be published: all tags of `team/app`. */
  readonly address: string;
  /** All requests so far, but for the first one that only finds out whether anybody is there. */
  readonly seen: readonly Seen[];
  readonly paths: () => readonly string[];
  readonly stop: () => Promise<void>;
}

const PREFIX = "/v2/team/app/";

export const refusal = (status: number, code: string, message: string, headers: Record<string, string> = {}) =>
  Response.json({ errors: [{ code, message, detail: {} }] }, { status, headers });

interface Stored {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** Every blob of a layout by its digest, with the type that it says it has. */
function readBlobs(layout: string): Map<string, Stored> {
  const blobs = new Map<string, Stored>();
  const directory = join(layout, "blobs/sha256");
  for (const name of readdirSync(directory)) {
    const bytes = readFileSync(join(directory, name));
    let mediaType = "";
    try {
      mediaType = JSON.parse(bytes.toString()).mediaType ?? "";
    } catch {}
    blobs.set(`sha256:${name}`, { bytes, mediaType });
  }
  return blobs;
}

const ANNOTATION = "org.opencontainers.image.ref.name";

/** Listens on a free port of the loopback. */
export function serveLayout(layout: string, answer: Answer = () => undefined): FakeRegistry {
  const blobs = readBlobs(layout);
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  const tags = new Map<string, string>();
  for (const { annotations, digest } of index.manifests) if (annotations) tags.set(annotations[ANNOTATION], digest);
  const seen: Seen[] = [];

  function usual({ path, header }: Seen): Response {
    const [kind, reference = ""] = path.split("/");
    if (path === "tags/list") return Response.json({ name: "team/app", tags: [...tags.keys()] });
    const stored = blobs.get(tags.get(reference) ?? reference);
    if (kind === "manifests" && stored !== undefined) {
      const headers = { "content-type": stored.mediaType, "docker-content-digest": sha256(stored.bytes) };
      return new Response(stored.bytes, { headers });
    }
    if (kind === "blobs" && stored !== undefined) {
      const from = /^bytes=(\d+)-$/.exec(header("range") ?? "")?.[1];
      if (from === undefined) return new Response(stored.bytes);
      const end = stored.bytes.length - 1;
      const headers = { "content-range": `bytes ${from}-${end}/${stored.bytes.length}` };
      return new Response(stored.bytes.subarray(Number(from)), { status: 206, headers });
    }
    if (kind === "blobs") return refusal(404, "BLOB_UNKNOWN", "blob unknown to registry");
    return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
  }

  const server: Bun.Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request): Promise<Response> {
      const { pathname, searchParams } = new URL(request.url);
      const path = pathname.startsWith(PREFIX) ? pathname.slice(PREFIX.length) : pathname;
      if (path === "/v2/") return Response.json({});
      const each: Seen = {
        method: request.method,
        path,
        query: searchParams,
        header: (name) => request.headers.get(name),
        body: await request.text(),
      };
      seen.push(each);
      return answer(each, server.url.origin) ?? usual(each);
    },
  });
  return {
    origin: server.url.origin,
    address: `docker://127.0.0.1:${server.port}/team/app`,
    seen,
    paths: () => seen.map(({ path }) => path),
    stop: () => server.stop(true),
  };
}

/** A body that ends early, once what was sent of it has arrived. */
export const endingEarly = (bytes: Uint8Array, hasArrived: () => Promise<void>, init?: ResponseInit): Response =>
  new Response(
    new ReadableStream({
      async start(controller) {
        controller.enqueue(bytes);
        await hasArrived();
        controller.close();
      },
    }),
    init,
  );

/** A host that announces more bytes than it sends, and closes the connection once these have arrived. */
export function breakingHost(bytes: Uint8Array, announced: number, hasArrived: () => Promise<void>) {
  const head = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${announced}\r\n\r\n`);
  const server = Bun.listen<{ left: Uint8Array }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { left: Buffer.concat([head, bytes]) };
      },
      data(socket) {
        send(socket);
        void hasArrived().then(() => socket.end());
      },
      drain: (socket) => send(socket),
    },
  });
  function send(socket: Bun.Socket<{ left: Uint8Array }>): void {
    socket.data.left = socket.data.left.subarray(socket.write(socket.data.left));
  }
  return { origin: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}

/** Resolves when so many bytes of a file are written. */
export async function untilWritten(file: string, size: number): Promise<void> {
  while ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < size) await Bun.sleep(5);
}
