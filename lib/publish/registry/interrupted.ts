import { PublishError, SourceFailure } from "../publish-error.ts";

/** An answer that did not come, or not whole, or that said "not now": what is worth asking again. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  /** @param retryAfter seconds that the registry asks us to wait; undefined when it does not say */
  constructor(
    message: string,
    readonly retryAfter: number | undefined,
  ) {
    super(message);
  }

  /** Enough of it. */
  asFailure(about: string): SourceFailure {
    return new SourceFailure(`${about}: ${this.message}`);
  }
}

/** Attempts in a row without success. */
export const MAX_TRIES = 5;

/** No registry holds up a publish for longer. Seconds. */
const MAX_WAIT = 120;

/** Before the second try, and four times as long before each one after it. Seconds. */
const FIRST_WAIT = 0.25;

/** Waits before the next try: as long as the registry asks, or longer each time. @throws {PublishError} */
export async function pause(interruption: Interrupted, tries: number, about: string): Promise<void> {
  const { retryAfter } = interruption;
  if (retryAfter !== undefined && retryAfter > MAX_WAIT) {
    throw new PublishError(`${about}: ${interruption.message}; the registry asks to try again in ${retryAfter} s`);
  }
  await Bun.sleep(1000 * (retryAfter ?? FIRST_WAIT * 4 ** (tries - 1)));
}

/**
 * Does something until it isn't interrupted.
 *
 * @param about what it is, for the error
 * @throws {PublishError} after too many tries in a row
 */
export async function persist<Value>(about: string, work: () => Promise<Value>): Promise<Value> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      if (tries === MAX_TRIES) throw error.asFailure(about);
      await pause(error, tries, about);
    }
  }
}

/** Reads `Retry-After`: seconds, or a date. @see RFC 9110 section 10.2.3 */
export function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}
