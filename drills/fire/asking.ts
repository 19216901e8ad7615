/** A client that asks without a pause while something happens, and looks at every answer. */
import { generationOf, SCHEMA_2 } from "./redirects.ts";

const PAUSE_MS = 2;
const MAX_WRONG = 5;

/** What it has seen so far. */
export interface Asking {
  /** Right answers. */
  asked: number;
  /** Connections that could not be had, or ended without an answer. */
  unanswered: number;
  readonly wrong: string[];
  /** The longest that a right answer took, in ms. */
  longest: number;
  /** When the last right answer came. */
  lastAt: number;
  stop(): Promise<void>;
}

/**
 * Asks for a manifest of each name in turn.
 *
 * @param isRight whether a generation may be answered now
 */
export function askForever(
  origin: string,
  names: readonly string[],
  isRight: (generation: number, name: string) => boolean,
): Asking {
  let isOver = false;
  const ask = async (name: string): Promise<void> => {
    const began = performance.now();
    const url = `${origin}/v2/${name}/manifests/always`;
    const answer = await fetch(url, { headers: SCHEMA_2, redirect: "manual" }).catch(() => undefined);
    const body = await answer?.text().catch(() => undefined);
    if (answer === undefined || body === undefined) {
      asking.unanswered++;
      return;
    }
    const generation = generationOf(answer.headers.get("location"), name);
    if (answer.status === 302 && generation !== undefined && isRight(generation, name)) {
      asking.asked++;
      asking.lastAt = performance.now();
      asking.longest = Math.max(asking.longest, asking.lastAt - began);
    } else if (asking.wrong.length < MAX_WRONG) asking.wrong.push(`${name}: ${answer.status} ${generation ?? body}`);
  };
  const loop = async () => {
    for (let number = 0; !isOver; number++) {
      await ask(names[number % names.length] ?? "");
      await Bun.sleep(PAUSE_MS);
    }
  };
  const asking: Asking = {
    asked: 0,
    unanswered: 0,
    wrong: [],
    longest: 0,
    lastAt: Number.NEGATIVE_INFINITY,
    stop: async () => {
      isOver = true;
      await looping;
    },
  };
  const looping = loop();
  return asking;
}

/** Waits until something is so. @returns after how many ms, or undefined when it is not within the limit */
export async function until(isSo: () => unknown, limitMs: number): Promise<number | undefined> {
  const began = performance.now();
  while (performance.now() - began < limitMs) {
    if (await isSo()) return performance.now() - began;
    await Bun.sleep(5);
  }
  return undefined;
}

/** A duration as a figure says it. */
export const ms = (duration: number | undefined): string =>
  duration === undefined ? "never" : `${Math.round(duration)} ms`;

/** Whether a request to the server is answered at all, and with that generation if one is given. */
export async function answers(origin: string, name: string, generation?: number): Promise<boolean> {
  const answer = await fetch(`${origin}/v2/${name}/manifests/always`, { headers: SCHEMA_2, redirect: "manual" }).catch(
    () => undefined,
  );
  await answer?.text().catch(() => undefined);
  const found = generationOf(answer?.headers.get("location") ?? null, name);
  return generation === undefined ? found !== undefined : found === generation;
}
