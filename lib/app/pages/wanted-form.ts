import { weighRanges } from "../../core/media-types.ts";

/**
 * Which form of a page an Accept header asks for: JSON when it is wanted more than HTML, HTML otherwise, as for who
 * takes anything. A range for everything says nothing of either.
 */
export function wantedForm(accept: string | undefined): "json" | "html" {
  const weights = weighRanges(accept ?? "");
  const json = weights.get("application/json") ?? weights.get("application/*") ?? 0;
  const html = weights.get("text/html") ?? weights.get("text/*") ?? 0;
  return json > html ? "json" : "html";
}

/** Tells whether an Accept header names HTML, as those of browsers do. */
export const wantsHtml = (accept: string | undefined): boolean => (weighRanges(accept ?? "").get("text/html") ?? 0) > 0;
