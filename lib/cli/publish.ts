import { type Command, InvalidArgumentError, Option } from "commander";
import type { Report } from "../publish/events.ts";
import { openSource } from "../publish/sources/open-source.ts";
import { inPlaces, openPlace, s3ConnectionOf } from "../publish/targets/places.ts";
import { type Target, untouched } from "../publish/targets/target.ts";
import { webTarget } from "../publish/targets/web.ts";
import { isS3 } from "../s3/address.ts";
import { isAbsolute } from "node:path";
import {
  publishLayoutInPlace,
  publishStorageInPlace,
  STORAGE_PREFIX,
  STORAGE_REPOSITORIES,
} from "../publish/in-place.ts";
import { type PublishOptions, publish as publishAll, type RepositoryOptions } from "../publish/publish.ts";
import { describeError } from "../publish/publish-error.ts";
import { PULP_PREFIX, upgradePulp } from "../publish/pulp/upgrade.ts";
import { type Credentials, parseCredentials } from "../publish/registry/access.ts";
import { type PlatformChoice, parsePlatform } from "../publish/sources/platforms.ts";
import { parseTagChoice, type TagChoice } from "../publish/sources/selection.ts";
import { serverConfig, WEB_SERVERS, type WebServer } from "../publish/server-config.ts";
import { parseRepositoryName, type RepositoryName } from "../core/reference.ts";
import { PUBLISH_HELP } from "./publish-help.ts";
import { progressFor } from "./publish-progress.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";

