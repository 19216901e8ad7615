import { isAbsolute } from "node:path";
import type { RepositoryName } from "../core/reference.ts";
import type { Report } from "../publish/events.ts";
import {
  publishLayoutInPlace,
  publishStorageInPlace,
  STORAGE_PREFIX,
  STORAGE_REPOSITORIES,
} from "../publish/in-place.ts";
import { type PublishOptions, publish as publishAll, type RepositoryOptions } from "../publish/publish.ts";
import { describeError } from "../publish/publish-error.ts";
import { PULP_PREFIX, upgradePulp } from "../publish/pulp/upgrade.ts";
import { serverConfig } from "../publish/server-config.ts";
import { openSource } from "../publish/sources/open-source.ts";
import { inPlaces, openPlace, s3ConnectionOf } from "../publish/targets/places.ts";
import { type Target, untouched } from "../publish/targets/target.ts";
import { webTarget } from "../publish/targets/web.ts";
import { isS3 } from "../s3/address.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { type PublishFlags, parseUrl, REPOSITORY_ID } from "./publish-flags.ts";
import { progressFor, shown } from "./publish-progress.ts";

/** The longest that the files of all systems may be called, with room for what is added. */
const MAX_DIRECTORY = 128;

/** The directory of a repository: its name, if that is not too long for one. */
function directoryOf(name: RepositoryName): string {
  const plain = name.replaceAll("/", "-");
  if (plain.length <= MAX_DIRECTORY) return plain;
  const sum = new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 16);
  return `${plain.slice(0, MAX_DIRECTORY - sum.length - 1)}-${sum}`;
}

type Work = (report: Report) => Promise<void>;

const connectionOf =
  ({ s3Endpoint: endpoint, s3Region: region }: PublishFlags, { environment }: Terminal) =>
  () =>
    s3ConnectionOf({ endpoint, region }, environment);

const optionsOf = (name: RepositoryName, url: string, flags: PublishFlags): RepositoryOptions => ({
  name,
  repository: flags.repository ?? directoryOf(name),
  url,
  isProtected: flags.protected,
  tags: flags.tag,
  sourceName: flags.sourceName,
  platforms: flags.platform,
  withReferrers: flags.referrers,
  keepTags: flags.keepTags === true,
  keepUntagged: flags.keepUntagged === true,
});

/** @returns what is missing, when something is */
function upgradeOf(content: string, flags: PublishFlags): Work | string {
  const { name, metadata, dryRun } = flags;
  if (metadata === undefined) return "required option '--metadata <dir>' not specified";
  const isDryRun = dryRun === true;
  return (report) => upgradePulp({ content, metadata, name, redirectVersion: flags.redirectVersion, isDryRun }, report);
}

/** @returns what is missing or makes no sense, when something does */
function inPlaceOf(source: string, flags: PublishFlags, terminal: Terminal): Work | string {
  const isUrl = /^https?:\/\//.test(source);
  const isStorage = source.startsWith(STORAGE_PREFIX);
  const { name, metadata, redirectVersion } = flags;
  const url = flags.url ?? (isUrl ? parseUrl(source) : undefined);
  if (name === undefined && !isStorage) return "required option '--name <name>' not specified";
  if (url === undefined) return "required option '--url <url>' not specified";
  if (metadata === undefined) return "required option '--metadata <dir>' not specified";
  if (redirectVersion !== 6) return "only a redirect file of version 6 can say where content lies already";
  const odd = (["content", "pool", "v1", "pruneAfter"] as const).find((flag) => flags[flag] !== undefined);
  if (odd !== undefined)
    return `content that is published in place is not changed: --${odd === "pruneAfter" ? "prune-after" : odd} has no meaning`;
  const connection = connectionOf(flags, terminal);
  const withMetadata = async (work: (metadata: Target) => Promise<void>) => {
    const target = await openPlace(metadata, connection);
    await work(flags.dryRun === true ? untouched(target) : target);
  };
  if (name !== undefined && !isStorage) {
    return (report) =>
      withMetadata(async (target) => {
        const layout = isUrl ? webTarget(parseUrl(source)) : await openPlace(source, connection);
        await publishLayoutInPlace(layout, optionsOf(name, url, flags), target, report);
      });
  }
  const root = source.slice(STORAGE_PREFIX.length).replace(/\/+$/, "");
  return (report) =>
    withMetadata(async (target) => {
      const storage = await openPlace(root, connection);
      const repositories = await openPlace(`${root}/${STORAGE_REPOSITORIES}`, connection);
      const wanted = (each: RepositoryName) =>
        name === undefined || name === each ? optionsOf(each, url, flags) : undefined;
      await publishStorageInPlace(storage, repositories, wanted, target, report);
    });
}

