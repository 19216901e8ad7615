import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from "../core/reference.ts";

/** A name for images that have none. */
export interface GivenName {
  readonly name: RepositoryName;
  /** For the only image without a tag. */
  readonly tag: Tag | undefined;
}

/** Reads `name` or `name:tag`. @returns undefined when it breaks the grammar */
export function parseGivenName(text: string): GivenName | undefined {
  const [nameText = "", tagText] = text.split(":");
  const name = parseRepositoryName(nameText);
  const tag = tagText === undefined ? undefined : parseTag(tagText);
  return name === undefined || (tagText !== undefined && tag === undefined) ? undefined : { name, tag };
}
