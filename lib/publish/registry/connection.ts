/** HTTP as far as a registry needs it: answers that are streams, and that end in an error when nothing comes. */

import { codeOf } from "../../system-error.ts";
import { PublishError } from "../publish-error.ts";
import { isLoopback, type RegistryAddress } from "./address.ts";
import type { TlsSettings } from "./host-settings.ts";
import { Interrupted } from "./interrupted.ts";

/** An answer whose body has not been read yet. */
export interface Reply {
  readonly response: Response;
  /** Its URL, after redirects. */
  readonly url: string;
  /** @throws {Interrupted} when it breaks off */
  readonly body: () => AsyncGenerator<Uint8Array>;
  /** Discards the body; the connection can be used again if it is short. */
  readonly drop: () => Promise<void>;
}

/** A connection to a registry, and to the hosts that it redirects to. */
export interface Connection {
  readonly origin: string;
  /** Sends one request, and follows nothing. @throws {Interrupted} when there is no answer */
  readonly send: (url: string, init?: RequestInit) => Promise<Reply>;
  /** Ends everything that is under way. */
  readonly close: () => void;
}

/** For the head of an answer, and for each next part of its body. */
const PATIENCE_MS = 60_000;

const SHORT = 64 * 1024;

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|HOSTNAME/;

const reasonOf = (error: unknown): string =>
  codeOf(error) ?? (error instanceof Error && error.message !== "" ? error.message : "no answer");

/** Waits for something no longer than is patient. */
async function inTime<Value>(abort: AbortController, work: Promise<Value>): Promise<Value> {
  const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    return await work;
  } catch (error) {
    const isLate = abort.signal.aborted;
    throw new Interrupted(isLate ? `nothing came for ${PATIENCE_MS / 1000} s` : reasonOf(error), undefined);
  } finally {
    clearTimeout(timer);
  }
}

async function* readBody(response: Response, abort: AbortController): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let isDone = false;
  try {
    for (;;) {
      const { value, done } = await inTime(abort, reader.read());
      isDone = done;
      if (value === undefined) return;
      yield value;
    }
  } finally {
    if (!isDone) abort.abort();
  }
}

function sender(tls: TlsSettings, all: AbortController): Connection["send"] {
  return async (url, init = {}) => {
    const abort = new AbortController();
    const headers = new Headers(init.headers);
    headers.set("user-agent", "craned");
    // What is compressed is so by its own nature: the digest is that of the bytes as they are sent.
    headers.set("accept-encoding", "identity");
    const asked = fetch(url, {
      ...init,
      headers,
      redirect: "manual",
      signal: AbortSignal.any([abort.signal, all.signal]),
      decompress: false,
      tls,
    });
    const response = await inTime(abort, asked);
    const isShort = Number(response.headers.get("content-length") ?? Number.POSITIVE_INFINITY) <= SHORT;
    return {
      response,
      url,
      body: () => readBody(response, abort),
      drop: async () => {
        if (isShort) await inTime(abort, response.arrayBuffer()).catch(() => {});
        else abort.abort();
      },
    };
  };
}

/**
 * Finds out whether a registry speaks TLS, without which only this machine is asked, or one that need not be verified.
 *
 * @throws {PublishError} when it can't be reached
 */
export async function connect({ host, text }: RegistryAddress, tls: TlsSettings): Promise<Connection> {
  const all = new AbortController();
  const send = sender(tls, all);
  const mayBePlain = !tls.rejectUnauthorized || isLoopback(host);
  let reason = "";
  for (const scheme of mayBePlain ? ["https", "http"] : ["https"]) {
    try {
      const reply = await send(`${scheme}://${host}/v2/`);
      await reply.drop();
      return { origin: new URL(reply.url).origin, send, close: () => all.abort() };
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      reason = error.message;
      if (CERTIFICATE.test(reason)) break;
    }
  }
  throw new PublishError(`${text}: ${host} can't be reached: ${reason}`);
}
