import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A host of files, with the method and path of every request to it. */
export interface FileHost {
  readonly requests: () => readonly string[];
  readonly stop: () => unknown;
}

/** Starts the web server that Python comes with, which knows nothing of registries. */
export async function startPython(port: number, root: string): Promise<FileHost> {
  const command = ["python3", "-u", "-m", "http.server", `${port}`, "--bind", "127.0.0.1", "--directory", root];
  const log = join(root, "python.log");
  const child = Bun.spawn(command, { stdout: Bun.file(log), stderr: Bun.file(`${log}.requests`) });
  while (!existsSync(log) || !readFileSync(log, "utf8").includes("Serving HTTP")) await Bun.sleep(20);
  const requests = () =>
    [...readFileSync(`${log}.requests`, "utf8").matchAll(/"([A-Z]+ \S+) HTTP/g)].map(([, each = ""]) => each);
  return { requests, stop: () => child.kill() };
}
