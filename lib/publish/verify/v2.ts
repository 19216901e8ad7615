import { mediaTypeOf } from "../../core/manifest.ts";
import { type ManifestKind, MEDIA_TYPE } from "../../core/media-types.ts";
import type { TreeRepository } from "../../core/redirect-file/repository.ts";
import { type Digest, isDigest, parseDigest } from "../../core/reference.ts";
import { inParallel } from "../in-parallel.ts";
import { blobPath, manifestPath } from "../layout-paths.ts";
import { digestAmong, knownDigest } from "../manifest-digest.ts";
import { PublishError } from "../publish-error.ts";
import { referrersIn } from "../redirect-file/previous.ts";
import { type Descriptor, isForeign, kindOfType, type Manifest, readManifest } from "../sources/manifest.ts";
import { sha256 } from "../sources/reading.ts";
import { type Host, isProblem, type Mismatch } from "./host.ts";
import { bareType, shownType } from "./problems.ts";
import { entriesToVerify, placeOf, type ReachableManifest } from "./references.ts";
import type { Verification } from "./verification.ts";

/** Clients take schema 1 under any of these. */
const SCHEMA_1_TYPES: readonly string[] = [
  MEDIA_TYPE["1"],
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/json",
];

function wrongType(kind: ManifestKind, contentType: string | undefined): Mismatch | undefined {
  if (contentType === undefined) return undefined;
  const type = bareType(contentType);
  const isRight = kind === "1" ? SCHEMA_1_TYPES.includes(type) : type === MEDIA_TYPE[kind];
  return isRight ? undefined : { expected: `Content-Type ${MEDIA_TYPE[kind]}`, received: shownType(contentType) };
}

/** The answer that a client gets. */
const UNKNOWN = "manifest unknown, since the file does not list it";

/** Name of the referrers of a file in messages. */
const REFERRERS = "referrers";

/** A manifest that was read. */
interface Seen {
  readonly entry: ReachableManifest;
  readonly manifest: Manifest;
  /** Digest of all bytes, which is not that of a signed manifest. */
  readonly sum: string;
}

/** Tags first, as they say more to people, and always the same one of those that lead to a blob. */
const inOrder = (all: readonly Seen[]): readonly Seen[] => {
  const rank = ({ entry: { from } }: Seen) => `${from.includes(":") ? 1 : 0}${from}`;
  return all.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
};

