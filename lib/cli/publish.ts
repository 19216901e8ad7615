import { type Command, InvalidArgumentError, Option } from "commander";
import type { Report } from "../publish/events.ts";
import { openSource } from "../publish/sources/open-source.ts";
import { inPlaces } from "../publish/targets/places.ts";
import { type PublishOptions, publish as publishAll } from "../publish/publish.ts";
import { describeError } from "../publish/publish-error.ts";
import { PULP_PREFIX, upgradePulp } from "../publish/pulp/upgrade.ts";
import { type Credentials, parseCredentials } from "../publish/registry/access.ts";
import { s3ConnectionOf } from "../publish/targets/s3-places.ts";
import { type PlatformChoice, parsePlatform } from "../publish/sources/platforms.ts";
import { parseTagChoice, type TagChoice } from "../publish/sources/selection.ts";
import { serverConfig, WEB_SERVERS, type WebServer } from "../publish/server-config.ts";
import { parseRepositoryName, type RepositoryName } from "../core/reference.ts";
import { PUBLISH_HELP } from "./publish-help.ts";
import { progressFor } from "./publish-progress.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

interface PublishFlags {
  readonly name?: RepositoryName;
  readonly url?: string;
  readonly content?: string;
  readonly metadata?: string;
  readonly repository?: string;
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

function parseRepository(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(text)) return text;
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

function parseAge(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  if (count !== "" && Number.isFinite(seconds)) return seconds;
  throw new InvalidArgumentError("Expected a number and its unit, as 90s, 30m, 12h or 7d.");
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
    .description("Make the static files and the redirect file of a repository from images")
    .argument(
      "[source]",
      "An OCI image layout or a docker-archive: a directory or a tar file; docker://host/name; pulp:dir",
    )
    .optionsGroup("What and where:")
    .option("--name <name>", "The name that clients use, as team/app", parseName)
    .option("--content <dir>", "Directory (or s3://…) of the published files; the repository gets one in it")
    .option("--url <url>", "Where clients find that directory: <url>/<repository>/ is the repository's", parseUrl)
    .option("--metadata <dir>", "Directory (or s3://…) of the redirect files")
    .option("--repository <id>", "The repository's directory (default: the name, with - for /)", parseRepository)
    .optionsGroup("Which images:")
    .addOption(
      new Option(
        "--tag <tag[=image]>",
        "Publish this tag only, of the image with that name, tag or digest in the source; may be repeated",
      )
        .argParser(addTag)
        .default([], "all tags of the source"),
    )
    .option("--source-name <name>", "Of a source with images of several repositories, publish those of this one")
    .addOption(
      new Option("--platform <os/arch[/variant]>", "Of image indexes, publish the images for this; may be repeated")
        .argParser(addPlatform)
        .default([], "all that the source has"),
    )
    .option("--no-referrers", "Leave out signatures and whatever else refers to the images")
    .option("--require-referrers", "Fail when a registry does not tell what refers to an image")
    .option("--keep-layers", "Publish layers that docker save left uncompressed as they are")
    .option("--v1", "Also for clients that only speak v1")
    .option("--protected", "Only for clients that are entitled to the url (default: as it is)")
    .option("--no-protected", "For everybody, though it was protected")
    .optionsGroup("Upkeep:")
    .option("--keep-tags", "Keep tags that the source does not have")
    .option("--keep-untagged", "Keep what no tag leads to any more, to be pulled by digest")
    .option("--prune-after <age>", "Remove files that nothing has referred to for so long, as 12h or 7d", parseAge)
    .option("--copy", "Copy blobs, also where a hard link would do")
    .optionsGroup("Registry:")
    .option("--src-creds <user:password>", "The login (default: that of podman, skopeo or docker)", parseLogin)
    .option("--src-authfile <file>", "The file to look for the login in, instead of the usual ones")
    .addOption(
      new Option("--src-tls-verify <bool>", "false: take any certificate, or none").argParser(parseBool).default(true),
    )
    .optionsGroup("S3:")
    .option("--s3-endpoint <url>", "The S3 server (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, Amazon's)")
    .option("--s3-region <region>", "Its region (default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1)")
    .optionsGroup("How:")
    .option("--dry-run", "Say what would be done, and do nothing")
    .option("--json", "Tell of progress in JSON, one event a line, to standard output")
    .addOption(
      new Option("--server-config <server>", "Print what a web server needs to send the right types, and end").choices([
        ...WEB_SERVERS,
      ]),
    )
    .addHelpText("after", PUBLISH_HELP);
}

interface Request {
  readonly content: string;
  readonly metadata: string;
  readonly options: PublishOptions;
}

type Work = (report: Report) => Promise<void>;

/** @returns what is missing, when something is */
function upgradeOf(content: string, { name, metadata, dryRun }: PublishFlags): Work | string {
  if (metadata === undefined) return "required option '--metadata <dir>' not specified";
  return (report) => upgradePulp({ content, metadata, name, isDryRun: dryRun === true }, report);
}

/** @returns what is missing, when something is */
function requestOf(flags: PublishFlags): Request | string {
  const { name, url, content, metadata } = flags;
  if (name === undefined) return "required option '--name <name>' not specified";
  if (content === undefined) return "required option '--content <dir>' not specified";
  if (url === undefined) return "required option '--url <url>' not specified";
  if (metadata === undefined) return "required option '--metadata <dir>' not specified";
  if (flags.v1 === true && name.split("/").length > 2)
    return `a v1 name has at most one slash: --v1 can't publish ${name}`;
  const repository = flags.repository ?? directoryOf(name);
  const options: PublishOptions = {
    name,
    repository,
    url: `${url}${repository}/`,
    isProtected: flags.protected,
    tags: flags.tag,
    sourceName: flags.sourceName,
    platforms: flags.platform,
    withReferrers: flags.referrers,
    withV1: flags.v1 === true,
    keepTags: flags.keepTags === true,
    keepUntagged: flags.keepUntagged === true,
    pruneAfter: flags.pruneAfter,
    isDryRun: flags.dryRun === true,
  };
  return { content, metadata, options };
}

/** What a command line asks for. @returns what is missing, when something is */
function workOf(source: string | undefined, flags: PublishFlags, { environment }: Terminal): Work | string {
  if (source === undefined) return "missing required argument 'source'";
  if (source.startsWith(PULP_PREFIX)) return upgradeOf(source.slice(PULP_PREFIX.length), flags);
  const request = requestOf(flags);
  if (typeof request === "string") return request;
  const { options, ...where } = request;
  const { repository, isDryRun } = options;
  const access = {
    credentials: flags.srcCreds,
    authFile: flags.srcAuthfile,
    verifyTls: flags.srcTlsVerify,
    environment,
  };
  const connection = () => s3ConnectionOf({ endpoint: flags.s3Endpoint, region: flags.s3Region }, environment);
  const sourceOptions = {
    access,
    requireReferrers: flags.requireReferrers === true,
    keepLayers: flags.keepLayers === true,
    standardInput: () => Bun.stdin.stream(),
  };
  return (report) =>
    inPlaces({ ...where, repository, mayLink: flags.copy !== true, isDryRun, connection }, (places) =>
      publishAll((workshop) => openSource(source, workshop, sourceOptions), options, places, report),
    );
}

/** `craned publish`: from images to files that a web server can serve. */
export async function publish(source: string | undefined, flags: PublishFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.serverConfig !== undefined) {
    terminal.print(serverConfig(flags.serverConfig));
    return EXIT.ok;
  }
  const work = workOf(source, flags, terminal);
  if (typeof work === "string") {
    terminal.complain(`error: ${work}\n(craned help publish says how it is used)\n`);
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
