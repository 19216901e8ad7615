import * as v from "valibot";
import type { SearchResult } from "./result.ts";

const document = v.object({
  allTitle: v.fallback(v.string(), ""),
  ir_description: v.optional(v.unknown()),
  publishedAbstract: v.optional(v.unknown()),
  ir_automated: v.optional(v.unknown()),
  ir_official: v.optional(v.unknown()),
  ir_stars: v.fallback(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
  documentKind: v.optional(v.unknown()),
  c_pull_command: v.fallback(v.array(v.fallback(v.string(), "")), []),
});

const answer = v.object({ response: v.object({ docs: v.array(document) }) });

type Document = v.InferOutput<typeof document>;

// Crane's template is Python's, where a doubled brace stands for a brace: Solr's local parameters need them.
const IN_TEMPLATE = /\{\{|\}\}|\{0\}/g;

/** As Python's `quote`: slashes stay. */
const quoted = (text: string): string => encodeURIComponent(text.toWellFormed()).replaceAll("%2F", "/");

/** @param template a URL with `{0}` for what is searched */
export function solrUrl(template: string, q: string): string {
  return template.replace(IN_TEMPLATE, (placeholder) => (placeholder === "{0}" ? quoted(q) : placeholder.charAt(0)));
}

/** Certified software is named by the commands that pull it, everything else by its title. */
function namesOf({ documentKind, allTitle, c_pull_command }: Document): readonly string[] {
  if (documentKind !== "CertifiedSoftware") return [allTitle];
  return c_pull_command.map((command) => command.replace("docker pull", "").trim());
}

function resultsOf(document: Document): readonly SearchResult[] {
  const description = document.ir_description ?? document.publishedAbstract;
  const rest = {
    description: typeof description === "string" ? description : "",
    is_trusted: document.ir_automated === true,
    is_official: document.ir_official === true,
    star_count: document.ir_stars,
    should_filter: document.documentKind === "ImageRepository",
  };
  return namesOf(document).flatMap((name) => (name === "" ? [] : [{ name, ...rest }]));
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads Solr's answer to a query, in Solr's own order.
 *
 * @param bytes `{"response": {"docs": [{"allTitle", "ir_description", "ir_automated", "ir_official", "ir_stars"}…]}}`;
 *   fields of other types are ignored
 * @returns undefined when the bytes are no such answer
 */
export function readSolr(bytes: Uint8Array): readonly SearchResult[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
  const parsed = v.safeParse(answer, value);
  return parsed.success ? parsed.output.response.docs.flatMap(resultsOf) : undefined;
}
