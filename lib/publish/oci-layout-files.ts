/** The two files that make a directory of blobs an OCI image layout, which other tools read too. */
import { MEDIA_TYPE } from "../core/media-types.ts";
import type { Digest } from "../core/reference.ts";
import type { Plan } from "./plan.ts";
import { inOrder } from "./redirect-file/text.ts";
import { KINDS } from "./redirect-file/version-5.ts";

export const LAYOUT_VERSION = new TextEncoder().encode('{"imageLayoutVersion":"1.0.0"}\n');

/**
 * The bytes of `index.json`: every tag, and the manifests that nothing else leads to. Signed manifests of schema 1 are
 * left out: their digest is not that of their bytes, so they can't be blobs.
 */
export function layoutIndex({ manifests, tags }: Plan): Uint8Array {
  const listed = new Set<Digest>();
  for (const { children } of manifests.values()) for (const { digest } of children) listed.add(digest);
  const describe = (digest: Digest, more: object = {}) => {
    const { kind, bytes } = manifests.get(digest) ?? { kind: "1" as const, bytes: new Uint8Array() };
    return kind === "1" ? [] : [{ mediaType: MEDIA_TYPE[kind], digest, size: bytes.length, ...more }];
  };
  const preferred = KINDS.toReversed();
  const inPreference = [...tags.values()].sort((a, b) => preferred.indexOf(a.kind) - preferred.indexOf(b.kind));
  const tagged = inOrder(inPreference.map(({ tag, digest }) => [tag, digest] as const)).flatMap(([tag, digest]) => {
    listed.add(digest);
    return describe(digest, { annotations: { "org.opencontainers.image.ref.name": tag } });
  });
  const others = [...manifests.keys()].filter((digest) => !listed.has(digest)).sort();
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: [...tagged, ...others.flatMap((digest) => describe(digest))],
  };
  return new TextEncoder().encode(`${JSON.stringify(index)}\n`);
}
