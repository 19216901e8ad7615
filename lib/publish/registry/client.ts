/** Asks one repository of a registry: logged in, again when it is busy, and wherever it sends us. */
import { PublishError } from "../publish-error.ts";
import { readSmall } from "../sources/reading.ts";
import type { RegistryAccess } from "./access.ts";
import type { RegistryAddress } from "./address.ts";
import { type Authorization, authorize } from "./authorization.ts";
import { connect, type Reply } from "./connection.ts";
import { findCredentials } from "./credentials.ts";
import { hostSettings } from "./host-settings.ts";
import { Interrupted, persist, readRetryAfter } from "./interrupted.ts";
import { describeRefusal } from "./refusal.ts";

/** A request, and its subject in messages. */
export interface Question {
  /** Below the repository, such as `blobs/sha256:…`, or a URL. */
  readonly at: string;
  readonly about: string;
  readonly method?: "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are an answer too, beside 200 and 206. */
  readonly accepts?: readonly number[];
}

/** An answer, whole. */
export interface SmallReply {
  readonly response: Response;
  readonly url: string;
  readonly bytes: Uint8Array;
}

/** A repository that can be asked. */
export interface RegistryClient {
  readonly address: RegistryAddress;
  readonly origin: string;
  /** @throws {PublishError} when the registry refuses; {@link Interrupted} when it is busy or can't be heard */
  readonly askOnce: (question: Question) => Promise<Reply>;
  /** Asks again and again for a while. @param limit bytes @throws {PublishError} also when there are more bytes */
  readonly read: (question: Question, limit?: number) => Promise<SmallReply>;
  /** Ends everything that is under way. */
  readonly close: () => void;
}

const MAX_HOPS = 10;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const BUSY: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

async function busy(reply: Reply): Promise<Interrupted> {
  const retryAfter = readRetryAfter(reply.response.headers.get("retry-after"));
  return new Interrupted(await describeRefusal(reply), retryAfter);
}

function targetOf(reply: Reply, about: string): string {
  const target = URL.parse(reply.response.headers.get("location") ?? "", reply.url);
  if (target?.protocol === "https:" || target?.protocol === "http:") return target.href;
  throw new PublishError(`${about}: ${reply.response.status}: the registry redirects to nothing that can be asked`);
}

/**
 * Finds out how a repository is asked.
 *
 * @throws {PublishError} when the registry can't be reached
 */
export async function openClient(
  address: RegistryAddress,
  access: RegistryAccess,
  warn: (text: string) => void,
): Promise<RegistryClient> {
  const credentials = await findCredentials(access, address.account, address.name);
  const { origin, send, close } = await connect(address, await hostSettings(address, access, warn));
  let authorization: Authorization | undefined;
  let renewing: Promise<Authorization> | undefined;

  const fetchToken = (url: string, init: RequestInit): Promise<Reply> =>
    persist(`${address.text}: its token service ${new URL(url).host}`, async () => {
      const reply = await send(url, init);
      if (BUSY.has(reply.response.status)) throw await busy(reply);
      return reply;
    });

  /** Logs in once for all requests that wait for it. */
  async function renew(challenge: string, refused: Authorization | undefined): Promise<Authorization> {
    if (authorization !== undefined && authorization !== refused) return authorization;
    renewing ??= authorize({ challenge, address, credentials, origin, fetchToken }).finally(() => {
      renewing = undefined;
    });
    authorization = await renewing;
    return authorization;
  }

  /** Redirects are followed here: the login is for the registry only, not for hosts that it redirects to. */
  async function follow(url: string, question: Question, used: Authorization | undefined): Promise<Reply> {
    const { about, method = "GET", headers = {} } = question;
    let next = url;
    for (let hops = 0; hops <= MAX_HOPS; hops++) {
      const login = used !== undefined && new URL(next).origin === origin ? { authorization: used.header } : {};
      const reply = await send(next, { method, headers: { ...headers, ...login } });
      if (!REDIRECTS.has(reply.response.status)) return reply;
      next = targetOf(reply, about);
      await reply.drop();
    }
    throw new PublishError(`${about}: the registry redirects more than ${MAX_HOPS} times`);
  }

  async function reach(question: Question): Promise<Reply> {
    const url = URL.canParse(question.at) ? question.at : `${origin}/v2/${address.name}/${question.at}`;
    const used = authorization;
    const reply = await follow(url, question, used);
    if (reply.response.status !== 401 || new URL(reply.url).origin !== origin) return reply;
    const challenge = reply.response.headers.get("www-authenticate") ?? "";
    await reply.drop();
    return await follow(url, question, await renew(challenge, used));
  }

  async function askOnce(question: Question): Promise<Reply> {
    const reply = await reach(question);
    const { status } = reply.response;
    if (status === 200 || status === 206 || question.accepts?.includes(status) === true) return reply;
    if (BUSY.has(status)) throw await busy(reply);
    const isAnonymous = (status === 401 || status === 403) && credentials === undefined;
    const hint = isAnonymous ? " (asked without a login: see --src-creds)" : "";
    throw new PublishError(`${question.about}: ${await describeRefusal(reply)}${hint}`);
  }

  const read: RegistryClient["read"] = (question, limit) =>
    persist(question.about, async () => {
      const { response, url, body } = await askOnce(question);
      return { response, url, bytes: await readSmall(question.about, body(), limit) };
    });

  return { address, origin, askOnce, read, close };
}
