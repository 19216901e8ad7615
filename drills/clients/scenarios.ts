/** The scenarios that every client goes through, and their possible outcomes. */
import type { Sites } from "./sites.ts";

/** A row of the table: what is asked for, and the client's message where the answer has to be no. */
export interface Scenario {
  readonly title: string;
  readonly refusal?: RegExp;
  /** The same for clients that do not pass on the registry's message. */
  readonly terseRefusal?: RegExp;
}

const UNKNOWN_MANIFEST = { refusal: /manifest unknown|MANIFEST_UNKNOWN/, terseRefusal: /not found|404/ };
const UNKNOWN_NAME = { refusal: /name unknown|NAME_UNKNOWN/, terseRefusal: /not found|404/ };
const UNAUTHORIZED =
  /unauthorized|authentication required|invalid username|credential not found|no basic auth credentials/i;

/** The rows, in the order of the table. */
export const SCENARIOS = {
  tags: { title: "list tags" },
  manyTags: { title: "list 2,500 tags" },
  catalogue: { title: "list names" },
  inspect: { title: "inspect a tag" },
  index: { title: "pull an OCI index by tag" },
  list: { title: "pull a manifest list by tag" },
  oci: { title: "pull an OCI image by tag" },
  schema2: { title: "pull an image of schema 2 by tag" },
  schema1: { title: "pull an image of schema 1 by tag" },
  digest: { title: "pull by digest" },
  platform: { title: "pull the image for linux/arm64" },
  missingTag: { title: "a tag that is not there", ...UNKNOWN_MANIFEST },
  missingDigest: { title: "a digest that is not there", ...UNKNOWN_MANIFEST },
  unknownName: { title: "a name that is not there", ...UNKNOWN_NAME },
  v1Name: { title: "a name that only v1 has", ...UNKNOWN_MANIFEST },
  v1Tag: { title: "a tag that only v1 has", ...UNKNOWN_MANIFEST },
  noPassword: { title: "pull without the password", refusal: UNAUTHORIZED },
  wrongPassword: { title: "pull or log in with a wrong one", refusal: UNAUTHORIZED },
  password: { title: "pull with the password" },
  protectedName: { title: "a protected name, with the password", ...UNKNOWN_NAME },
  referrers: { title: "referrers of a digest" },
  referrersOfTag: { title: "referrers of a tag" },
  tree: { title: "pull by tag, redirect file of version 5" },
  treeReferrersOfTag: { title: "referrers of a tag, redirect file of version 5" },
  mirror: { title: "pull from a mirror of another registry" },
  served: { title: "pull by tag, craned serving the content" },
} satisfies Record<string, Scenario>;

/** Resolves when the client has done it; rejects with the message of the client. */
type Attempt = () => Promise<unknown>;

/** A client's way through a scenario: one that works, one that is known to fail, or none. */
export type Way =
  | Attempt
  | { readonly attempt: Attempt; readonly limit: string }
  | { readonly attempt?: never; readonly lacks: string };

/** One client, ready to be asked. */
export interface Session {
  readonly version: string;
  /** Its messages do not say why. */
  readonly isTerse?: boolean;
  readonly ways: Readonly<Record<keyof typeof SCENARIOS, Way>>;
  readonly close?: () => Promise<unknown>;
}

/** A client that the machine may have. */
export interface Client {
  readonly name: string;
  /** Programs that have to be on PATH. */
  readonly programs: readonly string[];
  /** How to get it. */
  readonly source: string;
  readonly open: (sites: Sites, directory: string) => Promise<Session>;
}

/** The outcome of a scenario. */
export type Cell =
  | { readonly outcome: "works" }
  /** Refused, as it had to be. */
  | { readonly outcome: "refused"; readonly message: string }
  | { readonly outcome: "lacks"; readonly why: string }
  /** A limit of the client, not of the registry. */
  | { readonly outcome: "limited"; readonly why: string; readonly message: string }
  /** A fault. */
  | { readonly outcome: "wrong"; readonly message: string };

/** Several programs may run for one scenario; each has its own end. */
const PATIENCE = 150_000;

function withinPatience(attempt: Attempt): Promise<unknown> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done in ${PATIENCE / 1000} s`)), PATIENCE);
  return Promise.race([attempt(), late]).finally(() => clearTimeout(timer));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Asks a client for one thing. */
export async function ask(scenario: Scenario, way: Way, isTerse = false): Promise<Cell> {
  const refusal = (isTerse ? scenario.terseRefusal : undefined) ?? scenario.refusal;
  if (typeof way !== "function" && "lacks" in way) return { outcome: "lacks", why: way.lacks };
  const { attempt, limit } = typeof way === "function" ? { attempt: way, limit: undefined } : way;
  const message = await withinPatience(attempt).then(() => undefined, messageOf);
  if (limit !== undefined) {
    if (message === undefined) return { outcome: "wrong", message: `no longer true: ${limit}` };
    return { outcome: "limited", why: limit, message };
  }
  if (refusal === undefined) return message === undefined ? { outcome: "works" } : { outcome: "wrong", message };
  if (message === undefined) return { outcome: "wrong", message: "had to be refused, and was not" };
  return refusal.test(message) ? { outcome: "refused", message } : { outcome: "wrong", message };
}
