import type { Kind } from "../kinds.ts";

/** The data that all contestants answer from. */
export interface Field {
  /** Of redirect files. */
  readonly data: string;
  readonly repositories: number;
  readonly tags: number;
  /** A directory to write in. */
  readonly scratch: string;
  readonly port: number;
}

/** A server that is asked for the same things as craned. */
export interface Contestant {
  readonly name: string;
  /** The program that must be there. */
  readonly program: string;
  /** The status that it answers each kind of request with; what it can't do is left out. */
  readonly answers: Readonly<Partial<Record<Kind, number>>>;
  /** Whether its redirects of manifests lead where craned's lead; others lead anywhere. */
  readonly isSame: boolean;
  /** Whether it ends a connection that it was asked to end without saying so in the answer. */
  readonly endsSilently?: boolean;
  /** Writes what it needs. @returns its command */
  readonly prepare: (field: Field) => readonly string[];
}
