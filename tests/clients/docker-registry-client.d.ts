/** The parts of Joyent's client that the tests use. */
declare module "docker-registry-client" {
  import type { IncomingHttpHeaders } from "node:http";
  import type { Readable } from "node:stream";

  interface Response {
    readonly statusCode: number;
    readonly headers: IncomingHttpHeaders;
  }
  interface ClientOptions {
    /** `<host>:<port>/<name>` */
    readonly name: string;
    readonly username?: string;
    readonly password?: string;
    readonly maxSchemaVersion?: number;
    readonly acceptManifestLists?: boolean;
  }
  interface ManifestOptions {
    readonly ref: string;
    readonly maxSchemaVersion?: number;
    readonly acceptManifestLists?: boolean;
  }
  type Failure = (Error & { readonly statusCode?: number }) | null;

  interface ClientV1 {
    readonly version: 1;
    ping(done: (failure: Failure, body: unknown, response: Response) => void): void;
    listRepoImgs(done: (failure: Failure, images: { id: string }[], response: Response) => void): void;
    listRepoTags(done: (failure: Failure, tags: Record<string, string>) => void): void;
    getImgId(options: { tag: string }, done: (failure: Failure, id: string) => void): void;
    getImgAncestry(options: { imgId: string }, done: (failure: Failure, ids: string[]) => void): void;
    getImgJson(options: { imgId: string }, done: (failure: Failure, image: unknown) => void): void;
    getImgLayerStream(options: { imgId: string }, done: (failure: Failure, layer: Readable) => void): void;
    close(): void;
  }
  interface ClientV2 {
    readonly version: 2;
    listTags(done: (failure: Failure, list: { name: string; tags: string[] }) => void): void;
    getManifest(
      options: ManifestOptions,
      done: (failure: Failure, manifest: unknown, response: Response, text: string) => void,
    ): void;
    headBlob(options: { digest: string }, done: (failure: Failure, responses: Response[]) => void): void;
    createBlobReadStream(
      options: { digest: string },
      done: (failure: Failure, blob: Readable, responses: Response[]) => void,
    ): void;
    close(): void;
  }

  const registry: {
    /** Asks the host which version it speaks, v2 first. */
    createClient(options: ClientOptions, done: (failure: Failure, client: ClientV1 | ClientV2) => void): void;
    createClientV1(options: ClientOptions): ClientV1;
    createClientV2(options: ClientOptions): ClientV2;
  };
  export default registry;
}
