/** Pulls as docker did while it still spoke v1: with v2 first, and v1 when v2 doesn't know the reference. */
import type { Readable } from "node:stream";
import registry from "docker-registry-client";

/** One image of a v1 pull. */
export interface PulledImage {
  readonly json: unknown;
  readonly layer: Uint8Array;
}

/** What a pull over v1 brings. */
export interface Pulled {
  readonly id: string;
  readonly ancestry: readonly string[];
  /** In the order of the ancestry. */
  readonly images: readonly PulledImage[];
}

/** The first result of a function that takes a callback. */
export const resultOf = <Value>(ask: (done: (failure: Error | null, value: Value) => void) => void): Promise<Value> =>
  new Promise((resolve, reject) => {
    ask((failure, value) => (failure ? reject(failure) : resolve(value)));
  });

/** Everything of a stream that begins paused. */
export const bytesOf = (stream: Readable): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks)));
    stream.on("error", reject);
    stream.resume();
  });

/** The half of the pull that comes after v2 has been given up. */
export async function pullOverV1(name: string, tag: string): Promise<Pulled> {
  const client = registry.createClientV1({ name });
  try {
    await resultOf((done) => client.ping(done));
    const id = await resultOf<string>((done) => client.getImgId({ tag }, done));
    const ancestry = await resultOf<string[]>((done) => client.getImgAncestry({ imgId: id }, done));
    const images: PulledImage[] = [];
    for (const imgId of ancestry) {
      const json = await resultOf((done) => client.getImgJson({ imgId }, done));
      const stream = await resultOf<Readable>((done) => client.getImgLayerStream({ imgId }, done));
      images.push({ json, layer: await bytesOf(stream) });
    }
    return { id, ancestry, images };
  } finally {
    client.close();
  }
}

/**
 * The whole of it.
 *
 * @param name `<host>:<port>/<name>`
 * @throws if v2 is not there, or does have the tag
 */
export async function pullWithFailOver(name: string, tag: string): Promise<Pulled> {
  const client = await resultOf<{ version: 1 | 2; close(): void }>((done) => registry.createClient({ name }, done));
  client.close();
  if (client.version !== 2) throw new Error(`${name} does not speak v2`);
  const v2 = registry.createClientV2({ name });
  try {
    const status = await new Promise((resolve) => {
      v2.getManifest({ ref: tag, maxSchemaVersion: 2, acceptManifestLists: true }, (failure) =>
        resolve(failure?.statusCode),
      );
    });
    if (status !== 404) throw new Error(`v2 answers ${status} for ${name}:${tag}, not 404`);
  } finally {
    v2.close();
  }
  return await pullOverV1(name, tag);
}
