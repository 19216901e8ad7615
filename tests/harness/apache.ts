import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "./craned.ts";
import { whereIs } from "./programs.ts";

/** Where Debian and its relatives, and Red Hat's, keep what Apache loads. */
const MODULES = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules"].find(existsSync) ?? "modules";

/** What Debian has on from the start, and what deploy/apache.conf says that it needs. */
const NEEDED = ["mpm_event", "authz_core", "alias", "headers", "proxy", "proxy_http", "ssl"];

/** A running Apache. */
export interface Apache {
  /** Everything in its error log so far. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Whether it has a module, which some are packages of their own for. */
export const hasApacheModule = (name: string): boolean => existsSync(join(MODULES, `mod_${name}.so`));

/**
 * Starts Apache, and waits until it says that it listens.
 *
 * @param site one file of its sites
 * @param more names of modules beside those that deploy/apache.conf cannot do without
 */
export async function startApache(site: string, more: readonly string[] = []): Promise<Apache> {
  const work = scratch({ "site.conf": site });
  const log = join(work.path, "error.log");
  const modules = [...NEEDED, ...more].map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`);
  const lines = [
    `ServerRoot ${work.path}`,
    `DefaultRuntimeDir ${work.path}`,
    `PidFile ${work.path}/pid`,
    "ServerName localhost",
    `ErrorLog ${log}`,
    ...modules,
    "User nobody",
    "<Directory />\n  Require all denied\n</Directory>",
    `Include ${work.path}/site.conf`,
  ];
  const configuration = work.write("httpd.conf", `${lines.join("\n")}\n`);
  const program = whereIs("apache2") ?? whereIs("httpd") ?? "apache2";
  const child = Bun.spawn([program, "-f", configuration, "-D", "FOREGROUND"], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const written = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  const stop = async () => {
    child.kill("SIGTERM");
    await child.exited;
    work.remove();
  };
  while (!written().includes("resuming normal operations")) {
    if (child.exitCode !== null) {
      const said = await new Response(child.stderr).text();
      const logged = written();
      work.remove();
      throw new Error(`Apache ended:\n${said}${logged}`);
    }
    await Bun.sleep(10);
  }
  return { log: written, stop };
}
