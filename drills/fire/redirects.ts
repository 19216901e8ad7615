/** Redirect files all of which tells their generation, so that a mixture of two would show. */
import { v1, v5 } from "../../tests/harness/redirect-files.ts";

/** How an ordinary client asks. */
export const SCHEMA_2 = { Accept: "application/vnd.docker.distribution.manifest.v2+json" };

const hex = (generation: number): string => generation.toString(16).padStart(64, "0");

export const digestOf = (generation: number): string => `sha256:${hex(generation)}`;

/** The tags of a generation, in the order of a list of tags. */
export const tagsOf = (generation: number): readonly string[] => ["always", `only-${generation}`];

/** A file of version 5. */
export const v2File = (name: string, generation: number): string =>
  JSON.stringify(
    v5(name, {
      url: `http://cdn.test/${name}/${generation}/`,
      schema2_data: [...tagsOf(generation), digestOf(generation)],
    }),
  );

/** A file of version 1, with one image. */
export const v1File = (name: string, generation: number): string =>
  JSON.stringify(
    v1(name, {
      url: `http://cdn.test/${name}/${generation}/`,
      images: [{ id: hex(generation) }],
      tags: { always: hex(generation) },
    }),
  );

/** The generation that a redirect of v2 tells of, signed or not; undefined when two are mixed in it, or it is none. */
export function generationOf(location: string | null, name: string): number | undefined {
  const [, digits = "", kind, reference = ""] =
    new RegExp(`^http://cdn\\.test/${name}/(\\d+)/(manifests/2|blobs)/(.*)$`).exec(
      (location ?? "").replace(/\?.*/, ""),
    ) ?? [];
  const generation = Number(digits);
  const isWhole = kind === "blobs" || [...tagsOf(generation), digestOf(generation)].includes(reference);
  return digits !== "" && isWhole ? generation : undefined;
}
