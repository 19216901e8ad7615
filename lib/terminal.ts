/** @param taken called when the reader has the text, or is gone */
export type Write = (text: string, taken?: () => void) => void;

/** The parts of its process that a command uses. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Results, to standard output. */
  readonly print: Write;
  /** Everything else, to standard error. */
  readonly complain: Write;
  /** Whether standard error is read by a person. */
  readonly isTerminal: boolean;
  /** Which of the two may have colours. */
  readonly colors: { readonly print: boolean; readonly complain: boolean };
}

/** The exit codes that scripts may count on. */
export const EXIT = { ok: 0, failed: 1, usage: 2, /** Published, but not all of the source. */ partial: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
