/**
 * Serves files from disk.
 *
 * @see spec "serve_content"
 */
import type { Log } from "../log.ts";
import { payloadOf } from "./body.ts";
import { type ContentRequest, judge, type Validators } from "./conditions.ts";
import { type ContentApi, type Description, describe } from "./layout.ts";
import { digestOfManifest, mediaTypeOf } from "../core/manifest.ts";
import { kindOf } from "../core/media-types.ts";
import { isPlainRelative, type OpenFile, openRoot, type Root, readPart } from "./open.ts";
import { type ContentSettings, directoryFault } from "./settings.ts";

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
type Handover = (repository: string, path: string) => Fields;

type Fields = Readonly<Record<string, string>>;

/** The facts about a file, and its bytes where they had to be read for them. */
interface Facts {
  readonly validators: Validators;
  readonly contentType: string;
  readonly digest: string | undefined;
  readonly bytes: Buffer<ArrayBuffer> | undefined;
}

/** Registries need not take larger ones; a larger file is sent without its type and its digest. Bytes. */
const MAX_MANIFEST = 4 * 1024 * 1024;

/** A browser neither guesses what a file is nor shows it. Without the latter Bun would add the descriptor's name. */
const UNTRUSTED: Fields = { "X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment" };

/** Encodes a path for a URL; the colon of digests is kept, as not all servers decode it. */
const encodePath = (path: string): string => encodeURIComponent(path).replace(/%2F/g, "/").replace(/%3A/g, ":");

/**
 * Encodes a path for mod_xsendfile, of which 0.12, the one that distributions have, takes it as it is, and 1.0 decodes
 * it. So only the characters that a header can't have are encoded, and the percent sign, which 1.0 would decode.
 */
const encodeForSendfile = (path: string): string =>
  Buffer.from(path.replace(/[\p{Cc}%]/gu, encodeURIComponent)).toString("latin1");

const fingerprint = ({ size, modified, inode }: OpenFile): string =>
  [size, modified, inode].map((part) => part.toString(16)).join("-");

/** Finds out a file's type, digest and state. Its bytes are read where the path doesn't give the first two. */
function learn(file: OpenFile, { isManifest, mediaType, digest }: Description): Facts {
  const isRead = isManifest && (digest === undefined || mediaType === undefined) && file.size <= MAX_MANIFEST;
  const bytes = isRead ? readPart(file, 0, file.size) : undefined;
  const type = mediaType ?? (bytes === undefined ? "application/octet-stream" : mediaTypeOf(bytes));
  const known = digest ?? (bytes === undefined ? undefined : digestOfManifest(bytes, type));
  const etag = `"${known ?? fingerprint(file)}"`;
  return {
    validators: { etag, modified: Number(file.modified / 1_000_000_000n), size: file.size },
    // As Crane 3.3.1 sent schema 1, signed or not; clients that read it take this for it.
    contentType: kindOf(type) === "1" ? "application/json" : type,
    digest: known,
    bytes,
  };
}

/** Answers with the file itself, and closes it or leaves that to the body. */
function send(file: OpenFile, facts: Facts, about: Fields, request: ContentRequest): Response {
  const { bytes, contentType, validators } = facts;
  const { etag, modified, size } = validators;
  const state = { "Accept-Ranges": "bytes", ETag: etag, "Last-Modified": new Date(modified * 1000).toUTCString() };
  const verdict = judge(request, validators);
  if (verdict.status !== 200 && verdict.status !== 206) {
    file.close();
    const { status } = verdict;
    if (status === 304) return new Response(null, { status, headers: { ...about, ...state } });
    const range = status === 416 && { "Content-Range": `bytes */${size}` };
    return new Response(null, { status, headers: { ...state, ...range } });
  }
  const { status } = verdict;
  if (request.method === "HEAD") {
    file.close();
    const own = { "Content-Type": contentType, "Content-Length": String(size) };
    return new Response(null, { status, headers: { ...own, ...UNTRUSTED, ...about, ...state } });
  }
  const { body, headers } = payloadOf(file, verdict, contentType, bytes);
  return new Response(body, { status, headers: { ...headers, ...UNTRUSTED, ...about, ...state } });
}

/** @see spec "Caching, for all answers" */
function cacheControlOf({ isByDigest, isPrivate }: FileRequest, pollingInterval: number): string {
  if (isPrivate) return "private, no-store";
  return isByDigest ? "public, max-age=31536000, immutable" : `max-age=${pollingInterval}`;
}

function createOne(api: ContentApi, root: Root, pollingInterval: number, handover: Handover | undefined): Content {
  return {
    serve(repository, path, request) {
      if (!isPlainRelative(repository) || !isPlainRelative(path)) return undefined;
      const file = root.open(`${repository}/${path}`);
      if (file === undefined) return undefined;
      try {
        const description = describe(api, path);
        const facts = learn(file, description);
        const about: Fields = {
          "Cache-Control": cacheControlOf(request, pollingInterval),
          ...(facts.digest !== undefined && { "Docker-Content-Digest": facts.digest }),
          // Which manifest a reference means depends on the client's Accept.
          ...(description.isManifest && { Vary: "Accept" }),
        };
        if (handover === undefined) return send(file, facts, about, request);
        file.close();
        // The server in front answers conditions and ranges by its own validators, so none are sent.
        const own = { "Content-Type": facts.contentType, ...handover(repository, path) };
        return new Response(null, { headers: { ...own, ...UNTRUSTED, ...about } });
      } catch (error) {
        file.close();
        throw error;
      }
    },
  };
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
    return createOne(api, root, pollingInterval, handoverFor(api, root));
  };

  const v1 = create("v1", settings.contentDirV1);
  const v2 = create("v2", settings.contentDirV2);
  return { ...(v1 !== undefined && { v1 }), ...(v2 !== undefined && { v2 }) };
}
