/** The manifests of a repository: each is asked for once, a few at a time, and those that follow ahead of time. */
import pLimit from "p-limit";
import * as v from "valibot";
import { mediaTypeOf } from "../../core/manifest.ts";
import { MEDIA_TYPE } from "../../core/media-types.ts";
import { type Digest, isDigest, parseDigest, type Reference } from "../../core/reference.ts";
import { listOf, optional } from "../json-file.ts";
import { knownDigest } from "../manifest-digest.ts";
import { type Descriptor, kindOfType } from "../sources/manifest.ts";
import type { RegistryClient, SmallReply } from "./client.ts";

/** A manifest, whose bytes are those that its digest stands for. */
export interface LoadedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Loads manifests, and keeps them. */
export interface Manifests {
  /** @returns undefined when the registry does not have it */
  readonly load: (reference: Reference) => Promise<LoadedManifest | undefined>;
  /** Begins to load what will be asked for. */
  readonly expect: (references: Iterable<Reference>) => void;
}

const AT_ONCE = 6;

const UNSIGNED_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json";
const ACCEPT = [...Object.values(MEDIA_TYPE), UNSIGNED_SCHEMA_1].join(", ");

/** Names a manifest as clients and messages do. */
export const nameOf = (repository: string, reference: Reference): string =>
  `${repository}${isDigest(reference) ? "@" : ":"}${reference}`;

/** The media type that the registry gives or, if that is none that is known, the one in the bytes. */
function typeOf({ response, bytes }: SmallReply): string {
  const said = (response.headers.get("content-type") ?? "").replace(/;.*/, "").trim().toLowerCase();
  return kindOfType(said) === undefined ? mediaTypeOf(bytes) : said;
}

const children = v.object({ manifests: listOf(v.object({ mediaType: optional(v.string()), digest: v.string() }), "") });

/** The manifests that a list names, as far as it can be read; it is validated elsewhere. */
export function* manifestsNamedIn(bytes: Uint8Array): Generator<Digest> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return;
  }
  const list = v.safeParse(children, value);
  for (const { mediaType, digest } of list.success ? list.output.manifests : []) {
    const parsed = parseDigest(digest);
    if (parsed !== undefined && (!mediaType || kindOfType(mediaType) !== undefined)) yield parsed;
  }
}

/** Opens the manifests of a repository. */
export function manifestsOf(client: RegistryClient): Manifests {
  const begun = new Map<Reference, Promise<LoadedManifest | undefined>>();
  const limit = pLimit(AT_ONCE);

  async function ask(reference: Reference): Promise<LoadedManifest | undefined> {
    const about = nameOf(client.address.text, reference);
    const question = { at: `manifests/${reference}`, about, headers: { accept: ACCEPT }, accepts: [404] };
    const reply = await client.read(question);
    if (reply.response.status === 404) return undefined;
    const mediaType = typeOf(reply);
    const said = isDigest(reference)
      ? reference
      : parseDigest(reply.response.headers.get("docker-content-digest") ?? "");
    const digest = knownDigest(reply.bytes, mediaType, said, about);
    return { descriptor: { mediaType, digest, size: reply.bytes.length }, bytes: reply.bytes };
  }

  function load(reference: Reference): Promise<LoadedManifest | undefined> {
    const known = begun.get(reference);
    if (known !== undefined) return known;
    const loading = limit(ask, reference);
    begun.set(reference, loading);
    loading.then(
      (loaded) => {
        if (loaded !== undefined) begun.set(loaded.descriptor.digest, loading);
      },
      // The caller of load() gets the error.
      () => {},
    );
    return loading;
  }

  return {
    load,
    expect: (references) => {
      for (const reference of references) void load(reference);
    },
  };
}
