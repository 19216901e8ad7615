/**
 * Serves files from disk.
 *
 * @see spec "serve_content"
 */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { digestOfBytes } from "../core/manifest.ts";
import type { Log } from "../log.ts";
import { payloadOf } from "./body.ts";
import { type ContentRequest, judge } from "./conditions.ts";
import { type ContentApi, close, createFinder, type PublishedFile } from "./file.ts";
import { DESCRIPTORS, isPlainRelative, openRoot, type Root } from "./open.ts";

/** The part of the configuration that is about content. */
export interface ContentSettings {
  readonly enable: boolean;
  readonly contentDirV1: string;
  readonly contentDirV2: string;
  /** Further directories in which links may end. */
  readonly linkRoots: readonly string[];
  readonly useXSendfile: boolean;
  /** nginx's internal location, beginning with a slash. */
  readonly xAccelRedirect: string | undefined;
}

interface ContentOptions {
  /** Seconds for which a file that may change is fresh. */
  readonly pollingInterval: number;
  readonly log: Log;
}

/** A request for a file, and what caches have to know of it. */
export interface FileRequest extends ContentRequest {
  /** Whether the client asked by digest, so that the answer never changes. */
  readonly isByDigest: boolean;
  /** Whether the answer depends on who asks, so that no cache may keep it. */
  readonly isPrivate: boolean;
  /** Whether the repository lists a digest; undefined where it does not list its digests. */
  readonly isListed?: ((digest: string) => boolean) | undefined;
}

/** The content of one API. */
export interface Content {
  /**
   * Answers with a file, or with the header that makes a server in front send it.
   *
   * Return the response to Bun in the same turn of the event loop: await nothing but settled promises in between, and
   * don't put its body into another response. Bun opens a large file when it sends the response. The answer to HEAD
   * has the file's Content-Length and no body; 412 and 416 have no body.
   *
   * @param repository the publisher's own id, from the redirect file: not trusted
   * @param path below the repository's directory
   * @returns undefined when there is no such file
   * @throws the system's error when a file may be there but can't be read, such as EACCES or EIO
   */
  readonly serve: (repository: string, path: string, request: FileRequest) => Response | undefined;
}

/** Makes the header by which a server in front sends a file. */
type Handover = (repository: string, path: string) => HeaderFields;

export type HeaderFields = Readonly<Record<string, string>>;

/** A browser neither guesses what a file is nor shows it. Without the latter Bun would add the descriptor's name. */
const UNTRUSTED: HeaderFields = { "X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment" };

/** Encodes a path for a URL; the colon of digests is kept, as not all servers decode it. */
const encodePath = (path: string): string => encodeURIComponent(path).replace(/%2F/g, "/").replace(/%3A/g, ":");

/**
 * Encodes a path for mod_xsendfile, of which 0.12, the one that distributions have, takes it as it is, and 1.0 decodes
 * it. So only the characters that a header can't have are encoded, and the percent sign, which 1.0 would decode.
 */
const encodeForSendfile = (path: string): string =>
  Buffer.from(path.replace(/[\p{Cc}%]/gu, encodeURIComponent)).toString("latin1");

/** Answers with the file itself, and closes it or leaves that to the body. */
function send(
  { validators, contentType, source }: PublishedFile,
  about: HeaderFields,
  request: ContentRequest,
): Response {
  const { etag, modified, size } = validators;
  const state = { "Accept-Ranges": "bytes", ETag: etag, "Last-Modified": new Date(modified * 1000).toUTCString() };
  const verdict = judge(request, validators);
  const { status } = verdict;
  if ((status === 200 || status === 206) && request.method !== "HEAD") {
    const { body, headers } = payloadOf(source, size, verdict, contentType);
    return new Response(body, { status, headers: { ...headers, ...UNTRUSTED, ...about, ...state } });
  }
  close(source);
  if (status === 304) return new Response(null, { status, headers: { ...about, ...state } });
  if (status === 412) return new Response(null, { status, headers: state });
  if (status === 416) return new Response(null, { status, headers: { ...state, "Content-Range": `bytes */${size}` } });
  const own = { "Content-Type": contentType, "Content-Length": String(size) };
  return new Response(null, { status, headers: { ...own, ...UNTRUSTED, ...about, ...state } });
}

/** Returns the digest by which the repository lists a file: of sha512, if it does not list that of sha256. */
function digestOf({ digest, isManifest, source }: PublishedFile, { isListed }: FileRequest): string | undefined {
  if (!isManifest || digest === undefined || isListed === undefined || isListed(digest)) return digest;
  const other = Buffer.isBuffer(source) ? digestOfBytes(source, "sha512") : digest;
  return isListed(other) ? other : digest;
}

