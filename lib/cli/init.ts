import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { configurationTemplate } from "../config/template.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";

const nextSteps = (configuration: string, metadata: string): string => `
Next:
  1. Publish an image: its files go to a web server, and its redirect file into ${metadata}:
       docker save team/app:1.0 > app.tar
       craned publish app.tar --name team/app --url https://cdn.example.com/images \\
           --content /srv/images --metadata ${metadata}
  2. Check the configuration and the redirect files:
       craned check --config ${configuration}
  3. Serve them:
       craned serve --config ${configuration}
`;

/** `craned init`: writes a configuration and makes an empty data directory. What is there stays as it is. */
export function init(directory: string, terminal: Terminal): ExitCode {
  const configuration = resolve(directory, "crane.conf");
  const metadata = join(resolve(directory), "metadata");
  try {
    mkdirSync(metadata, { recursive: true });
    writeFileSync(configuration, configurationTemplate(metadata), { flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason = code === "EEXIST" ? "it is there already; remove it, or choose another directory" : String(error);
    terminal.complain(`error: ${configuration}: ${reason}\n`);
    return EXIT.failed;
  }
  terminal.print(`Wrote ${configuration} and the directory ${metadata}.\n${nextSteps(configuration, metadata)}`);
  return EXIT.ok;
}
