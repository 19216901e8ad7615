import { readFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "./craned.ts";
import { whereIs } from "./programs.ts";

/** A static host that knows nothing of registries. */
export interface Nginx {
  /** What it was asked for so far: the path of every request. */
  readonly requests: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** A port of the loopback that was free a moment ago. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Resolves when nginx has said that it listens, which it does only after the socket is open. */
async function untilListening(stderr: ReadableStream<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const read = async () => {
      for await (const chunk of stderr) {
        said += decoder.decode(chunk, { stream: true });
        if (said.includes("[notice]") && said.includes("OS: ")) resolve();
      }
      reject(new Error(`nginx ended:\n${said}`));
    };
    read().catch(reject);
  });
}

/**
 * Starts nginx on a directory.
 *
 * @param server what its server block has beside the port and the root
 */
export const startNginx = (port: number, root: string, server: string): Promise<Nginx> =>
  startNginxWith(`server {
          listen 127.0.0.1:${port};
          root ${root};
          ${server}
        }`);

/** Starts nginx. @param blocks what its http block has beside logs and directories for temporary files */
export async function startNginxWith(blocks: string): Promise<Nginx> {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
  const work = scratch({
    "nginx.conf": `
      daemon off;
      master_process off;
      pid nginx.pid;
      error_log stderr notice;
      events {}
      http {
        log_format path $uri;
        access_log access.log path;
        ${temporary.join("\n")}
        ${blocks}
      }`,
  });
  const command = [whereIs("nginx") ?? "nginx", "-e", "stderr", "-p", work.path, "-c", join(work.path, "nginx.conf")];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const stop = async () => {
    child.kill("SIGTERM");
    await child.exited;
    work.remove();
  };
  try {
    await untilListening(child.stderr);
  } catch (error) {
    await stop();
    throw error;
  }
  return { requests: () => readFileSync(join(work.path, "access.log"), "utf8").split("\n"), stop };
}
