/** @see RFC 8288 */

const isNext = (parameter: string): boolean => {
  const [name = "", value = ""] = parameter.split("=");
  const relations = value.trim().replaceAll('"', "").toLowerCase().split(/\s+/);
  return name.trim().toLowerCase() === "rel" && relations.includes("next");
};

/** The target of the link to the next page; undefined on the last. */
export function nextLink(header: string | null): string | undefined {
  for (const [, target, parameters = ""] of (header ?? "").matchAll(/<([^>]*)>([^<]*)/g)) {
    if (parameters.split(/[;,]/).some(isNext)) return target;
  }
  return undefined;
}
