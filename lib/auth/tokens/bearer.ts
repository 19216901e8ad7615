import { createHash } from "node:crypto";
import { errors, jwtVerify } from "jose";
import { LRUCache } from "lru-cache";
import * as v from "valibot";
import { TOKEN_ALGORITHMS, type TokenKeys } from "./jwks.ts";

/** The rights that a token grants. */
export interface Grant {
  /** Names of the repositories that may be pulled. */
  readonly pull: ReadonlySet<string>;
  /** Whether the whole catalogue may be seen. */
  readonly catalog: boolean;
  /** The subject of the token, where it names one. */
  readonly user: string | undefined;
}

/** Verifies bearer tokens and caches valid ones until they expire. */
export interface Tokens {
  /**
   * @param token a JSON Web Token
   * @returns what it grants, at once if cached; undefined for an invalid token
   */
  readonly check: (keys: TokenKeys, token: string) => Grant | undefined | Promise<Grant | undefined>;
}

interface TokensOptions {
  /** The audience that a token must have. */
  readonly service: string;
  readonly issuer: string;
  /** In ms since 1970. */
  readonly now: () => number;
  /** Number of cached valid tokens. */
  readonly maxCached?: number;
}

/** The allowed difference between clocks, in seconds, as in the reference implementation. */
const LEEWAY = 60;
const MAX_CACHED = 4096;

const claims = v.object({
  exp: v.number(),
  sub: v.fallback(v.optional(v.string()), undefined),
  access: v.optional(v.array(v.unknown()), []),
});
const accessEntry = v.object({ type: v.string(), name: v.string(), actions: v.array(v.string()) });

interface VerifiedToken {
  readonly grant: Grant;
  /** In ms since 1970. */
  readonly until: number;
}

/** Entries of other types and malformed ones grant nothing. */
function grantOf({ access, sub }: v.InferOutput<typeof claims>): Grant {
  const pull = new Set<string>();
  let catalog = false;
  for (const each of access) {
    const parsed = v.safeParse(accessEntry, each);
    if (!parsed.success) continue;
    const { type, name, actions } = parsed.output;
    const hasAll = actions.includes("*");
    if (type === "repository" && (hasAll || actions.includes("pull"))) pull.add(name);
    if (type === "registry" && name === "catalog" && hasAll) catalog = true;
  }
  return { pull, catalog, user: sub === "" ? undefined : sub };
}

/**
 * Creates a checker of bearer tokens: signature, issuer, audience and times.
 *
 * @see distribution "Token Authentication Implementation", "Token Scope Documentation"; RFC 7519
 */
export function createTokens({ service, issuer, now, maxCached = MAX_CACHED }: TokensOptions): Tokens {
  let cache = new LRUCache<string, VerifiedToken>({ max: maxCached });
  let cachedFor: TokenKeys | undefined;

  async function verify(keys: TokenKeys, token: string): Promise<VerifiedToken | undefined> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience: service,
        algorithms: [...TOKEN_ALGORITHMS],
        clockTolerance: LEEWAY,
        currentDate: new Date(now()),
      });
      const parsed = v.safeParse(claims, payload);
      if (!parsed.success) return undefined;
      return { grant: grantOf(parsed.output), until: (parsed.output.exp + LEEWAY) * 1000 };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  async function verifyAndCache(keys: TokenKeys, token: string, digest: string): Promise<Grant | undefined> {
    // The cache of these keys, whatever the keys are when the verification ends.
    const present = cache;
    const verified = await verify(keys, token);
    if (verified !== undefined) present.set(digest, verified);
    return verified?.grant;
  }

  return {
    check: (keys, token) => {
      if (keys !== cachedFor) {
        cache = new LRUCache({ max: maxCached });
        cachedFor = keys;
      }
      // A digest is shorter than a token, and useless when read from memory.
      const digest = createHash("sha256").update(token).digest("base64");
      const verified = cache.get(digest);
      return verified !== undefined && now() < verified.until ? verified.grant : verifyAndCache(keys, token, digest);
    },
  };
}
