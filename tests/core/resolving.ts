/** Resolution from a file's text on. */
import { parseAccept } from "../../lib/core/media-types.ts";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import { parseReference } from "../../lib/core/reference.ts";
import { type Resolution, resolveManifest } from "../../lib/core/resolve.ts";

export function resolve(json: string, reference: string, accept: string | undefined): Resolution {
  const parsed = parseRedirectFile(new TextEncoder().encode(json));
  const known = parseReference(reference);
  if (!parsed.ok || parsed.repository.api !== "v2" || known === undefined) {
    throw new Error(`not a v2 file and a reference: ${json} ${reference}`);
  }
  return resolveManifest(parsed.repository, known, parseAccept(accept));
}

export const pathOf = (resolution: Resolution): string | undefined =>
  resolution.kind === "path" ? resolution.path : undefined;
