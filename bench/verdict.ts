/** Whether a contestant's answers are those that it should give: a fast wrong answer is worth nothing. */
import type { Contestant } from "./contestants/contestant.ts";
import type { KindRequest } from "./kinds.ts";
import type { Load } from "./load.ts";

/** Enough to meet every Accept header. */
const SAMPLES = 60;

const FIRST_REFUSAL = 400;

/** Asks for some, one by one. @throws if a status or a Location is another than it should be */
export async function checkAnswers(
  port: number,
  { name, answers, isSame }: Contestant,
  requests: readonly KindRequest[],
): Promise<void> {
  for (const { path, accept, kind, location } of requests.slice(0, SAMPLES)) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", headers: { accept } });
    await answer.arrayBuffer();
    const expected = answers[kind];
    if (answer.status !== expected) throw new Error(`${name}: ${path} is ${answer.status} and not ${expected}`);
    const place = answer.headers.get("location");
    if (isSame && location !== undefined && place !== location)
      throw new Error(`${name}: ${path} leads to ${place} and not to ${location}`);
  }
}

/**
 * Failed connections, and refusals that are too many or too few for what was asked.
 *
 * @param requests those of the load, in their order
 * @param connections how many requests could be under way at the end
 */
export function unexpectedOf(
  { refused, broken, cut, requests: answered }: Load,
  { answers, endsSilently = false }: Contestant,
  requests: readonly KindRequest[],
  connections: number,
): number {
  const refusals = requests.filter(({ kind }) => (answers[kind] ?? 0) >= FIRST_REFUSAL).length;
  const difference = Math.abs(refused - (answered * refusals) / requests.length);
  return broken + (endsSilently ? 0 : cut) + (difference > connections ? Math.round(difference) : 0);
}
