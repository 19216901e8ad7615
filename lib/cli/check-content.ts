import { stat } from "node:fs/promises";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import {
  type Catalog,
  comparePaths,
  imageOwner,
  servedFrom,
  v1Repository,
  v2Repository,
} from "../core/catalog/catalog.ts";
import { createLocations } from "../core/location/location.ts";
import { parseImageId } from "../core/reference.ts";
import { describeError } from "../publish/publish-error.ts";
import { directoryHost } from "../publish/verify/directory-host.ts";
import type { Host } from "../publish/verify/host.ts";
import { httpHost } from "../publish/verify/http-host.ts";
import { type ContentFinding, type Served, verifyContent } from "../publish/verify/verify.ts";
import { secondsNow } from "../server/compose.ts";

const HELP = `
--content <dir> reads every manifest and blob in <dir>/<repository>/, where craned publish wrote it, and compares it with
its digest. --content served does so in the two directories of [serve_content]. --content http asks the host of each
file's url instead, rewritten and signed as [cdn] says: each blob must exist, have its size and honour Range. Manifests
that craned sends itself (version 6) need no host; those of versions 2 to 5 must come with the right Content-Type and
bytes. --download fetches and hashes blobs too. Each repository is reported in a few lines, with a hint.

--json prints {"ok", "dataDir", "files": {"good", "inError"}, "repositories": {"v1", "v2"}, "findings"}; each finding
has "level" (error, warning, hint or ok), "of" (configuration, redirect file or content), "text" and, for a redirect file,
"path". Without a data directory in the configuration, there are only "ok" and "findings".

Examples:
  craned check --data-dir ./metadata --content /srv/images
  craned check -c /etc/crane.conf --content http --download
`;

/** Gives the command its flags for content, and their help. */
export function describeCheckContent(command: Command): Command {
  return command
    .optionsGroup("Content:")
    .option("--content <where>", "Also verify the content that the files lead to: a directory, 'served' or 'http'")
    .option("--download", "With --content http: fetch and hash blobs too")
    .optionsGroup("Output:")
    .option("--json", "Print one JSON object instead of lines")
    .addHelpText("after", HELP);
}

/** Every redirect file that serves a name, by path. */
function servedIn(catalog: Catalog): readonly Served[] {
  const of = (api: "v1" | "v2"): readonly Served[] =>
    catalog[api].names.flatMap((name) => {
      const repository = api === "v1" ? v1Repository(catalog, name) : v2Repository(catalog, name);
      const path = servedFrom(catalog, api, name);
      return repository === undefined || path === undefined ? [] : [{ path, repository }];
    });
  return [...of("v1"), ...of("v2")].sort((a, b) => comparePaths(a.path, b.path));
}

async function directoriesOf(content: string, { serveContent }: Config) {
  const { contentDirV1: v1, contentDirV2: v2 } = serveContent;
  const directories = content === "served" ? { v1, v2 } : { v1: content, v2: content };
  for (const directory of Object.values(directories)) await stat(directory);
  return directories;
}

async function hostOf(content: string, downloads: boolean, config: Config): Promise<Host> {
  if (content !== "http") return directoryHost(await directoriesOf(content, config));
  const locations = createLocations(config.cdn, secondsNow);
  return httpHost({
    locate: (api, url, path, method) => locations[api](url, path, method),
    downloads,
  });
}

/**
 * Verifies what redirect files lead to, if that is asked for.
 *
 * @param add receives each finding
 */
export async function checkContent(
  catalog: Catalog,
  config: Config,
  options: Readonly<Record<string, unknown>>,
  add: (finding: ContentFinding) => void,
): Promise<void> {
  const { content } = options;
  if (typeof content !== "string") return;
  const isServed = (text: string) => {
    const id = parseImageId(text);
    return id !== undefined && imageOwner(catalog, id, () => true) !== undefined;
  };
  try {
    const host = await hostOf(content, options["download"] === true, config);
    await verifyContent(servedIn(catalog), host, isServed, add);
  } catch (error) {
    add({ level: "error", text: `--content ${content}: ${describeError(error)}` });
  }
}