/** The pool, and the URL template of its blobs. */
interface Pool {
  readonly pool: string | undefined;
  readonly poolTemplate: string | undefined;
}

/** @returns what is missing or makes no sense, when something does */
function poolOf({ pool, poolUrl, content = "", url = "" }: PublishFlags): Pool | string {
  if (pool === undefined) return { pool, poolTemplate: undefined };
  const isElsewhere = isS3(pool) || isAbsolute(pool);
  if (isElsewhere && poolUrl === undefined) return "required option '--pool-url <url>' not specified";
  if (!isElsewhere && !REPOSITORY_ID.test(pool))
    return "--pool: expected the name of a directory, an absolute path or s3://…";
  const poolTemplate = `${poolUrl ?? `${url}${pool}/`}{algorithm}/{hex}`;
  return { pool: isElsewhere ? pool : `${content.replace(/\/+$/, "")}/${pool}`, poolTemplate };
}

/** @returns what is missing or makes no sense, when something does */
function copyOf(source: string, flags: PublishFlags, terminal: Terminal): Work | string {
  const { name, url, content, metadata, redirectVersion } = flags;
  if (name === undefined) return "required option '--name <name>' not specified";
  if (content === undefined) return "required option '--content <dir>' not specified";
  if (url === undefined) return "required option '--url <url>' not specified";
  if (metadata === undefined) return "required option '--metadata <dir>' not specified";
  const withV1 = flags.v1 === true;
  if (withV1 && name.split("/").length > 2) return `a v1 name has at most one slash: --v1 can't publish ${name}`;
  if (flags.pool !== undefined && (withV1 || redirectVersion === 5)) {
    return "--pool needs version 6, and v1 has no blobs to share";
  }
  const chosen = poolOf(flags);
  if (typeof chosen === "string") return chosen;
  const { pool, poolTemplate } = chosen;
  const base = optionsOf(name, "", flags);
  const options: PublishOptions = {
    ...base,
    url: `${url}${base.repository}/`,
    redirectVersion,
    poolTemplate,
    withV1,
    pruneAfter: flags.pruneAfter,
  };
  const access = {
    credentials: flags.srcCreds,
    authFile: flags.srcAuthfile,
    verifyTls: flags.srcTlsVerify,
    environment: terminal.environment,
  };
  const where = {
    ...{ content, metadata, pool, repository: base.repository },
    ...{ mayLink: flags.copy !== true, isDryRun: flags.dryRun === true, connection: connectionOf(flags, terminal) },
  };
  const sourceOptions = {
    access,
    requireReferrers: flags.requireReferrers === true,
    keepLayers: flags.keepLayers === true,
    standardInput: () => Bun.stdin.stream(),
  };
  return (report) =>
    inPlaces(where, (places) =>
      publishAll((context) => openSource(source, context, sourceOptions), options, places, report),
    );
}

/** Reads the command line. @returns the fault, if there is one */
function workOf(source: string | undefined, flags: PublishFlags, terminal: Terminal): Work | string {
  if (source === undefined) return "missing required argument 'source'";
  if (source.startsWith(PULP_PREFIX)) return upgradeOf(source.slice(PULP_PREFIX.length), flags);
  if (flags.inPlace === true || source.startsWith(STORAGE_PREFIX)) return inPlaceOf(source, flags, terminal);
  return copyOf(source, flags, terminal);
}

/** `craned publish`: from images to files that a web server can serve. */
export async function publish(source: string | undefined, flags: PublishFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.serverConfig !== undefined) {
    terminal.print(serverConfig(flags.serverConfig));
    return EXIT.ok;
  }
  const work = workOf(source, flags, terminal);
  if (typeof work === "string") {
    terminal.complain(`error: ${work}\n(craned help publish shows the usage)\n`);
    return EXIT.usage;
  }
  const progress = progressFor(terminal, flags.json === true, () => performance.now());
  let isPartial = false;
  const report: Report = (event) => {
    isPartial ||= event.event === "skipped";
    progress.report(event);
  };
  if (flags.dryRun === true && flags.json !== true) terminal.complain("A dry run: nothing is changed.\n");
  try {
    await work(report);
    progress.end();
    return isPartial ? EXIT.partial : EXIT.ok;
  } catch (error) {
    progress.end();
    const text = shown(describeError(error));
    if (flags.json === true) terminal.print(`${JSON.stringify({ event: "failed", error: text })}\n`);
    terminal.complain(`error: ${text}\n`);
    return EXIT.failed;
  }
}
