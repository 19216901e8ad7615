import { type Command, InvalidArgumentError, Option } from "commander";
import { openSource } from "../publish/open-source.ts";
import { inPlaces } from "../publish/places.ts";
import { type PublishOptions, publish as publishAll } from "../publish/publish.ts";
import { describeError } from "../publish/publish-error.ts";
import { type Credentials, parseCredentials } from "../publish/registry/credentials.ts";
import { s3ConnectionOf } from "../publish/s3-settings.ts";
import { parseTagChoice, type TagChoice } from "../publish/selection.ts";
import { serverConfig, WEB_SERVERS, type WebServer } from "../publish/server-config.ts";
import { parseRepositoryName, type RepositoryName } from "../reference.ts";
import { progressFor } from "./publish-progress.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

const HELP = `
The source is an OCI image layout (skopeo copy … oci:dir:tag, buildah push … oci:dir:tag) or a docker-archive
(docker save, skopeo copy … docker-archive:file), each as a directory or an uncompressed tar file. Every byte is
checked against its digest on the way in. Layers of a docker-archive are compressed; all else is published as it is.

It may also be a repository of a running registry: docker://host/name:tag, docker://host/name@digest, or all its tags
with docker://host/name. What refers to an image, as signatures do, comes along. Logins of podman, skopeo and docker
are used; --src-tls-verify=false asks a registry that has no certificate, or one that nobody vouches for.

  <content>/<repository>/       manifests, blobs and tags, for a web server that <url> leads to
  <metadata>/v2/<repository>.json   the redirect file for craned serve --data-dir <metadata>
  <metadata>/v1/<repository>.json   with --v1: the one for clients that only speak v1

The repository then has the tags of the source and no others, unless --keep-tags is given. Publishing again moves
only what changed. The redirect file is replaced last: a publish that fails or is killed leaves what was there before
whole, and the next one goes on from there. Blobs are hard links to the files of an OCI layout where the file system
allows that, which takes no space: don't change those files in place.

Either place may also be in a bucket, as s3://bucket/prefix: the keys are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
AWS_SESSION_TOKEN. What is there with the right size and Content-Type is not sent again.

Nothing is removed unless --prune-after is given. Then files go that nothing has referred to for that long; give it
longer than any pull takes.

Examples:
  skopeo copy --all docker://registry.example.com/library/alpine:3.20 oci:layout:3.20
  craned publish layout --name library/alpine --url https://cdn.example.com/images \\
      --content /srv/images --metadata /srv/metadata
  craned publish docker://registry.example.com/team/app --name team/app --url … --content … --metadata …
  docker save team/app:1.0 > app.tar
  craned publish app.tar --name team/app --tag 1.0 --tag latest=1.0 --keep-tags --url … --content … --metadata …
  craned publish layout … --prune-after 7d --dry-run
  craned publish layout … --content s3://images/v2 --s3-endpoint https://s3.example.com --s3-region eu-west-1
  craned publish --server-config nginx > /etc/nginx/snippets/craned.conf
`;

interface PublishFlags {
  readonly name?: RepositoryName;
  readonly url?: string;
  readonly content?: string;
  readonly metadata?: string;
  readonly repository?: string;
  readonly tag: readonly TagChoice[];
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

/** Gives the command its arguments, flags and help. */
export function describePublish(command: Command): Command {
  return command
    .description("Make the static files and the redirect file of a repository from images")
    .argument("[source]", "An OCI image layout or a docker-archive (a directory or a tar file), or docker://host/name")
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
    .option("--v1", "Also for clients that only speak v1")
    .option("--protected", "Only for clients that are entitled to the url")
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
    .addHelpText("after", HELP);
}

interface Request {
  readonly source: string;
  readonly content: string;
  readonly metadata: string;
  readonly options: PublishOptions;
}

/** @returns what is missing, when something is */
function requestOf(source: string | undefined, flags: PublishFlags): Request | string {
  const { name, url, content, metadata } = flags;
  if (source === undefined) return "missing required argument 'source'";
  if (name === undefined) return "required option '--name <name>' not specified";
  if (content === undefined) return "required option '--content <dir>' not specified";
  if (url === undefined) return "required option '--url <url>' not specified";
  if (metadata === undefined) return "required option '--metadata <dir>' not specified";
  if (flags.v1 === true && name.split("/").length > 2)
    return `a v1 name has at most one slash: --v1 can't publish ${name}`;
  const repository = flags.repository ?? name.replaceAll("/", "-");
  const options: PublishOptions = {
    name,
    repository,
    url: `${url}${repository}/`,
    isProtected: flags.protected === true,
    tags: flags.tag,
    withV1: flags.v1 === true,
    keepTags: flags.keepTags === true,
    keepUntagged: flags.keepUntagged === true,
    pruneAfter: flags.pruneAfter,
    isDryRun: flags.dryRun === true,
  };
  return { source, content, metadata, options };
}

/** `craned publish`: from images to files that a web server can serve. */
export async function publish(source: string | undefined, flags: PublishFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.serverConfig !== undefined) {
    terminal.print(serverConfig(flags.serverConfig));
    return EXIT.ok;
  }
  const request = requestOf(source, flags);
  if (typeof request === "string") {
    terminal.complain(`error: ${request}\n(craned help publish says how it is used)\n`);
    return EXIT.usage;
  }
  const { content, metadata, options } = request;
  const { repository, isDryRun } = options;
  const progress = progressFor(terminal, flags.json === true, () => performance.now());
  if (isDryRun && flags.json !== true) terminal.complain("A dry run: nothing is changed.\n");
  try {
    const s3 = { endpoint: flags.s3Endpoint, region: flags.s3Region };
    const connection = () => s3ConnectionOf(s3, terminal.environment);
    const access = {
      credentials: flags.srcCreds,
      authFile: flags.srcAuthfile,
      verifyTls: flags.srcTlsVerify,
      environment: terminal.environment,
    };
    await inPlaces({ content, metadata, repository, mayLink: flags.copy !== true, isDryRun, connection }, (places) =>
      publishAll((workshop) => openSource(request.source, workshop, access), options, places, progress.report),
    );
    progress.end();
    return EXIT.ok;
  } catch (error) {
    progress.end();
    const text = describeError(error);
    if (flags.json === true) terminal.print(`${JSON.stringify({ event: "failed", error: text })}\n`);
    terminal.complain(`error: ${text}\n`);
    return EXIT.failed;
  }
}
