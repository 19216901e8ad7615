/** One connection's bytes, tried on a registry. */
import { converse } from "./conversation.ts";
import { isAnswered, judge } from "./judging.ts";
import { readNaively } from "./naive-http.ts";
import type { Site } from "./sites.ts";

/** @returns what is wrong with what comes back, if anything */
export async function tryBytes(
  { craned, isTls, expect, checkBody }: Site,
  bytes: string,
  pieces: readonly string[] = [bytes],
): Promise<string | undefined> {
  const reading = readNaively(bytes);
  const asking = { port: craned.port, isTls, pieces };
  if (reading.ending !== "open") return judge({ reading, heard: await converse(asking), expect, checkBody });
  // Nothing will come to what is no whole request: there is nothing to wait for.
  if (reading.requests.length === 0) return undefined;
  const heard = await converse({ ...asking, isEnough: (text) => isAnswered(reading, text) });
  return judge({ reading, heard, expect, checkBody });
}
