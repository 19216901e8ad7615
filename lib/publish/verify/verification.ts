import type { PublishError } from "../publish-error.ts";
import type { Mismatch } from "./host.ts";

/** Sinks and limits for the verification of one repository. */
export interface Verification {
  /**
   * Takes one fault.
   *
   * @param reference the tag, digest or image id of the redirect file that leads there, or the field
   * @param where the file, as the host names it
   * @param problem an error names its place itself
   */
  readonly tell: (reference: string, where: string, problem: Mismatch | PublishError) => void;
  /** Counts one blob. */
  readonly looked: (ignoresRange: boolean) => void;
  /** Files that are looked at, at the same time. */
  readonly atOnce: number;
}
