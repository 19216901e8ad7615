import { join } from "node:path";
import { scratch } from "./craned.ts";
import { type Ran, run } from "./programs.ts";

/** A podman that shares nothing with the machine's. */
export interface Podman {
  /** Runs a command to its end. */
  readonly run: (...args: readonly string[]) => Promise<Ran>;
  /** Runs one that has to succeed, and tells the last line that it printed. */
  readonly last: (...args: readonly string[]) => Promise<string>;
  /** Pulls from a registry without TLS, and tells the image's id. */
  readonly pull: (image: string, ...more: readonly string[]) => Promise<string>;
  /** Where a pulled image is mounted. */
  readonly mount: (image: string) => Promise<string>;
  readonly remove: () => Promise<void>;
}

/** Makes an empty podman in a directory of its own. */
export function freshPodman(): Podman {
  const { path, remove } = scratch();
  const storage = ["--root", join(path, "root"), "--runroot", join(path, "run"), "--storage-driver", "vfs"];
  const command = ["podman", ...storage, "--tmpdir", join(path, "tmp")];
  const runPodman = (...args: readonly string[]) => run([...command, ...args]);
  const last = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await runPodman(...args);
    if (code !== 0) throw new Error(`podman ${args.join(" ")}\nended with ${code}:\n${err}`);
    return out.trimEnd().split("\n").at(-1) ?? "";
  };
  return {
    run: runPodman,
    last,
    pull: (image, ...more) => last("pull", "--quiet", "--tls-verify=false", ...more, image),
    mount: (image) => last("image", "mount", image),
    remove: async () => {
      await runPodman("image", "unmount", "--all", "--force");
      await runPodman("rmi", "--all", "--force");
      remove();
    },
  };
}
