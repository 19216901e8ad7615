import { broken, PublishError } from "../publish-error.ts";
import type { Question, RegistryClient } from "./client.ts";
import type { Reply } from "./connection.ts";
import { Interrupted, MAX_TRIES, pause } from "./interrupted.ts";

/** A transfer that breaks off more often than that, each time with a few bytes more, is not going to end. */
const MAX_BREAKS = 100;

/** The limit for a layer whose size no manifest tells. Bytes. */
const MAX_UNTOLD = 16 * 1024 ** 3;

/** Returns the offset of an answer: a registry may send the part that it was asked for, or all. */
function startOf({ response }: Reply, asked: number, about: string): number {
  if (response.status !== 206) return 0;
  const range = response.headers.get("content-range") ?? "";
  const start = Number(/^bytes (\d+)-/.exec(range)?.[1] ?? Number.NaN);
  if (start === asked) return start;
  throw new PublishError(`${about}: asked for the bytes from ${asked} on, received ${range === "" ? "others" : range}`);
}

function lengthOf({ response }: Reply, start: number): number | undefined {
  const length = response.headers.get("content-length");
  return length === null ? undefined : start + Number(length);
}

/**
 * Reads a blob of any size. When the transfer breaks off, it goes on from there; the caller verifies the whole.
 *
 * @param size bytes; undefined when only the registry knows
 * @throws {PublishError} when the registry refuses, or nothing more comes for too many tries
 */
export async function* transfer(
  client: RegistryClient,
  question: Question,
  size: number | undefined,
): AsyncGenerator<Uint8Array> {
  const { about } = question;
  let done = 0;
  let total = size;
  let tries = 0;
  let isResumable = true;
  for (let breaks = 0; ; breaks++) {
    const before = done;
    try {
      const headers = { ...question.headers, ...(done > 0 && isResumable && { range: `bytes=${done}-` }) };
      const reply = await client.askOnce({ ...question, headers, accepts: isResumable ? [416] : [] });
      if (reply.response.status === 416) {
        await reply.drop();
        isResumable = false;
        throw new Interrupted("416: the registry does not go on where the transfer broke off", undefined);
      }
      let at = startOf(reply, done, about);
      const length = lengthOf(reply, at);
      // The registry has other bytes, and would send these again.
      if (size !== undefined && length !== undefined && length < size) {
        throw broken(about, "size", `${size} bytes`, `${length} bytes`);
      }
      total ??= length;
      const tooLong = () =>
        broken(about, "size", `at most ${MAX_UNTOLD} bytes where no manifest tells the size`, "more");
      if (size === undefined && (total ?? 0) > MAX_UNTOLD) throw tooLong();
      for await (const chunk of reply.body()) {
        if (size === undefined && at > MAX_UNTOLD) throw tooLong();
        const known = Math.min(chunk.length, Math.max(0, done - at));
        at += chunk.length;
        if (known === chunk.length) continue;
        done += chunk.length - known;
        yield chunk.subarray(known);
      }
      if (total === undefined || done >= total) return;
      throw new Interrupted("the transfer ended early", undefined);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      tries = done > before ? 0 : tries + 1;
      const standing = `${done} of ${total ?? "an unknown number of"} bytes`;
      if (tries === MAX_TRIES || breaks === MAX_BREAKS) throw error.asFailure(`${about}: ${standing}`);
      if (tries > 0) await pause(error, tries, about);
    }
  }
}
