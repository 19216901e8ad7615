/**
 * Authenticates to a registry.
 *
 * @see distribution, "Token Authentication Specification" and "Token Authentication with OAuth2"
 */
import * as v from "valibot";
import { fields, optional, readJson } from "../json-file.ts";
import { PublishError } from "../publish-error.ts";
import { readSmall } from "../sources/reading.ts";
import type { Credentials } from "./access.ts";
import type { RegistryAddress } from "./address.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Reply } from "./connection.ts";
import { describeRefusal } from "./refusal.ts";

/** A header field's value, sent with each request. */
export interface Authorization {
  readonly header: string;
}

interface Inquiry {
  /** The registry's `WWW-Authenticate`. */
  readonly challenge: string;
  readonly address: RegistryAddress;
  readonly credentials: Credentials | undefined;
  /** Origin of the registry, not of the token service. */
  readonly origin: string;
  /** Asks a token service, until it isn't busy. */
  readonly fetchToken: (url: string, init: RequestInit) => Promise<Reply>;
}

const CLIENT = "craned";

const text = v.string("a string");

const tokenAnswer = fields({ token: optional(text), access_token: optional(text) });

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

function realmOf({ parameters }: Challenge, { address, credentials, origin }: Inquiry): URL {
  const realm = URL.parse(parameters.get("realm") ?? "");
  if (realm === null || !/^https?:$/.test(realm.protocol)) {
    throw new PublishError(`${address.text}: the registry names no token service that can be asked`);
  }
  // What a registry says over TLS must not make us tell a password without.
  if (credentials !== undefined && realm.protocol === "http:" && origin.startsWith("https:")) {
    throw new PublishError(`${address.text}: its token service ${realm.host} would be told the login without TLS`);
  }
  return realm;
}

function tokenRequest(challenge: Challenge, inquiry: Inquiry): readonly [string, RequestInit] {
  const realm = realmOf(challenge, inquiry);
  const { address, credentials } = inquiry;
  const asked = {
    service: challenge.parameters.get("service") ?? "",
    scope: challenge.parameters.get("scope") ?? `repository:${address.name}:pull`,
  };
  if (credentials?.kind === "token") {
    const form = { ...asked, grant_type: "refresh_token", client_id: CLIENT, refresh_token: credentials.token };
    return [realm.href, { method: "POST", body: new URLSearchParams(form) }];
  }
  if (asked.service !== "") realm.searchParams.set("service", asked.service);
  for (const scope of asked.scope.split(" ")) realm.searchParams.append("scope", scope);
  if (credentials === undefined) return [realm.href, {}];
  return [realm.href, { headers: { authorization: basic(credentials.user, credentials.password) } }];
}

async function bearer(challenge: Challenge, inquiry: Inquiry): Promise<Authorization> {
  const [url, init] = tokenRequest(challenge, inquiry);
  const reply = await inquiry.fetchToken(url, init);
  const about = `${inquiry.address.text}: its token service ${new URL(url).host}`;
  if (reply.response.status !== 200) throw new PublishError(`${about}: ${await describeRefusal(reply)}`);
  const answer = readJson(tokenAnswer, await readSmall(about, reply.body()), about);
  // Some services send an empty one beside the other.
  const token = answer.token || answer.access_token || "";
  if (!/^[\x21-\x7e]+$/.test(token)) throw new PublishError(`${about}: expected a token, received none`);
  return { header: `Bearer ${token}` };
}

/**
 * Answers a registry's challenge.
 *
 * @throws {PublishError} when it can't be answered, or the answer is refused
 */
export async function authorize(inquiry: Inquiry): Promise<Authorization> {
  const { address, credentials, challenge } = inquiry;
  const challenges = parseChallenges(challenge);
  const wantsToken = challenges.find(({ scheme }) => scheme === "bearer");
  if (wantsToken !== undefined) return await bearer(wantsToken, inquiry);
  if (!challenges.some(({ scheme }) => scheme === "basic")) {
    throw new PublishError(`${address.text}: 401: the registry asks for neither a password nor a token`);
  }
  if (credentials?.kind === "password") return { header: basic(credentials.user, credentials.password) };
  throw new PublishError(`${address.text}: 401: the registry asks for a password: log in, or give --src-creds`);
}
