/** Serves content directories by Elysia and Bun.serve, as craned does, with nothing of a registry around them. */
import { Elysia } from "elysia";
import { type Content, type ContentSettings, createContent } from "../../lib/content/content.ts";
import { parseDigest } from "../../lib/core/reference.ts";
import { createLog } from "../../lib/log.ts";

/** A server whose paths are `/<api>/<repository, percent-encoded>/<path>`. */
export interface ContentServer {
  readonly origin: string;
  readonly port: number;
  /** The errors that Bun met while it sent answers. */
  readonly errors: readonly unknown[];
  readonly stop: () => Promise<void>;
}

interface ContentServerOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Opens a directory as the content of both APIs, by the usual settings. @param write gets lines of the log */
export function contentOf(
  directory: string,
  settings: Partial<ContentSettings> = {},
  { write = (_line: string): unknown => undefined, pollingInterval = 60 } = {},
) {
  const log = createLog({ format: "json", level: "debug", write, now: () => new Date(0) });
  const usual: ContentSettings = {
    enable: true,
    contentDirV1: directory,
    contentDirV2: directory,
    linkRoots: [],
    useXSendfile: false,
    xAccelRedirect: undefined,
  };
  return createContent({ ...usual, ...settings }, { pollingInterval, log });
}

/** Listens on a free port of the loopback. A file that is missing is a 404 without a body. */
export function listenForContent(
  content: { readonly v1?: Content; readonly v2?: Content },
  options: ContentServerOptions = {},
): ContentServer {
  const errors: unknown[] = [];
  const error = (each: unknown) => {
    errors.push(each);
    return new Response(null, { status: 500 });
  };
  const app = new Elysia({ handler: { standardHostname: false }, serve: { error } })
    .all("/*", async ({ request }) => {
      const [, api, repository = "", ...path] = new URL(request.url).pathname.split("/");
      const one = api === "v1" ? content.v1 : content.v2;
      const found = one?.serve(decodeURIComponent(repository), path.join("/"), {
        method: request.method,
        header: (name) => request.headers.get(name),
        isByDigest: parseDigest(path.at(-1) ?? "") !== undefined,
        isPrivate: false,
      });
      return found ?? new Response(null, { status: 404 });
    })
    .listen({ hostname: "127.0.0.1", port: 0, ...options });
  const port = app.server?.port ?? 0;
  return {
    origin: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    errors,
    stop: async () => {
      await app.stop(true);
    },
  };
}
