import { codeOf } from "../system-error.ts";
import { failed, type SearchFailure } from "./result.ts";

/** The time and the bytes that another search server may take. */
export interface BackendLimits {
  /** Milliseconds without a byte after which it is given up, as in Crane. */
  readonly silence: number;
  /** Milliseconds for the whole answer, however steadily it comes. */
  readonly total: number;
  readonly bytes: number;
}

/** Crane's second of silence, and bounds that Crane did not have. */
export const BACKEND_LIMITS: BackendLimits = { silence: 1000, total: 10_000, bytes: 4 * 1024 * 1024 };

type Fetched =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly failure: SearchFailure };

const UNREACHABLE =
  /^(?:ECONNREFUSED|E(?:HOST|NET)(?:UNREACH|DOWN)|ENOTFOUND|EAI_\w+|FailedToOpenSocket|TooManyRedirects)$/;

/** Makes a signal that aborts unless the clock is wound up again in time. */
function createWatchdog({ silence, total }: BackendLimits) {
  const controller = new AbortController();
  const giveUp = () => controller.abort();
  const whole = setTimeout(giveUp, total);
  let quiet = setTimeout(giveUp, silence);
  return {
    signal: controller.signal,
    windUp: () => {
      clearTimeout(quiet);
      quiet = setTimeout(giveUp, silence);
    },
    stop: () => {
      clearTimeout(quiet);
      clearTimeout(whole);
    },
  };
}

/** @returns the body, or undefined when it is longer than allowed; leaving the loop ends the transfer */
async function readBody({ body }: Response, most: number, onChunk: () => void): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    onChunk();
    length += chunk.length;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Asks another search server. Nothing is taken for granted: neither that it answers, nor that it ends.
 *
 * @returns as in Crane, 503 for a server that can't be reached or refuses, 502 for another success than 200, 504 for a
 *   server that takes too long
 */
export async function askBackend(url: string, limits: BackendLimits): Promise<Fetched> {
  const watchdog = createWatchdog(limits);
  try {
    // Uncompressed, so that the bound on bytes is one on memory.
    const headers = { "Accept-Encoding": "identity" };
    const response = await fetch(url, { signal: watchdog.signal, decompress: false, headers });
    watchdog.windUp();
    if (response.status !== 200) {
      await response.body?.cancel();
      return failed(response.ok ? 502 : 503, `it answered ${response.status}`);
    }
    const bytes = await readBody(response, limits.bytes, watchdog.windUp);
    return bytes === undefined ? failed(502, `it answered more than ${limits.bytes} bytes`) : { ok: true, bytes };
  } catch (error) {
    if (watchdog.signal.aborted) return failed(504, "it took too long");
    const code = codeOf(error) ?? "unknown error";
    return failed(UNREACHABLE.test(code) ? 503 : 502, code);
  } finally {
    watchdog.stop();
  }
}
