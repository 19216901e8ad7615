import { createHash } from "node:crypto";
import { errors, jwtVerify } from "jose";
import * as v from "valibot";
import { createBoundedMap } from "../bounded-map.ts";
import { TOKEN_ALGORITHMS, type TokenKeys } from "./jwks.ts";

/** What a token lets its bearer do. */
export interface Grant {
  /** Names of the repositories that may be pulled. */
  readonly pull: ReadonlySet<string>;
  /** Whether the whole catalogue may be seen. */
  readonly catalog: boolean;
}

/** Checks bearer tokens, and remembers good ones as long as they are good. */
export interface Tokens {
  /**
   * @param token a JSON Web Token
   * @returns what it lets its bearer do, at once if it was checked before; undefined when it is not good
   */
  readonly check: (keys: TokenKeys, token: string) => Grant | undefined | Promise<Grant | undefined>;
}

interface TokensOptions {
  /** The audience that a token must have. */
  readonly service: string;
  readonly issuer: string;
  /** In ms since 1970. */
  readonly now: () => number;
  /** How many good tokens are remembered. */
  readonly maxRemembered?: number;
}

/** How far the clocks may be apart, in seconds: as much as the reference implementation lets them be. */
const LEEWAY = 60;
const MAX_REMEMBERED = 4096;

const claims = v.object({
  exp: v.number(),
  access: v.optional(v.array(v.unknown()), []),
});
const accessEntry = v.object({ type: v.string(), name: v.string(), actions: v.array(v.string()) });

interface Good {
  readonly grant: Grant;
  /** In ms since 1970. */
  readonly until: number;
}

/** Entries of other types, and such as come to no more than a part of one, grant nothing. */
function grantOf(access: readonly unknown[]): Grant {
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
  return { pull, catalog };
}

/**
 * Makes a checker of bearer tokens: signature, issuer, audience and times.
 *
 * @see distribution "Token Authentication Implementation", "Token Scope Documentation"; RFC 7519
 */
export function createTokens({ service, issuer, now, maxRemembered = MAX_REMEMBERED }: TokensOptions): Tokens {
  let remembered = createBoundedMap<Good>(maxRemembered);
  let rememberedFor: TokenKeys | undefined;

  async function verify(keys: TokenKeys, token: string): Promise<Good | undefined> {
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
      return { grant: grantOf(parsed.output.access), until: (parsed.output.exp + LEEWAY) * 1000 };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  async function checkAnew(keys: TokenKeys, token: string, digest: string): Promise<Grant | undefined> {
    const mine = remembered;
    const good = await verify(keys, token);
    if (good !== undefined) mine.set(digest, good);
    return good?.grant;
  }

  return {
    check: (keys, token) => {
      if (keys !== rememberedFor) {
        remembered = createBoundedMap(maxRemembered);
        rememberedFor = keys;
      }
      // A digest is shorter than a token, and is not one that leaks from memory.
      const digest = createHash("sha256").update(token).digest("base64");
      const good = remembered.get(digest);
      return good !== undefined && now() < good.until ? good.grant : checkAnew(keys, token, digest);
    },
  };
}
