/**
 * Content from disk, for a registry that serves its files itself.
 *
 * @see spec "serve_content"
 */
import { statSync } from "node:fs";
import type { Log } from "../log.ts";
import { bodyOf, type FileBody, readPart } from "./body.ts";
import { type ContentRequest, judge, type Validators } from "./conditions.ts";
import { type ContentApi, type Description, describe } from "./layout.ts";
import { digestOfBytes, digestOfManifest, mediaTypeOf } from "../core/manifest.ts";
import { isPlainRelative, type OpenFile, openRoot, type Root } from "./open.ts";

/** The part of the configuration that is about content. */
export interface ContentSettings {
  readonly enable: boolean;
  readonly contentDirV1: string;
  readonly contentDirV2: string;
  readonly useXSendfile: boolean;
  /** nginx's internal location, beginning with a slash. */
  readonly xAccelRedirect: string | undefined;
}

interface ContentOptions {
  /** Seconds for which a file that may change is fresh. */
  readonly pollingInterval: number;
  readonly log: Log;
}

/** A request for content, and whether only some clients may have it. */
export interface PrivateContentRequest extends ContentRequest {
  /** Keeps caches that several clients share from keeping the answer. */
  readonly isPrivate?: boolean;
}

/** The content of one API. */
export interface Content {
  /**
   * Answers with a file, or with what a server in front needs to send it.
   *
   * The body must be read or cancelled: an open file may wait behind it. 412 and 416 have none.
   *
   * @param repository the publisher's own id, out of the redirect file: not to be trusted
   * @param path below the repository's directory
   * @returns undefined when there is no such file
   * @throws the system's error when a file may be there but can't be read, as EACCES or EIO
   */
  readonly serve: (repository: string, path: string, request: PrivateContentRequest) => Promise<Response | undefined>;
}

/** A server in front that sends the file: how it is told which. */
type Handover = (repository: string, path: string) => readonly [header: string, value: string];

