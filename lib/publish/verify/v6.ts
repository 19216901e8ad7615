import { fillTemplate } from "../../core/redirect-file/blob-template.ts";
import type { WholeRepository } from "../../core/redirect-file/repository.ts";
import { blobOf, digestsIn } from "../../core/redirect-file/whole-table.ts";
import type { Digest } from "../../core/reference.ts";
import { inParallel } from "../in-parallel.ts";
import { manifestsIn } from "../redirect-file/previous.ts";
import { isForeign, kindOfType, readManifest } from "../sources/manifest.ts";
import { type Host, isProblem } from "./host.ts";
import { bareType, shownType, wrongSize } from "./problems.ts";
import type { Verification } from "./verification.ts";

/** The layers of a manifest that clients fetch elsewhere, so that the host need not have them. */
function foreignIn({ digest, mediaType, bytes }: ReturnType<typeof manifestsIn>[number]): readonly Digest[] {
  const kind = kindOfType(mediaType);
  if (bytes === undefined || kind === undefined) return [];
  try {
    return readManifest(kind, digest, bytes, digest).blobs.flatMap((blob) => (isForeign(blob) ? [blob.digest] : []));
  } catch {
    // What it leads to is known without it.
    return [];
  }
}

/** Verifies what a version 6 file sends clients to the host for: blobs, and manifests that it does not carry. */
export async function verifyV6(repository: WholeRepository, host: Host, verification: Verification): Promise<void> {
  const { tell, atOnce, looked } = verification;
  const foreign = new Set(manifestsIn(repository).flatMap(foreignIn));
  const blobs = digestsIn(repository).flatMap((digest) => {
    const blob = foreign.has(digest) ? undefined : blobOf(repository, digest);
    return blob === undefined ? [] : [{ digest, size: blob.size }];
  });
  const onHost = manifestsIn(repository).filter(({ bytes }) => bytes === undefined);
  await inParallel(onHost, atOnce, async ({ digest, mediaType, size }) => {
    const path = fillTemplate(repository.blobTemplate, digest);
    const where = host.nameOf(repository, path);
    const file = await host.read(repository, path);
    if (isProblem(file)) return tell("manifests", where, file);
    const { bytes, contentType } = file;
    if (bytes.length !== size) tell("manifests", where, wrongSize(String(size), bytes.length));
    if (contentType !== undefined && bareType(contentType) !== mediaType) {
      tell("manifests", where, { expected: `Content-Type ${mediaType}`, received: shownType(contentType) });
    }
  });
  await inParallel([...blobs, ...onHost], atOnce, async ({ digest, size }) => {
    const path = fillTemplate(repository.blobTemplate, digest);
    const problem = await host.inspect(repository, path, { digest, size });
    looked(host.ignoresRange(repository, path));
    if (problem !== undefined) tell("blobs", host.nameOf(repository, path), problem);
  });
}