interface PublishFlags {
  readonly name?: RepositoryName;
  readonly url?: string;
  readonly content?: string;
  readonly metadata?: string;
  readonly repository?: string;
  readonly redirectVersion: 5 | 6;
  readonly inPlace?: boolean;
  readonly pool?: string;
  readonly poolUrl?: string;
  readonly tag: readonly TagChoice[];
  readonly sourceName?: string;
  readonly platform: readonly PlatformChoice[];
  readonly referrers: boolean;
  readonly requireReferrers?: boolean;
  readonly keepLayers?: boolean;
  readonly protected?: boolean;
  readonly v1?: boolean;
  readonly copy?: boolean;
  readonly keepTags?: boolean;
  readonly keepUntagged?: boolean;
  readonly pruneAfter?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly srcCreds?: Credentials;
  readonly srcAuthfile?: string;
  readonly srcTlsVerify: boolean;
  readonly s3Endpoint?: string;
  readonly s3Region?: string;
  readonly serverConfig?: WebServer;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function parseName(text: string): RepositoryName {
  const name = parseRepositoryName(text);
  if (name === undefined) throw new InvalidArgumentError("Expected a repository name, as team/app.");
  return name;
}

function parseUrl(text: string): string {
  if (!/^https?:\/\/[^/?#]/.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError("Expected an absolute http or https URL.");
  }
  return text.endsWith("/") ? text : `${text}/`;
}

const REPOSITORY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function parseRepository(text: string): string {
  if (REPOSITORY_ID.test(text)) return text;
  throw new InvalidArgumentError("Expected letters, digits, '.', '_' and '-', the first a letter or a digit.");
}

/** The longest that the files of all systems may be called, with room for what is added. */
const MAX_DIRECTORY = 128;

/** The directory of a repository: its name, if that is not too long for one. */
function directoryOf(name: RepositoryName): string {
  const plain = name.replaceAll("/", "-");
  if (plain.length <= MAX_DIRECTORY) return plain;
  const sum = new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 16);
  return `${plain.slice(0, MAX_DIRECTORY - sum.length - 1)}-${sum}`;
}

function parseVersion(text: string): 5 | 6 {
  if (text === "5" || text === "6") return text === "5" ? 5 : 6;
  throw new InvalidArgumentError("Expected 5 or 6.");
}

function parseAge(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  if (count !== "" && Number.isFinite(seconds)) return seconds;
  throw new InvalidArgumentError("Expected a number with a unit, such as 90s, 30m, 12h or 7d.");
}

function parseLogin(text: string): Credentials {
  const credentials = parseCredentials(text);
  if (credentials === undefined) throw new InvalidArgumentError("Expected <user>:<password>.");
  return credentials;
}

function parseBool(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new InvalidArgumentError("Expected true or false.");
}

function addTag(text: string, before: readonly TagChoice[]): readonly TagChoice[] {
  const choice = parseTagChoice(text);
  if (choice === undefined) throw new InvalidArgumentError("Expected a tag, or <tag>=<image of the source>.");
  return [...before, choice];
}

function addPlatform(text: string, before: readonly PlatformChoice[]): readonly PlatformChoice[] {
  const choice = parsePlatform(text);
  if (choice === undefined) throw new InvalidArgumentError("Expected os/architecture or os/architecture/variant.");
  return [...before, choice];
}

/** Gives the command its arguments, flags and help. */
export function describePublish(command: Command): Command {
  return command
    .description("Publish images as static files and a redirect file")
    .argument(
      "[source]",
      "An OCI image layout or a docker-archive: a directory, a tar file or - (standard input); docker://host/name; pulp:dir",
    )
    .optionsGroup("What and where:")
    .option("--name <name>", "Name that clients use, such as team/app", parseName)
    .option("--content <dir>", "Directory (or s3://…) of the published files; each repository has a directory in it")
    .option("--url <url>", "URL of that directory for clients; the repository is at <url>/<repository>/", parseUrl)
    .option("--metadata <dir>", "Directory (or s3://…) of the redirect files")
    .option("--repository <id>", "Directory of the repository (default: the name, with - for /)", parseRepository)
    .option("--in-place", "The source is an OCI image layout that is at <url> already: write only the redirect file")
    .option("--pool <dir>", "Directory in <content> for the blobs of all repositories; or any directory or s3://…")
    .option("--pool-url <url>", "URL of the pool for clients (default: <url>/<pool>/)", parseUrl)
    .addOption(
      new Option(
        "--redirect-version <version>",
        "Version of the redirect file; 5 needs a host that sends the right Content-Types",
      )
        .argParser(parseVersion)
        .default(6),
    )
    .optionsGroup("Which images:")
    .addOption(
      new Option(
        "--tag <tag[=image]>",
        "Publish this tag only, of the image with that name, tag or digest in the source; may be repeated",
      )
        .argParser(addTag)
        .default([], "all tags of the source"),
    )
    .option("--source-name <name>", "Repository to publish, when the source has images of several")
    .addOption(
      new Option("--platform <os/arch[/variant]>", "Publish the images for this platform only; may be repeated")
        .argParser(addPlatform)
        .default([], "all platforms of the source"),
    )
    .option("--no-referrers", "Leave out signatures and other referrers")
    .option("--require-referrers", "Fail when a registry does not list the referrers of an image")
    .option("--keep-layers", "Keep layers uncompressed that docker save left uncompressed")
    .option("--v1", "Also publish for clients that only speak v1")
    .option("--protected", "Only clients with an entitlement to the url may pull (default: unchanged)")
    .option("--no-protected", "All clients may pull, even if the repository was protected")
    .optionsGroup("Upkeep:")
    .option("--keep-tags", "Keep tags that the source does not have")
    .option("--keep-untagged", "Keep manifests that no tag leads to, for pulls by digest")
    .option(
      "--prune-after <age>",
      "Remove files that have been unreferenced for this long, such as 12h or 7d",
      parseAge,
    )
    .option("--copy", "Copy blobs instead of hard-linking them")
    .optionsGroup("Registry:")
    .option("--src-creds <user:password>", "Login (default: that of podman, skopeo or docker)", parseLogin)
    .option("--src-authfile <file>", "File with logins, instead of the usual ones")
    .addOption(
      new Option("--src-tls-verify <bool>", "false: accept any certificate, and plain HTTP")
        .argParser(parseBool)
        .default(true),
    )
    .optionsGroup("S3:")
    .option("--s3-endpoint <url>", "S3 server (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, Amazon's)")
    .option("--s3-region <region>", "Region (default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1)")
    .optionsGroup("How:")
    .option("--dry-run", "Print what would be done, and change nothing")
    .option("--json", "Print progress as JSON, one event per line")
    .addOption(
      new Option(
        "--server-config <server>",
        "Print the configuration that a web server needs for redirect files of version 5 (6 needs none), and exit",
      ).choices([...WEB_SERVERS]),
    )
    .addHelpText("after", PUBLISH_HELP);
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
  const found = poolOf(flags);
  if (typeof found === "string") return found;
  const { pool, poolTemplate } = found;
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
    const text = describeError(error);
    if (flags.json === true) terminal.print(`${JSON.stringify({ event: "failed", error: text })}\n`);
    terminal.complain(`error: ${text}\n`);
    return EXIT.failed;
  }
}
