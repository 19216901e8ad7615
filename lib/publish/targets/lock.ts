import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf } from "../../system-error.ts";
import { PublishError } from "../publish-error.ts";

/** Held by one process at a time, until it lets go or ends. */
export interface Lock {
  readonly release: () => void;
}

/**
 * Takes a lock that the system gives back when the process ends, in whatever way: nothing has to be cleaned up after
 * a kill. It is the lock that SQLite puts on an (empty) database, which works wherever Bun does.
 *
 * @param what is locked, for the message
 * @throws {PublishError} when another process has it
 */
export function takeLock(file: string, what: string): Lock {
  mkdirSync(dirname(file), { recursive: true });
  const database = new Database(file, { create: true });
  try {
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (codeOf(error) === "SQLITE_BUSY") {
      throw new PublishError(`${what}: another publish is under way; try again when it is done`);
    }
    throw error;
  }
  return { release: () => database.close() };
}
