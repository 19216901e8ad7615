/** One connection's bytes, tried on a registry. */
import { converse } from "./conversation.ts";
import { isAnswered, judge } from "./judging.ts";
import { readNaively } from "./naive-http.ts";
import type { Site } from "./sites.ts";

/** How long a server may be silent to what is unclear before the client hangs up, in ms. */
const LULL_MS = 50;

/** @returns what is wrong with what comes back, if anything */
export async function tryBytes(
  { craned, isTls, ...judges }: Site,
  bytes: string,
  pieces: readonly string[] = [bytes],
): Promise<string | undefined> {
  const reading = readNaively(bytes);
  const asking = { port: craned.port, isTls, pieces };
  const isEnough = (text: string) => isAnswered(reading, text);
  switch (reading.ending) {
    case "closed":
      return judge({ ...judges, reading, heard: await converse(asking) });
    case "open":
      return judge({ ...judges, reading, heard: await converse({ ...asking, isEnough }) });
    case "unclear":
      return judge({ ...judges, reading, heard: await converse({ ...asking, isEnough, lullMs: LULL_MS }) });
  }
}
