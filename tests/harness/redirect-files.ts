/** Redirect files to test with, and what they name. */

export const SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
export const SCHEMA_1_UNSIGNED = "application/vnd.docker.distribution.manifest.v1+json";
export const SCHEMA_2 = "application/vnd.docker.distribution.manifest.v2+json";
export const LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const OCI = "application/vnd.oci.image.manifest.v1+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";

export const hex = (digit: string): string => digit.repeat(64);
export const digest = (digit: string): string => `sha256:${hex(digit)}`;

export const sha256 = (bytes: Uint8Array | string): string =>
  `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;

/** A descriptor of the kind that version 6 has, with its data. */
export function descriptorOf(mediaType: string, content: unknown, algorithm: "sha256" | "sha512" = "sha256") {
  const bytes = typeof content === "string" ? content : JSON.stringify(content);
  const hash = new Bun.CryptoHasher(algorithm).update(bytes).digest("hex");
  return {
    mediaType,
    digest: `${algorithm}:${hash}`,
    size: Buffer.byteLength(bytes),
    data: Buffer.from(bytes).toString("base64"),
  };
}

/** Makes a redirect file of a repository, whose url is `http://cdn.test/NAME/` unless given. */
export const redirectFile = <Fields extends object>(version: number, name: string, fields: Fields) => ({
  version,
  repository: name.replaceAll("/", "-"),
  "repo-registry-id": name,
  url: `http://cdn.test/${name}/`,
  ...fields,
});

const version =
  (number: number) =>
  <Fields extends object>(name: string, fields: Fields = {} as Fields) =>
    redirectFile(number, name, fields);

export const v1 = (name: string, fields: object = {}) => redirectFile(1, name, { images: [], tags: {}, ...fields });
export const [v2, v5, v6] = [version(2), version(5), version(6)];
export const v4 = (name: string, fields: object = {}) =>
  redirectFile(4, name, { schema2_data: [], manifest_list_data: [], manifest_list_amd64_tags: {}, ...fields });
