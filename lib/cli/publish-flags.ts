/** The flags of `craned publish`: a module of their own, so that other commands need not load what publishing does. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseRepositoryName, type RepositoryName } from "../core/reference.ts";
import { type Credentials, parseCredentials } from "../publish/registry/access.ts";
import { WEB_SERVERS, type WebServer } from "../publish/server-config.ts";
import { type PlatformChoice, parsePlatform } from "../publish/sources/platforms.ts";
import { parseTagChoice, type TagChoice } from "../publish/sources/selection.ts";
import { PUBLISH_HELP } from "./publish-help.ts";

/** The flags of `craned publish`, read. */
export interface PublishFlags {
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
  if (name === undefined) throw new InvalidArgumentError("Expected a repository name, such as team/app.");
  return name;
}

/** Reads an absolute URL; its final slash is added. */
export function parseUrl(text: string): string {
  if (!/^https?:\/\/[^/?#]/.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError("Expected an absolute http or https URL.");
  }
  return text.endsWith("/") ? text : `${text}/`;
}

export const REPOSITORY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function parseRepository(text: string): string {
  if (REPOSITORY_ID.test(text)) return text;
  throw new InvalidArgumentError("Expected letters, digits, '.', '_' and '-', the first a letter or a digit.");
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