/** @see spec "Caching, for all answers" */
function cacheControlOf(api: ContentApi, { isByDigest, isPrivate }: FileRequest, pollingInterval: number): string {
  if (isPrivate) return "private, no-store";
  if (isByDigest) return "public, max-age=31536000, immutable";
  // A tag may move at any time; an image of v1 keeps its files.
  return `${api === "v2" ? "no-cache, " : ""}max-age=${pollingInterval}`;
}

/**
 * Serves the files below a root.
 *
 * @param handover by which a server in front sends them
 */
export function contentIn(api: ContentApi, root: Root, pollingInterval: number, handover?: Handover): Content {
  const find = createFinder(api, root);
  return {
    serve(repository, path, request) {
      if (!isPlainRelative(repository) || !isPlainRelative(path)) return undefined;
      const file = find(repository, path);
      if (file === undefined) return undefined;
      const digest = digestOf(file, request);
      const about: HeaderFields = {
        "Cache-Control": cacheControlOf(api, request, pollingInterval),
        ...(digest !== undefined && { "Docker-Content-Digest": digest }),
        // Which manifest a reference means depends on the client's Accept.
        ...(file.isManifest && { Vary: "Accept" }),
      };
      if (handover === undefined) return send(file, about, request);
      close(file.source);
      // The server in front answers conditions and ranges by its own validators, so none are sent.
      const own = { "Content-Type": file.contentType, ...handover(repository, path) };
      return new Response(null, { headers: { ...own, ...UNTRUSTED, ...about } });
    },
  };
}

/** Returns why nothing can be served from a content directory, or undefined if it can. */
export function directoryFault(directory: string): string | undefined {
  if (!existsSync(DESCRIPTORS)) return `this system has no ${DESCRIPTORS}, by which opened files are checked`;
  if (directory === "") return "expected a directory, received an empty value";
  try {
    if (!statSync(directory).isDirectory()) return "expected a directory";
    accessSync(directory, constants.X_OK);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Opens the content directories, if content is to be served at all.
 *
 * A server in front is given a file in one of two ways. `X-Sendfile` has its absolute path below the configured
 * directory, which Apache must allow (`XSendFilePath`); before mod_xsendfile 1.0 it finds none with a percent sign.
 * `X-Accel-Redirect` has `<prefix>/v2/<repository>/<path>` or `<prefix>/v1/…`: nginx needs an internal location with
 * that prefix for each API, an alias of the same directory. nginx keeps only headers that it knows: the location has
 * to add `Docker-Content-Digest $upstream_http_docker_content_digest` and the API's own header again.
 *
 * @returns the content of each API whose directory can be read; the log has an error about one that can't
 */
export function createContent(
  settings: ContentSettings,
  { pollingInterval, log }: ContentOptions,
): { readonly v1?: Content; readonly v2?: Content } {
  if (!settings.enable) return {};
  const { useXSendfile, xAccelRedirect } = settings;
  if (useXSendfile && xAccelRedirect !== undefined) {
    log.warn("both use_x_sendfile and x_accel_redirect are set: X-Accel-Redirect is sent");
  }

  const handoverFor = (api: ContentApi, root: Root): Handover | undefined => {
    if (xAccelRedirect !== undefined) {
      const prefix = xAccelRedirect.replace(/\/+$/, "");
      return (repository, path) => ({ "X-Accel-Redirect": `${prefix}/${api}/${encodePath(`${repository}/${path}`)}` });
    }
    if (!useXSendfile) return undefined;
    return (repository, path) => ({ "X-Sendfile": encodeForSendfile(`${root.directory}/${repository}/${path}`) });
  };

  const create = (api: ContentApi, directory: string): Content | undefined => {
    const fault = directoryFault(directory);
    if (fault !== undefined) {
      log.error(`no ${api} content is served from disk: serve_content.content_dir_${api}`, {
        directory,
        error: fault,
      });
      return undefined;
    }
    const root = openRoot(directory, settings.linkRoots, (path, target) =>
      log.warn("a link outside of the content directory and of link_roots is not followed", { api, path, target }),
    );
    return contentIn(api, root, pollingInterval, handoverFor(api, root));
  };

  const v1 = create("v1", settings.contentDirV1);
  const v2 = create("v2", settings.contentDirV2);
  return { ...(v1 !== undefined && { v1 }), ...(v2 !== undefined && { v2 }) };
}
