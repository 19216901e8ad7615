import { closest, distance } from "fastest-levenshtein";
import { type Fault, fieldAt, MAX_FAULTS, show, type Warning } from "./fault.ts";

const PROTECTED = "protected";

/** A transposition counts as one letter too. */
function isNearlyProtected(field: string): boolean {
  const lower = field.toLowerCase();
  if (Math.abs(lower.length - PROTECTED.length) > 1) return false;
  if (distance(lower, PROTECTED) <= 1) return true;
  return Array.from(lower).some((_, at) => {
    const [first = "", second = ""] = lower.slice(at, at + 2);
    return `${lower.slice(0, at)}${second}${first}${lower.slice(at + 2)}` === PROTECTED;
  });
}

// Comparing takes the product of both lengths, and a hostile file chooses one of them.
const MAX_COMPARED = 80;

/**
 * Names the fields of a file that its version does not have. They are ignored, but for one that looks like
 * `protected`: ignoring that would open the repository to all clients.
 *
 * @param known the fields of the file's version
 * @param others the fields of all versions
 */
export function unknownFields(
  version: number,
  fields: readonly string[],
  known: readonly string[],
  others: ReadonlySet<string>,
): { readonly faults: readonly Fault[]; readonly warnings: readonly Warning[] } {
  const faults: Fault[] = [];
  const warnings: Warning[] = [];
  for (const name of fields) {
    if (known.includes(name)) continue;
    const field = fieldAt(name);
    if (isNearlyProtected(name)) {
      faults.push({ field, expected: "this field to be spelt protected", received: show(name) });
    } else if (warnings.length < MAX_FAULTS) {
      const compared = name.slice(0, MAX_COMPARED).toLowerCase();
      const hint = others.has(name) ? "" : `; the nearest field is ${closest(compared, known)}`;
      warnings.push({ field, message: `not a field of version ${version}, ignored${hint}` });
    }
  }
  return { faults, warnings };
}
