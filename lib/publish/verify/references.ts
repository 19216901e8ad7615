/** Which manifests a redirect file leads to. */
import * as v from "valibot";
import { type ManifestKind, MEDIA_TYPE, parseAccept } from "../../core/media-types.ts";
import { show } from "../../core/redirect-file/fault.ts";
import type { TreeRepository } from "../../core/redirect-file/repository.ts";
import { type Digest, parseTag, type Reference, type Tag } from "../../core/reference.ts";
import { resolveManifest } from "../../core/resolve.ts";
import { manifestPath, TAGS_LIST } from "../layout-paths.ts";
import { entriesOf } from "../redirect-file/previous.ts";
import { type Host, isProblem } from "./host.ts";
import type { Verification } from "./verification.ts";

/** A manifest that a client may be sent to. */
export interface ReachableManifest {
  /** Tag or digest in the redirect file. */
  readonly from: string;
  /** Tag or digest in the file's name. */
  readonly reference: Reference;
  /** Undefined in version 2, which has one directory for all. */
  readonly kind: ManifestKind | undefined;
  readonly path: string;
}

const EVERYTHING = parseAccept(Object.values(MEDIA_TYPE).join(", "));

const tagsFile = v.object({ tags: v.nullable(v.array(v.string())) });

export const entryOf = (from: string, kind: ManifestKind, reference: Reference): ReachableManifest => ({
  from,
  reference,
  kind,
  path: manifestPath(kind, reference),
});

/** Returns the path that a current client is redirected to for a digest; undefined for MANIFEST_UNKNOWN. */
export function placeOf(repository: TreeRepository, digest: Digest): string | undefined {
  const resolution = resolveManifest(repository, digest, EVERYTHING);
  return resolution.kind === "path" ? resolution.path : undefined;
}

/** Versions 2 to 4 send clients to a list of tags, and their files don't list them all. */
async function tagsOf(repository: TreeRepository, host: Host, { tell }: Verification): Promise<readonly Tag[]> {
  const where = host.nameOf(repository, TAGS_LIST);
  const list = await host.read(repository, TAGS_LIST);
  if (isProblem(list)) {
    tell(TAGS_LIST, where, list);
    return [];
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(list.bytes));
  } catch {
    value = undefined;
  }
  const read = v.safeParse(tagsFile, value);
  if (!read.success) {
    tell(TAGS_LIST, where, { expected: "a JSON object with an array of tags", received: show(value) });
    return [];
  }
  return (read.output.tags ?? []).flatMap((text) => {
    const tag = parseTag(text);
    if (tag === undefined) tell(TAGS_LIST, where, { expected: "tags", received: show(text) });
    return tag === undefined ? [] : [tag];
  });
}

/** Lists every manifest that a redirect file leads to directly. */
export async function entriesToVerify(
  repository: TreeRepository,
  host: Host,
  verification: Verification,
): Promise<readonly ReachableManifest[]> {
  const listed = [...entriesOf(repository)].map(({ reference, kind }) => entryOf(reference, kind, reference));
  const amd64 = [...repository.amd64].map(([tag, { digest, kind }]) => entryOf(tag, kind, digest));
  if (repository.version === 5) return [...listed, ...amd64];
  const known = new Set<Reference>([...listed.map(({ reference }) => reference), ...repository.amd64.keys()]);
  const tags = (await tagsOf(repository, host, verification)).filter((tag) => !known.has(tag));
  const blind = tags.map((tag): ReachableManifest => {
    if (repository.version !== 2) return entryOf(tag, "1", tag);
    return { from: tag, reference: tag, kind: undefined, path: `manifests/${tag}` };
  });
  return [...listed, ...amd64, ...blind];
}
