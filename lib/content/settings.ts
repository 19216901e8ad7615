/** The settings of content on disk, and the faults that keep it from being served. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { DESCRIPTORS } from "./open.ts";

/** The part of the configuration that is about content. */
export interface ContentSettings {
  readonly enable: boolean;
  readonly contentDirV1: string;
  readonly contentDirV2: string;
  /** Further directories in which links may end. */
  readonly linkRoots: readonly string[];
  readonly useXSendfile: boolean;
  /** nginx's internal location, beginning with a slash. */
  readonly xAccelRedirect: string | undefined;
}

/** Returns why nothing can be served from a content directory, or undefined if it can. */
export function directoryFault(directory: string): string | undefined {
  if (!existsSync(DESCRIPTORS)) return `this system has no ${DESCRIPTORS}, by which opened files are checked`;
  if (directory === "") return "expected a directory, received an empty value";
  try {
    if (!statSync(directory).isDirectory()) return "expected a directory";
    accessSync(directory, constants.X_OK);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