/** Verifies all that a redirect file of version 2 to 5 leads to. */
export async function verifyV2(repository: TreeRepository, host: Host, verification: Verification): Promise<void> {
  const { tell, looked, atOnce } = verification;
  const seen = new Map<string, Seen | undefined>();
  /** Children of lists that the file does not list: of a sparse list, the host does not have them either. */
  const unlisted = new Map<string, (() => void)[]>();
  const blobs = new Map<Digest, { readonly from: string; readonly descriptor: Descriptor }>();
  const where = (path: string) => host.nameOf(repository, path);

  /** @throws {PublishError} when the bytes are not those of such a manifest */
  function readEntry({ reference, kind, path }: ReachableManifest, bytes: Uint8Array): Manifest {
    const itsKind = kind ?? kindOfType(mediaTypeOf(bytes)) ?? "1";
    const mediaType = MEDIA_TYPE[itsKind];
    const digest = isDigest(reference)
      ? knownDigest(bytes, mediaType, reference, where(path))
      : digestAmong(bytes, mediaType, (each) => placeOf(repository, each) !== undefined);
    return readManifest(itsKind, digest, bytes, where(path));
  }

  async function look(entry: ReachableManifest): Promise<Seen | undefined> {
    const { from, reference, path } = entry;
    const file = await host.read(repository, path);
    if (isProblem(file)) {
      tell(from, where(path), file);
      return undefined;
    }
    const { bytes, contentType } = file;
    const isPage = bareType(contentType ?? "") === "text/html";
    const kind = entry.kind ?? kindOfType(mediaTypeOf(bytes)) ?? "1";
    const problem = wrongType(kind, contentType);
    if (problem !== undefined) tell(from, where(path), problem);
    if (isPage) return undefined;
    const manifest = readEntry(entry, bytes);
    if (problem === undefined && !isDigest(reference) && contentType !== undefined) {
      const difference = await host.ask(repository, path, contentType);
      if (difference !== undefined) tell(from, where(path), difference);
    }
    return { entry, manifest, sum: sha256(bytes) };
  }

  async function lookOnce(entry: ReachableManifest): Promise<void> {
    seen.set(entry.path, undefined);
    try {
      seen.set(entry.path, await look(entry));
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      tell(entry.from, where(entry.path), error);
    }
  }

  function addBlob(from: string, descriptor: Descriptor): void {
    if (!isForeign(descriptor) && !blobs.has(descriptor.digest)) blobs.set(descriptor.digest, { from, descriptor });
  }

  /** Checks that a child or a referrer is where clients are redirected. */
  function follow(from: string, { digest, mediaType }: Descriptor, by: string): readonly ReachableManifest[] {
    const kind = kindOfType(mediaType);
    if (kind === undefined) {
      addBlob(from, { digest, mediaType, size: undefined });
      return [];
    }
    const path = placeOf(repository, digest);
    const expected = repository.version === 2 ? `manifests/${digest}` : `manifests/${kind}/${digest}`;
    if (path === expected)
      return [{ from, reference: digest, kind: repository.version === 2 ? undefined : kind, path }];
    const complain = () => tell(from, by, { expected: `${digest} to lead to ${expected}`, received: path ?? UNKNOWN });
    if (path === undefined && by !== REFERRERS) unlisted.set(expected, [...(unlisted.get(expected) ?? []), complain]);
    else complain();
    return [];
  }

  function childrenOf({ entry, manifest }: Seen): readonly ReachableManifest[] {
    return manifest.children.flatMap((child) => follow(entry.from, child, where(entry.path)));
  }

  /** A tag's entry has to be what its digest's is, and clients find that by the digest. */
  function compare({ entry, manifest: { kind, digest }, sum }: Seen): void {
    const { from, path, reference } = entry;
    if (isDigest(reference) || entry.kind === undefined) return;
    const place = placeOf(repository, digest);
    const expected = manifestPath(kind, digest);
    const other = seen.get(expected);
    if (place !== expected) {
      tell(from, where(path), { expected: `the file to list ${digest} beside the tag`, received: place ?? UNKNOWN });
    } else if (other !== undefined && other.sum !== sum) {
      tell(from, where(path), { expected: `the bytes of ${expected}`, received: "others" });
    }
  }

  /** A referrer has to refer to what the file says. */
  function compareReferrers(): void {
    for (const [subject, referrers] of repository.referrers) {
      for (const { digest } of referrers) {
        const parsed = typeof digest === "string" ? parseDigest(digest) : undefined;
        const place = parsed === undefined ? undefined : placeOf(repository, parsed);
        const other = place === undefined ? undefined : seen.get(place);
        if (other === undefined || other.manifest.subject === subject) continue;
        const received = other.manifest.subject ?? "none";
        tell(other.entry.from, where(other.entry.path), { expected: `the subject ${subject}`, received });
      }
    }
  }

  async function lookAtAll(entries: readonly ReachableManifest[]): Promise<void> {
    for (let waiting = entries; waiting.length > 0; ) {
      const fresh = new Map(waiting.filter(({ path }) => !seen.has(path)).map((entry) => [entry.path, entry]));
      await inParallel(fresh.values(), atOnce, lookOnce);
      waiting = [...fresh.keys()].flatMap((path) => {
        const manifest = seen.get(path);
        return manifest === undefined ? [] : childrenOf(manifest);
      });
    }
  }

  await lookAtAll(await entriesToVerify(repository, host, verification));
  await lookAtAll(referrersIn(repository).flatMap((each) => follow(each.digest, each, REFERRERS)));
  await inParallel(unlisted, atOnce, async ([path, complaints]) => {
    if (!isProblem(await host.read(repository, path))) for (const complain of complaints) complain();
  });
  for (const each of seen.values()) if (each !== undefined) compare(each);
  compareReferrers();
  for (const { entry, manifest } of inOrder([...seen.values()].filter((each) => each !== undefined))) {
    for (const blob of manifest.blobs) addBlob(entry.from, blob);
  }
  await inParallel(blobs.values(), atOnce, async ({ from, descriptor: { digest, size } }) => {
    const problem = await host.inspect(repository, blobPath(digest), { digest, size });
    looked(host.ignoresRange(repository, blobPath(digest)));
    if (problem !== undefined) tell(from, where(blobPath(digest)), problem);
  });
}
