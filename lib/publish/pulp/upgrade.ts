/**
 * Upgrades the redirect files of Pulp's content to version 6, with all manifests, so that craned sends them itself and any
 * host can send the blobs; or to version 5.
 *
 * The content stays where it is. Only version 5 needs manifests by kind: where they are not, as in trees of version 2,
 * each gets a second name below its kind's directory. The old redirect file is kept beside the new one.
 */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MEDIA_TYPE } from "../../core/media-types.ts";
import type { V1Repository, V2Repository } from "../../core/redirect-file/repository.ts";
import type { RepositoryName } from "../../core/reference.ts";
import { isAbsent } from "../../system-error.ts";
import { type BlobStore, embeddedConfigs } from "../blobs.ts";
import type { Report } from "../events.ts";
import { blobPath, JSON_TYPE, manifestPath, v1Path } from "../layout-paths.ts";
import { mustBeGood } from "../publish.ts";
import { describeError, PublishError } from "../publish-error.ts";
import { configsIn } from "../redirect-file/previous.ts";
import { version5 } from "../redirect-file/version-5.ts";
import { meaningOfTags, version6 } from "../redirect-file/version-6.ts";
import { insidePath } from "../sources/bundle.ts";
import { directoryTarget } from "../targets/directory.ts";
import { type Target, untouched } from "../targets/target.ts";
import { type KnownTree, knownOf } from "./known.ts";
import { type LoadedRedirectFile, type RedirectFilePath, readRedirectFile, redirectFilesIn } from "./redirect-files.ts";
import { type NamedManifest, readTagsList, readTree } from "./tree.ts";

export const PULP_PREFIX = "pulp:";

/** Template of Pulp's blobs. */
const PULP_BLOBS = "blobs/{digest}";

/** The options of an upgrade. */
export interface UpgradeOptions {
  /** The directory of all repositories' content, as `/var/www/pub/docker/v2/web`. */
  readonly content: string;
  /** The directory of all redirect files. */
  readonly metadata: string;
  /** Only this repository. */
  readonly name: RepositoryName | undefined;
  readonly redirectVersion: 5 | 6;
  readonly isDryRun: boolean;
}

