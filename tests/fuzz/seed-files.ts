import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Inputs that showed something once, or could: file names and bytes. */
export function seedsOf(
  kind: "requests" | "redirect-files" | "configuration",
): readonly (readonly [name: string, bytes: Buffer])[] {
  const directory = join(import.meta.dir, "seeds", kind);
  return readdirSync(directory)
    .sort()
    .map((name) => [name, readFileSync(join(directory, name))]);
}

/** Another one is tried by FUZZ_SEED; each failure says which it was. */
export const SEED = Number(process.env["FUZZ_SEED"] ?? 20_141_119);