/** What is known of a file before its body is. */
interface Facts {
  readonly validators: Validators;
  readonly contentType: string;
  /** What Docker-Content-Digest says, if anything. */
  readonly digest: string | undefined;
  /** The file itself, if it had to be read. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** Twelve hours. */
const IMMUTABLE = "max-age=43200, immutable";

/** Registries need not take larger ones; a larger file is sent, but not read to find out its type or digest. Bytes. */
const MAX_MANIFEST = 4 * 1024 * 1024;

/** What stands in a path as it is, in every server's reading; the colon of digests is kept, as not all of them decode. */
const encodePath = (path: string): string => encodeURIComponent(path).replace(/%2F/g, "/").replace(/%3A/g, ":");

/**
 * A path for mod_xsendfile, of which 0.12, the one that distributions have, takes it as it is, and 1.0 decodes it. So
 * only what must not stand in a header is encoded, and the percent sign, which 1.0 would take for the start of a code.
 */
const encodeForSendfile = (path: string): string =>
  Buffer.from(path.replace(/[\p{Cc}%]/gu, encodeURIComponent)).toString("latin1");

const fingerprint = ({ size, modified, inode }: OpenFile): string =>
  [size, modified, inode].map((part) => part.toString(16)).join("-");

/** What changes with the file: the digest of its bytes where that is known, as it is the same on every server. */
async function learn(file: OpenFile, { isManifest, contentType, digest }: Description): Promise<Facts> {
  const isRead = isManifest && (digest === undefined || contentType === undefined) && file.size <= MAX_MANIFEST;
  const bytes = isRead ? await readPart(file, 0, file.size) : undefined;
  const type = contentType ?? (bytes === undefined ? "application/octet-stream" : mediaTypeOf(bytes));
  // The digest in the name of a signed manifest leaves the signatures out, so it can't tell two files apart.
  const isByteDigest = digest !== undefined && !(isManifest && type.includes(".manifest.v1+"));
  const named = isByteDigest ? digest : undefined;
  const etag = named ?? (bytes === undefined ? fingerprint(file) : digestOfBytes(bytes));
  return {
    validators: { etag: `"${etag}"`, modified: Number(file.modified / 1_000_000_000n), size: file.size },
    contentType: type,
    digest: digest ?? (bytes === undefined ? undefined : digestOfManifest(bytes, type)),
    bytes,
  };
}

type Lines = readonly (readonly [name: string, value: string])[];

const respond = (status: number, body: FileBody | null, lines: Lines): Response =>
  new Response(body, { status, headers: lines.map(([name, value]) => [name, value]) });

/** Answers with the file itself, and closes it or leaves that to the body. */
async function send(file: OpenFile, facts: Facts, about: Lines, request: ContentRequest): Promise<Response> {
  const { bytes, contentType, validators } = facts;
  const { etag, modified, size } = validators;
  const verdict = judge(request, validators);
  const state: Lines = [
    ["Accept-Ranges", "bytes"],
    ["ETag", etag],
    ["Last-Modified", new Date(modified * 1000).toUTCString()],
  ];
  if (verdict.status !== 200 && verdict.status !== 206) {
    await file.handle.close();
    if (verdict.status === 304) return respond(304, null, [...about, ...state]);
    return respond(
      verdict.status,
      null,
      verdict.status === 416 ? [...state, ["Content-Range", `bytes */${size}`]] : state,
    );
  }
  const { status, start, end } = verdict;
  const lines: Lines = [
    ["Content-Type", contentType],
    ["Content-Length", String(end - start)],
    ...(status === 206 ? [["Content-Range", `bytes ${start}-${end - 1}/${size}`] as const] : []),
    ...about,
    ...state,
  ];
  if (request.method !== "HEAD" && bytes === undefined) return respond(status, await bodyOf(file, start, end), lines);
  await file.handle.close();
  return respond(status, request.method === "HEAD" ? null : (bytes?.subarray(start, end) ?? null), lines);
}

function createOne(api: ContentApi, root: Root, pollingInterval: number, handover: Handover | undefined): Content {
  return {
    async serve(repository, path, request) {
      if (!isPlainRelative(repository) || !isPlainRelative(path)) return undefined;
      const file = await root.open(`${repository}/${path}`);
      if (file === undefined) return undefined;
      try {
        const description = describe(api, path);
        const facts = await learn(file, description);
        const age = description.digest === undefined ? `max-age=${pollingInterval}` : IMMUTABLE;
        const about: Lines = [
          ["Cache-Control", request.isPrivate === true ? `private, ${age}` : age],
          ...(facts.digest === undefined ? [] : [["Docker-Content-Digest", facts.digest] as const]),
          // Which manifest a reference names is for the client's Accept to say.
          ...(description.isManifest ? [["Vary", "Accept"] as const] : []),
        ];
        if (handover === undefined) return await send(file, facts, about, request);
        await file.handle.close();
        // The server in front answers conditions and ranges by its own validators, so none are sent.
        return respond(200, null, [["Content-Type", facts.contentType], ...about, handover(repository, path)]);
      } catch (error) {
        await file.handle.close();
        throw error;
      }
    },
  };
}

/**
 * Opens the content directories, if content is to be served at all.
 *
 * A server in front is told of a file in one of two ways. `X-Sendfile` has its absolute path below the configured
 * directory, which Apache must allow (`XSendFilePath`); before mod_xsendfile 1.0 it finds none with a percent sign.
 * `X-Accel-Redirect` has `<prefix>/v2/<repository>/<path>` or `<prefix>/v1/…`: nginx needs an internal location with
 * that prefix for each API, an alias of the same directory. nginx keeps only headers that it knows: the location has
 * to add `Docker-Content-Digest $upstream_http_docker_content_digest` and the API's own header again.
 *
 * @returns the content of each API whose directory is there; an error in the log for one that is not
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
      return (repository, path) => ["X-Accel-Redirect", `${prefix}/${api}/${encodePath(`${repository}/${path}`)}`];
    }
    if (!useXSendfile) return undefined;
    return (repository, path) => ["X-Sendfile", encodeForSendfile(`${root.directory}/${repository}/${path}`)];
  };

  const create = (api: ContentApi, directory: string): Content | undefined => {
    try {
      if (!statSync(directory).isDirectory()) throw new Error("not a directory");
      const root = openRoot(directory, (path, target) =>
        log.warn("a file outside of the content directory is not served", { api, path, target }),
      );
      return createOne(api, root, pollingInterval, handoverFor(api, root));
    } catch (error) {
      log.error("no content is served: the directory can't be read", { api, directory, error: String(error) });
      return undefined;
    }
  };

  const v1 = create("v1", settings.contentDirV1);
  const v2 = create("v2", settings.contentDirV2);
  return { ...(v1 !== undefined && { v1 }), ...(v2 !== undefined && { v2 }) };
}