/** Writes beside what is there. */
function targetAt(root: string, isDryRun: boolean): Target {
  const partialOf = (path: string) => join(dirname(path), `.${basename(path)}.partial`);
  const target = directoryTarget(root, { partialOf, mayLink: false });
  return isDryRun ? untouched(target) : target;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** Gives manifests that are not kept by kind a name among those that are. */
async function sortByKind(entries: readonly NamedManifest[], content: Target): Promise<number> {
  const path = ({ reference, manifest }: NamedManifest) => manifestPath(manifest.kind, reference);
  const there = new Set(entries.filter(({ isByKind }) => isByKind).map(path));
  const unsorted = entries.filter((entry) => !entry.isByKind && !there.has(path(entry)));
  for (const entry of unsorted) {
    const { kind, bytes } = entry.manifest;
    await content.write(path(entry), MEDIA_TYPE[kind], bytes);
  }
  await content.settle();
  return unsorted.length;
}

async function checkV1({ images }: V1Repository, root: string, warn: (text: string) => void): Promise<void> {
  const content = targetAt(root, true);
  for (const { id } of images) {
    for (const file of ["ancestry", "json", "layer"] as const) {
      if ((await content.sizeOf(v1Path(id, file))) === undefined) warn(`${root}/${v1Path(id, file)} is not there`);
    }
  }
}

/** Whether a tree without manifests is that of a repository that has none, as Pulp publishes v1-only content. */
function mustBeEmpty(
  { path }: RedirectFilePath,
  repository: V2Repository,
  root: string,
  tags: readonly string[] | undefined,
) {
  const why =
    tags === undefined
      ? "and no tags/list"
      : tags.length > 0 || digestsNamed(repository) > 0
        ? "though its tags/list or its redirect file names some"
        : undefined;
  if (why !== undefined) throw new PublishError(`${path}: ${root} has no manifests, ${why}; it stays as it is`);
}

const digestsNamed = (repository: V2Repository): number =>
  repository.version === 6 ? repository.manifestCount : repository.manifests.references.length;

async function version6Of(
  { others }: LoadedRedirectFile,
  repository: V2Repository,
  { plan, listing }: KnownTree,
  content: Target,
): Promise<Uint8Array> {
  const store: BlobStore = { target: content, pathOf: blobPath, formerPathOf: undefined };
  const configs = await embeddedConfigs(plan.manifests.values(), store, configsIn(repository), () => undefined);
  const tags = meaningOfTags(plan.tags.values(), listing.amd64);
  return version6(repository, { manifests: plan.manifests.values(), tags, configs, blobs: PULP_BLOBS }, others);
}

async function upgradeV2(
  file: RedirectFilePath,
  read: LoadedRedirectFile,
  repository: V2Repository,
  root: string,
  { isDryRun, redirectVersion }: UpgradeOptions,
  report: Report,
): Promise<void> {
  const warn = (text: string) => report({ event: "warning", text: `${file.path}: ${text}` });
  const { entries, faults } = await readTree(root);
  const promised = await readTagsList(root);
  if (entries.length === 0) mustBeEmpty(file, repository, root, faults.length > 0 ? undefined : promised);
  const known = knownOf(entries, repository, promised ?? []);
  for (const text of [...faults, ...known.faults]) warn(text);
  const content = targetAt(root, isDryRun);
  if (redirectVersion === 5) {
    const sorted = await sortByKind(entries, content);
    if (sorted > 0) warn(`${root} does not keep its manifests by kind: ${sorted} get a second name`);
  }
  const bytes = mustBeGood(
    redirectVersion === 5
      ? version5(repository, known.listing, read.others)
      : await version6Of(read, repository, known, content),
  );
  const metadata = targetAt(dirname(file.real), isDryRun);
  const path = basename(file.real);
  const there = await metadata.read(path);
  const isSame = there !== undefined && Buffer.compare(there, bytes) === 0;
  if (!isSame) {
    // The way back: a name that is not read as a redirect file.
    if (there !== undefined && repository.version !== redirectVersion) {
      await metadata.write(`${path}.version-${repository.version}`, JSON_TYPE, there);
    }
    await metadata.write(path, JSON_TYPE, bytes);
  }
  await metadata.settle();
  report({ event: "published", file: file.path, outcome: isSame ? "unchanged" : "written" });
}

/** @returns false when the file is not of the repository that is asked for */
async function upgradeOne(file: RedirectFilePath, options: UpgradeOptions, report: Report): Promise<boolean> {
  const read = await readRedirectFile(file);
  const { repository } = read;
  if (options.name !== undefined && repository.name !== options.name) return false;
  const inside = insidePath(repository.repository);
  if (inside === undefined) throw new PublishError(`${file.path}: repository: expected a directory's name`);
  const root = join(options.content, inside);
  if (repository.api === "v1") {
    const isV1 = (await isDirectory(root)) && !(await isDirectory(join(root, "manifests")));
    if (isV1) await checkV1(repository, root, (text) => report({ event: "warning", text: `${file.path}: ${text}` }));
    report({ event: "published", file: file.path, outcome: "unchanged" });
    return true;
  }
  if (!(await isDirectory(root))) throw new PublishError(`${file.path}: there is no ${root}; it stays as it is`);
  await upgradeV2(file, read, repository, root, options, report);
  return true;
}

/**
 * Upgrades all redirect files, or those of one repository; files of version 1 stay unchanged. A file that can't be
 * upgraded is a warning, and the others are upgraded.
 *
 * @throws {PublishError} in the end, when one failed, or there was nothing to do
 */
export async function upgradePulp(options: UpgradeOptions, report: Report): Promise<void> {
  if (!(await isDirectory(options.content))) throw new PublishError(`${options.content}: expected a directory`);
  const files = await redirectFilesIn(options.metadata);
  let done = 0;
  let failed = 0;
  for (const file of files) {
    try {
      if (await upgradeOne(file, options, report)) done++;
    } catch (error) {
      failed++;
      report({ event: "warning", text: describeError(error) });
    }
  }
  if (failed > 0)
    throw new PublishError(`${options.metadata}: ${failed} of ${files.length} redirect files stay as they are`);
  if (done === 0) {
    throw new PublishError(
      `${options.metadata}: there is no redirect file${options.name === undefined ? "" : ` of ${options.name}`}`,
    );
  }
}
