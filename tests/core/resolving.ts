/** Media types by short names, and resolution from a file's text on. */
import { parseAccept } from "../../lib/core/media-types.ts";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import { parseReference } from "../../lib/core/reference.ts";
import { type Resolution, resolveManifest } from "../../lib/core/resolve.ts";

export const SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
export const SCHEMA_1_UNSIGNED = "application/vnd.docker.distribution.manifest.v1+json";
export const SCHEMA_2 = "application/vnd.docker.distribution.manifest.v2+json";
export const LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const OCI = "application/vnd.oci.image.manifest.v1+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";

export const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

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

export const common = { repository: "r", "repo-registry-id": "team/app", url: "https://cdn.example.com/app/" };
export const fileOf = (fields: object): string => JSON.stringify({ ...common, ...fields });
