/** Templates of the places of blobs, such as `blobs/{algorithm}/{hex}`. */
import type { Digest } from "../reference.ts";

/** The template of an OCI image layout. */
export const OCI_LAYOUT_BLOBS = "blobs/{algorithm}/{hex}";

const VARIABLE = /\{(digest|algorithm|hex|hex:2)\}/g;
const NAMES_A_BLOB = /\{(?:digest|hex)\}/;
const RELATIVE = /^(?![./]|[a-z][a-z0-9+.-]*:)[\w.~!$&'()*+,;=:@%/-]+$/i;
const ABSOLUTE = /^https?:\/\/[\w.~!$&'()*+,;=:@%[\]-]+\/[\w.~!$&'()*+,;=:@%/-]*$/i;
const EMPTY_OR_DOTS = /(?:^|\/)(?:\.{0,2}|(?:\.|%2e)+)(?:\/|$)/i;

/** Fills a digest into a template. @returns a path below the repository's url, or an absolute URL */
export function fillTemplate(template: string, digest: Digest): string {
  const colon = digest.indexOf(":");
  const hex = digest.slice(colon + 1);
  return template.replace(VARIABLE, (_, variable: string) => {
    if (variable === "digest") return digest;
    if (variable === "algorithm") return digest.slice(0, colon);
    return variable === "hex" ? hex : hex.slice(0, 2);
  });
}

/** @returns the template, or undefined when it has no {digest} or {hex}, or would not give a plain path or URL */
export function parseTemplate(text: string): string | undefined {
  if (!NAMES_A_BLOB.test(text)) return undefined;
  const filled = text.replace(VARIABLE, "0");
  if (ABSOLUTE.test(filled)) {
    const path = filled.slice(filled.indexOf("/", "https://".length));
    return URL.canParse(filled) && !EMPTY_OR_DOTS.test(path.slice(1)) ? text : undefined;
  }
  return RELATIVE.test(filled) && !EMPTY_OR_DOTS.test(filled) ? text : undefined;
}

/** Tells an absolute URL from a path below a repository's url. */
export const isAbsoluteUrl = (path: string): boolean => /^https?:\/\//i.test(path);
