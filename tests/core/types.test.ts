/**
 * What the types promise: only a parser makes a name, a tag or a digest, and none passes for another.
 * Every line under `@ts-expect-error` is checked by tsc, which complains where there is nothing to complain of.
 */
import { expect, test } from "bun:test";
import { EMPTY_CATALOG, imageOwner } from "../../lib/core/catalog/catalog.ts";
import { parseAccept } from "../../lib/core/media-types.ts";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import {
  type Digest,
  type ImageId,
  isDigest,
  parseReference,
  parseTag,
  type Reference,
  type RepositoryName,
  type Tag,
} from "../../lib/core/reference.ts";
import { resolveManifest } from "../../lib/core/resolve.ts";

const takesName = (name: RepositoryName): string => name;
const takesTag = (tag: Tag): string => tag;
const takesDigest = (digest: Digest): string => digest;
const takesReference = (reference: Reference): string => reference;
const takesImageId = (id: ImageId): string => id;

/** Never called: for the compiler alone. */
export function promises(text: string, name: RepositoryName, tag: Tag, digest: Digest, id: ImageId) {
  // @ts-expect-error a plain string is no name
  takesName(text);
  // @ts-expect-error a plain string is no tag
  takesTag(text);
  // @ts-expect-error a plain string is no digest
  takesDigest(text);
  // @ts-expect-error a plain string is no reference
  takesReference(text);
  // @ts-expect-error a plain string is no image id
  takesImageId(text);
  // @ts-expect-error even a string that would be one is none before it is parsed
  takesTag("latest");
  // @ts-expect-error a tag is no digest
  takesDigest(tag);
  // @ts-expect-error a digest is no tag
  takesTag(digest);
  // @ts-expect-error a name is no tag
  takesTag(name);
  // @ts-expect-error an image id is no digest
  takesDigest(id);
  // @ts-expect-error an image id is no reference
  takesReference(id);
  // @ts-expect-error what a parser may have refused has to be looked at first
  takesTag(parseTag(text));

  takesReference(tag);
  takesReference(digest);
  const anyString: string = name;

  const reference = parseReference(anyString);
  if (reference === undefined) return;
  // @ts-expect-error a reference is not yet a digest
  takesDigest(reference);
  if (isDigest(reference)) takesDigest(reference);
  else takesTag(reference);

  const parsed = parseRedirectFile(new Uint8Array());
  // @ts-expect-error a file has a repository only if it is sound
  parsed.repository;
  if (!parsed.ok || parsed.repository.api !== "v2") return;
  // @ts-expect-error nothing is resolved but a parsed reference
  resolveManifest(parsed.repository, text, parseAccept(undefined));
  const resolution = resolveManifest(parsed.repository, reference, parseAccept(undefined));
  // @ts-expect-error there is a path only where something is found
  resolution.path;
  // @ts-expect-error what a file says does not change
  parsed.repository.name = name;
  // @ts-expect-error a snapshot does not change
  EMPTY_CATALOG.v2.names.push(name);
  // @ts-expect-error images are looked up by a parsed id
  imageOwner(EMPTY_CATALOG, text, () => true);
}

test("branded strings are plain strings at run time", () => {
  const tag = parseTag("latest");
  expect(tag === undefined ? undefined : takesTag(tag)).toBe("latest");
});
