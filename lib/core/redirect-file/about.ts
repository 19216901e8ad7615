/** The fields that search results show; every version may have them. */
import * as v from "valibot";
import type { About } from "./repository.ts";

const STAR_COUNT = "a whole number, 0 or more";

export const aboutFields = {
  description: v.optional(v.pipe(v.string("a string"), v.description("Shown in search results."))),
  star_count: v.optional(
    v.pipe(
      v.number(STAR_COUNT),
      v.safeInteger(STAR_COUNT),
      v.minValue(0, STAR_COUNT),
      v.description("Shown in search results; orders them."),
    ),
  ),
  is_official: v.optional(v.pipe(v.boolean("true or false"), v.description("Shown in search results."))),
  is_trusted: v.optional(v.pipe(v.boolean("true or false"), v.description("Shown in search results."))),
};

/** These fields, as their schemas give them. */
export interface AboutFile {
  readonly description?: string | undefined;
  readonly star_count?: number | undefined;
  readonly is_official?: boolean | undefined;
  readonly is_trusted?: boolean | undefined;
}

/** @returns undefined, which costs no memory, when the file has none of these fields */
export function aboutOf(file: AboutFile): About | undefined {
  const { description = "", star_count = 0, is_official = false, is_trusted = false } = file;
  if (description === "" && star_count === 0 && !is_official && !is_trusted) return undefined;
  return { description, starCount: star_count, isOfficial: is_official, isTrusted: is_trusted };
}
