import type { SearchResult } from "./result.ts";
import { readXml } from "./xml.ts";

/** @param configured a URL, whose own parameters stay, but for another `q` */
export function gsaUrl(configured: string, q: string): string {
  const url = new URL(configured);
  url.searchParams.set("q", q);
  return url.href;
}

const DECLARED_ENCODING = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/;
const DECLARATION_LENGTH = 200;

// Those that Crane's own reader knew, but for UTF-16.
const ENCODINGS: ReadonlyMap<string, "utf-8" | "windows-1252"> = new Map([
  ["utf-8", "utf-8"],
  ["us-ascii", "utf-8"],
  ["iso-8859-1", "windows-1252"],
]);

/** @returns the text in the encoding that it declares, or undefined when it is not in that or it is none of ours */
function decode(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, DECLARATION_LENGTH)).toString("latin1");
  const encoding = ENCODINGS.get((DECLARED_ENCODING.exec(head)?.[1] ?? "utf-8").toLowerCase());
  if (encoding === undefined) return undefined;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Where the tags are, below the root. */
const PATH: readonly string[] = ["RES", "R", "MT"];

/** What the tags of one result say so far. */
interface Draft {
  name?: string;
  description: string;
}

const resultOf = ({ name, description }: Draft): readonly SearchResult[] =>
  name === undefined
    ? []
    : [{ name, description, is_trusted: false, is_official: false, star_count: 0, should_filter: true }];

/**
 * Reads what a Google Search Appliance answers (protocol 3.2), in its own order: in each `RES/R` below the root,
 * `<MT N="portal_name" V="…"/>` and `<MT N="portal_short_description" V="…"/>`; a result without a name is none.
 *
 * @returns undefined when it is nothing of the kind
 */
export function readGsa(bytes: Uint8Array): readonly SearchResult[] | undefined {
  const text = decode(bytes);
  if (text === undefined) return undefined;
  const results: SearchResult[] = [];
  let depth = 0;
  // How many of RES, R and MT the element that we are in stands below, each directly in the one before.
  let matched = 0;
  let isComplete = true;
  let draft: Draft = { description: "" };
  const take = (attributes: ReadonlyMap<string, string>) => {
    const kind = attributes.get("N");
    const value = attributes.get("V");
    if (kind !== "portal_name" && kind !== "portal_short_description") return;
    if (value === undefined) isComplete = false;
    else if (kind === "portal_name") draft.name = value;
    else draft.description = value;
  };
  const isSound = readXml(text, {
    onStart: (name, attributes) => {
      if (depth === matched + 1 && name === PATH[matched]) {
        matched++;
        if (name === "R") draft = { description: "" };
        if (name === "MT") take(attributes);
      }
      depth++;
    },
    onEnd: () => {
      depth--;
      if (depth !== matched || matched === 0) return;
      if (PATH[matched - 1] === "R") results.push(...resultOf(draft));
      matched--;
    },
  });
  return isSound && isComplete ? results : undefined;
}
