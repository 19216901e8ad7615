/** Runs a real S3 server, which looks at signatures, with a listener in front that sees and may answer each request. */
import { existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { S3Client } from "bun";
import { type Scratch, scratch } from "./craned.ts";
import { whereIs } from "./programs.ts";

export const S3_KEY = { id: "AKIDEXAMPLE", secret: "s3cr3t/+key==" };
export const S3_REGION = "eu-west-1";

const takesConnections = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const attempt = connect(socket);
    attempt.once("connect", () => resolve(true)).once("error", () => resolve(false));
    attempt.once("connect", () => attempt.end());
  });

/**
 * Serves each directory in `root` as a bucket, to those who have the key, on a socket.
 *
 * @param metadata where Content-Types and sums are kept; without, there are none
 */
export async function startS3OnSocket(
  root: string,
  socket: string,
  metadata?: string,
): Promise<() => Promise<unknown>> {
  const child = Bun.spawn(
    [
      whereIs("versitygw") ?? "versitygw",
      ...["--port", socket, "--region", S3_REGION, "--virtual-domain", "s3.test", "--quiet"],
      ...["posix", ...(metadata === undefined ? ["--nometa"] : ["--sidecar", metadata]), root],
    ],
    {
      env: { ROOT_ACCESS_KEY: S3_KEY.id, ROOT_SECRET_KEY: S3_KEY.secret },
      stdout: "ignore",
      stderr: "ignore",
    },
  );
  while (!existsSync(socket) || !(await takesConnections(socket))) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
    await Bun.sleep(20);
  }
  return () => {
    child.kill();
    return child.exited;
  };
}

/** A server with one bucket. */
export interface S3Server {
  readonly origin: string;
  /** The bucket's objects, as files. */
  readonly files: string;
  /** What a publisher needs to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Another client than the one under test. */
  readonly client: Bun.S3Client;
  /** Every request so far: method, path and query as they came. */
  readonly requests: string[];
  /** Answers instead of the server while it returns something. */
  instead: (request: Request) => Response | undefined;
  readonly stop: () => Promise<void>;
}

export async function startS3(bucket: string): Promise<S3Server> {
  const work: Scratch = scratch();
  const files = join(work.path, "buckets", bucket);
  for (const directory of [files, join(work.path, "metadata")]) mkdirSync(directory, { recursive: true });
  const socket = join(work.path, "s3.sock");
  const stopServer = await startS3OnSocket(join(work.path, "buckets"), socket, join(work.path, "metadata"));
  const requests: string[] = [];
  const front = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      requests.push(`${request.method} ${request.url.slice(request.url.indexOf("/", "http://".length))}`);
      const own = server.instead(request);
      if (own !== undefined) return own;
      const hasBody = request.method === "PUT" || request.method === "POST";
      const body = hasBody ? { body: await request.arrayBuffer() } : {};
      const { method, headers } = request;
      return await fetch(request.url, { unix: socket, method, headers, decompress: false, ...body });
    },
  });
  const origin = `http://127.0.0.1:${front.port}`;
  const server: S3Server = {
    origin,
    files,
    environment: {
      AWS_ACCESS_KEY_ID: S3_KEY.id,
      AWS_SECRET_ACCESS_KEY: S3_KEY.secret,
      AWS_REGION: S3_REGION,
      AWS_ENDPOINT_URL: origin,
    },
    client: new S3Client({
      accessKeyId: S3_KEY.id,
      secretAccessKey: S3_KEY.secret,
      region: S3_REGION,
      endpoint: origin,
      bucket,
    }),
    requests,
    instead: () => undefined,
    async stop() {
      await front.stop(true);
      await stopServer();
      work.remove();
    },
  };
  return server;
}
