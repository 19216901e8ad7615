/** A directory of files, or an archive of one: what layouts are read from. */
import { realpath, stat } from "node:fs/promises";
import { join, normalize, sep } from "node:path";
import { isAbsent } from "../../system-error.ts";
import { broken } from "../publish-error.ts";
import { readWhole } from "./reading.ts";
import type { SourceFile } from "./source.ts";

/** Files by their path. */
export interface Bundle {
  /** Its name in messages. */
  readonly name: string;
  /** @returns undefined when there is no such file inside */
  readonly open: (path: string) => Promise<SourceFile | undefined>;
  readonly close: () => Promise<void>;
}

/** A path inside, without `.` and `..`; undefined when it leads outside. */
export function insidePath(path: string): string | undefined {
  const plain = normalize(path).replace(/\/$/, "");
  return plain.startsWith("/") || plain === ".." || plain.startsWith("../") || plain.includes("\0") ? undefined : plain;
}

/** The files of a directory; links have to lead to files inside it. */
export async function directoryBundle(directory: string): Promise<Bundle> {
  const root = await realpath(directory);
  return {
    name: directory,
    async open(path) {
      const inside = insidePath(path);
      if (inside === undefined) return undefined;
      const full = join(directory, inside);
      try {
        const real = await realpath(full);
        // The author of a layout may not be the one who publishes it, and may not read everything on this machine.
        if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
          throw broken(full, "", `a file inside ${directory}`, "a link that leads outside");
        }
        const status = await stat(real);
        if (!status.isFile()) return undefined;
        const read = () => readWhole(real, status.size);
        return { name: full, size: status.size, read, path: full, part: { path: real, start: 0 } };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    close: async () => {},
  };
}
