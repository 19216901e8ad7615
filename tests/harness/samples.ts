/** The sample configurations of deploy/, in the very files that people copy. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Returns a sample with some of its texts replaced; each has to be there. */
export function sample(name: string, replacements: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(import.meta.dir, "../../deploy", name), "utf8");
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}
