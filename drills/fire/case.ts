/** What one drill came to. */
export interface Outcome {
  /** Whether everything that the drill asks for was so. */
  readonly held: boolean;
  /** What was measured, with its units, as a cell of a Markdown table; what was wrong first if something was. */
  readonly figure: string;
}

/** One misfortune, made to happen to a real server, and what has to be so nevertheless. */
export interface FireCase {
  /** Names the drill on the command line; every file's names are unlike those of the others. */
  readonly name: string;
  /** What happens and what has to hold, as a cell of a Markdown table. */
  readonly what: string;
  /** Makes it happen. Leaves no process, file or mount behind; throws only if the drill itself can't be run. */
  run(): Promise<Outcome>;
}
