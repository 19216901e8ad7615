import { parseRepositoryName } from "../core/reference.ts";
import { isAddress, isHostName } from "./addresses.ts";
import { quote } from "./problem.ts";
import type { SectionReader } from "./reading.ts";

/** The section whose keys are hosts of registries. */
export const MIRROR_SECTION = "mirror";

/** Describes the lines of the section, for manuals and the configuration template. */
export const MIRROR_LINES =
  "Keys are hosts of registries, with a port where they have one, or * for all others; values are prefixes of names here that end with a slash, or nothing. Only the file can have this section.";

/** Prefixes of names, by the registry that a client asks a mirror for. */
export interface MirrorConfig {
  readonly registries: ReadonlyMap<string, string>;
  /** For registries that are not in the map. */
  readonly fallback: string | undefined;
}

const HOST = /^(.+?)(?::\d{1,5})?$/;

const isRegistry = (key: string): boolean => {
  const host = HOST.exec(key)?.[1] ?? "";
  return isAddress(host) || isHostName(host);
};

const isPrefix = (text: string): boolean =>
  text === "" || (text.endsWith("/") && parseRepositoryName(text.slice(0, -1)) !== undefined);

/** Reads the section. @returns undefined where it has no keys */
export function readMirror({ section, report }: Pick<SectionReader, "section" | "report">): MirrorConfig | undefined {
  const registries = new Map<string, string>();
  for (const [key, { text, source }] of section(MIRROR_SECTION)) {
    const name = `${MIRROR_SECTION}.${key}`;
    if (key !== "*" && !isRegistry(key)) {
      report({ source, key: name, expected: "the host of a registry, or *, as key", received: quote(key) });
    } else if (text === undefined || !isPrefix(text)) {
      const expected = "a prefix of repository names that ends with a slash, such as hub/, or nothing";
      report({ source, key: name, expected, received: quote(text ?? "") });
    } else registries.set(key, text);
  }
  const fallback = registries.get("*");
  registries.delete("*");
  return registries.size === 0 && fallback === undefined ? undefined : { registries, fallback };
}
