/** A directory of files, or an archive of one: what layouts are read from. */
import { stat } from "node:fs/promises";
import { join, normalize } from "node:path";
import { codeOf } from "../publish-error.ts";
import { readWhole } from "./reading.ts";
import type { SourceFile } from "./source.ts";

/** Files by their path. */
export interface Bundle {
  /** What messages call it. */
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

/** The files of a directory; links are followed, as the directory is the operator's own. */
export function directoryBundle(directory: string): Bundle {
  return {
    name: directory,
    async open(path) {
      const inside = insidePath(path);
      if (inside === undefined) return undefined;
      const full = join(directory, inside);
      try {
        const status = await stat(full);
        if (!status.isFile()) return undefined;
        return { name: full, size: status.size, read: () => readWhole(full, status.size), path: full };
      } catch (error) {
        if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
        throw error;
      }
    },
    close: async () => {},
  };
}
