import type { SearchResult } from "./result.ts";

/** @param configured a URL, whose own parameters stay, except another `q` */
export function gsaUrl(configured: string, q: string): string {
  const url = new URL(configured);
  url.searchParams.set("q", q);
  return url.href;
}

/** @returns the child elements of that name of all these elements */
const childrenOf = (elements: readonly Bun.XML.Value[], name: string): readonly Bun.XML.Value[] =>
  elements.flatMap<Bun.XML.Value>((element) => (typeof element === "object" ? (element[name] ?? []) : []));

/** @throws {Error} when a tag that counts has no value */
function resultOf(element: Bun.XML.Value): readonly SearchResult[] {
  let name: string | undefined;
  let description = "";
  for (const tag of childrenOf([element], "MT")) {
    const { "@N": kind, "@V": value } = typeof tag === "object" ? tag : {};
    if (kind !== "portal_name" && kind !== "portal_short_description") continue;
    if (typeof value !== "string") throw new Error(`${kind} has no value`);
    if (kind === "portal_name") name = value;
    else description = value;
  }
  const rest = { is_trusted: false, is_official: false, star_count: 0, should_filter: true };
  return name === undefined ? [] : [{ name, description, ...rest }];
}

/**
 * Reads the answer of a Google Search Appliance (protocol 3.2), in its own order: in each `RES/R` below the root,
 * `<MT N="portal_name" V="…"/>` and `<MT N="portal_short_description" V="…"/>`. A result without a name is skipped.
 *
 * @returns undefined when the bytes are no such answer
 */
export function readGsa(bytes: Uint8Array): readonly SearchResult[] | undefined {
  try {
    const roots = Object.values(Bun.XML.parse(bytes));
    return childrenOf(childrenOf(roots, "RES"), "R").flatMap(resultOf);
  } catch {
    return undefined;
  }
}
