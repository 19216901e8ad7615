/**
 * The grammar of the names that clients use.
 *
 *     name       := component *( "/" component )         at most 255 characters
 *     component  := alnum *( separator alnum )
 *     alnum      := 1*( a-z / 0-9 )
 *     separator  := "." / "_" / "__" / 1*"-"
 *     tag        := ( word ) *127( word / "." / "-" )     word := A-Z / a-z / 0-9 / "_"
 *     digest     := algorithm ":" encoded
 *     algorithm  := part *( ( "+" / "." / "_" / "-" ) part )   part := 1*( a-z / 0-9 )
 *     encoded    := 1*( A-Z / a-z / 0-9 / "=" / "_" / "-" )
 *     reference  := tag / digest
 *     v1-name    := v1-part [ "/" v1-part ]              v1-part := 1*( a-z / 0-9 / "-" / "_" / "." )
 *
 * A registered algorithm fixes its encoding: sha256 is 64 and sha512 is 128 lower-case hexadecimal digits.
 * Flat grammars are regular expressions, which the engine compiles: on random digests that is five times as fast as a
 * loop. Names are scanned by hand, since what may follow a separator makes an expression backtrack.
 *
 * @see OCI distribution-spec 1.1 "Pulling manifests"; OCI image-spec 1.1 "Digests"
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A repository name that follows the grammar: `name` in files of the v2 API, `v1-name` in those of the v1 API. */
export type RepositoryName = Branded<"RepositoryName">;
/** A tag that follows the grammar. */
export type Tag = Branded<"Tag">;
/** A digest that follows the grammar, `sha256:…` as a rule. */
export type Digest = Branded<"Digest">;
/** A tag or a digest, which never overlap: only a digest has a colon. */
export type Reference = Tag | Digest;
/** The id of a Docker v1 image: 64 lower-case hexadecimal digits. */
export type ImageId = Branded<"ImageId">;

const MAX_NAME_LENGTH = 255;
const MAX_DIGEST_LENGTH = 255;

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/;
/** Encodings of the registered algorithms. */
const REGISTERED_DIGEST = /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;
const REGISTERED_ALGORITHM = /^sha(?:256|512):/;
const OTHER_DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const V1_NAME = /^(?!\.{1,2}(?:\/|$))[a-z0-9._-]+(?:\/(?!\.{1,2}$)[a-z0-9._-]+)?$/;
const IMAGE_ID = /^[0-9a-f]{64}$/;

/** The grammars as regular expressions without flags, for JSON Schema. */
export const PATTERN = {
  name: /^[a-z0-9]+(?:(?:\.|__?|-+|\/)[a-z0-9]+)*$/.source,
  v1Name: V1_NAME.source,
  tag: TAG.source,
  digest:
    /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|(?!sha(?:256|512):)[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+)$/
      .source,
  imageId: IMAGE_ID.source,
} as const;

const SLASH = 47;
const DOT = 46;
const UNDERSCORE = 95;
const DASH = 45;

const isAlnum = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 48 && c <= 57);

/** Returns the end of the separator that starts at `at`, or `at` itself when there is none. */
function skipSeparator(text: string, at: number): number {
  const c = text.charCodeAt(at);
  if (c === DOT || c === SLASH) return at + 1;
  if (c === UNDERSCORE) return text.charCodeAt(at + 1) === UNDERSCORE ? at + 2 : at + 1;
  let end = at;
  while (text.charCodeAt(end) === DASH) end++;
  return end;
}

/** @returns the name, or undefined when `text` breaks the grammar */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  if (text.length > MAX_NAME_LENGTH) return undefined;
  let at = 0;
  for (;;) {
    const start = at;
    while (isAlnum(text.charCodeAt(at))) at++;
    if (at === start) return undefined;
    if (at === text.length) return text as RepositoryName;
    const next = skipSeparator(text, at);
    if (next === at) return undefined;
    at = next;
  }
}

/**
 * A name of the v1 API, as docker 1.5 to 1.7 pull it. Parts that a URL would resolve away (`.` and `..`) are refused.
 *
 * @returns the name, or undefined when `text` breaks the grammar
 */
export function parseV1Name(text: string): RepositoryName | undefined {
  return text.length <= MAX_NAME_LENGTH && V1_NAME.test(text) ? (text as RepositoryName) : undefined;
}

const LIBRARY = "library/";

/** Docker's other spelling of a name: `library/` is in front of names without a slash. */
export function otherSpelling(name: string): string | undefined {
  if (name.startsWith(LIBRARY)) return name.slice(LIBRARY.length);
  return name.includes("/") ? undefined : LIBRARY + name;
}

/** @returns the tag, or undefined when `text` breaks the grammar */
export function parseTag(text: string): Tag | undefined {
  return TAG.test(text) ? (text as Tag) : undefined;
}

const isDigestText = (text: string): boolean =>
  REGISTERED_DIGEST.test(text) ||
  (text.length <= MAX_DIGEST_LENGTH && !REGISTERED_ALGORITHM.test(text) && OTHER_DIGEST.test(text));

/** @returns the digest, or undefined when `text` breaks the grammar or its algorithm's encoding */
export function parseDigest(text: string): Digest | undefined {
  return isDigestText(text) ? (text as Digest) : undefined;
}

/** @returns the tag or digest, or undefined when `text` is neither */
export function parseReference(text: string): Reference | undefined {
  return text.includes(":") ? parseDigest(text) : parseTag(text);
}

/** Tells the two kinds of reference apart. */
export function isDigest(reference: Reference): reference is Digest {
  return reference.includes(":");
}

/** @returns the image id, or undefined when `text` is not 64 lower-case hexadecimal digits */
export function parseImageId(text: string): ImageId | undefined {
  return IMAGE_ID.test(text) ? (text as ImageId) : undefined;
}
