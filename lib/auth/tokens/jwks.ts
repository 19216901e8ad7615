import { createLocalJWKSet, importJWK, type JWTVerifyGetKey } from "jose";
import * as v from "valibot";
import { quote } from "../../config/problem.ts";
import type { AuthFileFault, ParsedAuthFile } from "../watched-file.ts";

/** Returns the public key that a token names. */
export type TokenKeys = JWTVerifyGetKey;

/** The accepted signature algorithms. HMAC is not among them: it would make a public key a shared secret. */
export const TOKEN_ALGORITHMS: readonly string[] = ["RS256", "ES256", "EdDSA"];

const keySet = v.object({ keys: v.array(v.unknown()) });

const text = v.pipe(v.string(), v.nonEmpty());
const about = { kid: v.exactOptional(text), use: v.exactOptional(v.literal("sig")) };
const publicKey = v.variant("kty", [
  v.object({ kty: v.literal("RSA"), n: text, e: text, alg: v.optional(v.literal("RS256"), "RS256"), ...about }),
  v.object({
    kty: v.literal("EC"),
    crv: v.literal("P-256"),
    x: text,
    y: text,
    alg: v.optional(v.literal("ES256"), "ES256"),
    ...about,
  }),
  v.object({
    kty: v.literal("OKP"),
    crv: v.literal("Ed25519"),
    x: text,
    alg: v.optional(v.literal("EdDSA"), "EdDSA"),
    ...about,
  }),
]);
type PublicKey = v.InferOutput<typeof publicKey>;

/** The members that only a private or a shared key has. */
const hasSecret = (key: object): boolean => "d" in key || "k" in key;
const isForEncryption = (key: object): boolean => "use" in key && key.use === "enc";

const EXPECTED_SET = 'a JSON Web Key Set, {"keys": […]}, with a key for RS256, ES256 or EdDSA';
const EXPECTED_KEY = "a public key for RS256, ES256 or EdDSA";
const MIN_RSA_BYTES = 256;

/** Describes a key without its secret or public part. */
function describeKey(key: object): string {
  const members = ["kty", "crv", "alg"] as const;
  const said = members.flatMap((name) => {
    const value: unknown = Reflect.get(key, name);
    return typeof value === "string" ? [`${name} ${quote(value)}`] : [];
  });
  return said.length === 0 ? "an object without kty" : `a key of ${said.join(", ")}`;
}

const isTooShort = (key: PublicKey): boolean =>
  key.kty === "RSA" && Buffer.from(key.n, "base64url").length < MIN_RSA_BYTES;

async function isImportable(key: PublicKey): Promise<boolean> {
  try {
    await importJWK(key, key.alg);
    return true;
  } catch {
    return false;
  }
}

type Checked = { readonly key: PublicKey } | { readonly expected: string; readonly received: string };

/** @returns undefined for a key that serves another purpose */
async function checkKey(value: unknown): Promise<Checked | undefined> {
  if (typeof value !== "object" || value === null) return { expected: EXPECTED_KEY, received: "no object" };
  if (isForEncryption(value)) return undefined;
  if (hasSecret(value)) return { expected: EXPECTED_KEY, received: "a secret key, which others must not have" };
  const parsed = v.safeParse(publicKey, value);
  if (!parsed.success) return { expected: EXPECTED_KEY, received: describeKey(value) };
  if (isTooShort(parsed.output)) return { expected: "an RSA key of 2048 bits or more", received: "a shorter one" };
  if (await isImportable(parsed.output)) return { key: parsed.output };
  return { expected: EXPECTED_KEY, received: `${describeKey(value)} that can't be read` };
}

function parseKeySet(bytes: Uint8Array): readonly unknown[] | undefined {
  try {
    const parsed = v.safeParse(keySet, JSON.parse(new TextDecoder().decode(bytes)));
    return parsed.success ? parsed.output.keys : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads the public keys that verify tokens. An unusable key is skipped with a fault; a file without a usable key is
 * unusable.
 *
 * @see RFC 7517 section 5
 */
export async function parseJwks(bytes: Uint8Array): Promise<ParsedAuthFile<TokenKeys>> {
  const values = parseKeySet(bytes);
  if (values === undefined)
    return { value: undefined, faults: [{ expected: EXPECTED_SET, received: "something else" }] };
  const faults: AuthFileFault[] = [];
  const keys = new Map<string, PublicKey>();
  for (const [index, value] of values.entries()) {
    const checked = await checkKey(value);
    if (checked === undefined) continue;
    const field = `keys[${index}]`;
    if (!("key" in checked)) {
      faults.push({ field, ...checked });
      continue;
    }
    const { alg, kid } = checked.key;
    const name = `${alg} ${kid ?? ""}`;
    if (keys.has(name))
      faults.push({ field: `${field}.kid`, expected: `one key for ${alg} a kid`, received: "another" });
    else keys.set(name, checked.key);
  }
  if (keys.size > 0) return { value: createLocalJWKSet({ keys: [...keys.values()] }), faults };
  return { value: undefined, faults: [...faults, { expected: EXPECTED_SET, received: "no such key" }] };
}
