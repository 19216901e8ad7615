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
 *
 * A registered algorithm fixes its encoding: sha256 is 64 and sha512 is 128 lower-case hexadecimal digits.
 * Each parser is one scan, without a regular expression; the tests hold it to one.
 *
 * @see OCI distribution-spec 1.1 "Pulling manifests"; OCI image-spec 1.1 "Digests"
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A repository name that keeps the grammar. */
export type RepositoryName = Branded<"RepositoryName">;
/** A tag that keeps the grammar. */
export type Tag = Branded<"Tag">;
/** A digest that keeps the grammar, `sha256:…` as a rule. */
export type Digest = Branded<"Digest">;
/** What a manifest is asked for by. The two never overlap: only a digest has a colon. */
export type Reference = Tag | Digest;
/** The id of a Docker v1 image: 64 lower-case hexadecimal digits. */
export type ImageId = Branded<"ImageId">;

const MAX_NAME_LENGTH = 255;
const MAX_TAG_LENGTH = 128;
const MAX_DIGEST_LENGTH = 255;
const IMAGE_ID_LENGTH = 64;
const HEX_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

const COLON = 58;
const SLASH = 47;
const DOT = 46;
const UNDERSCORE = 95;
const DASH = 45;
const PLUS = 43;
const EQUALS = 61;

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isLower = (c: number): boolean => c >= 97 && c <= 122;
const isUpper = (c: number): boolean => c >= 65 && c <= 90;
const isLowerAlnum = (c: number): boolean => isLower(c) || isDigit(c);
const isLowerHex = (c: number): boolean => isDigit(c) || (c >= 97 && c <= 102);

/** Where the separator that starts at `at` ends, or `at` itself when there is none. */
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
    while (isLowerAlnum(text.charCodeAt(at))) at++;
    if (at === start) return undefined;
    if (at === text.length) return text as RepositoryName;
    const next = skipSeparator(text, at);
    if (next === at) return undefined;
    at = next;
  }
}

/** @returns the tag, or undefined when `text` breaks the grammar */
export function parseTag(text: string): Tag | undefined {
  const length = text.length;
  if (length === 0 || length > MAX_TAG_LENGTH) return undefined;
  for (let at = 0; at < length; at++) {
    const c = text.charCodeAt(at);
    const isWord = isLower(c) || isDigit(c) || isUpper(c) || c === UNDERSCORE;
    if (!isWord && (at === 0 || (c !== DOT && c !== DASH))) return undefined;
  }
  return text as Tag;
}

function isAlgorithm(text: string, end: number): boolean {
  let expectsPart = true;
  for (let at = 0; at < end; at++) {
    const c = text.charCodeAt(at);
    if (isLowerAlnum(c)) expectsPart = false;
    else if (!expectsPart && (c === PLUS || c === DOT || c === UNDERSCORE || c === DASH)) expectsPart = true;
    else return false;
  }
  return !expectsPart;
}

function allOf(text: string, start: number, accepts: (c: number) => boolean): boolean {
  for (let at = start; at < text.length; at++) if (!accepts(text.charCodeAt(at))) return false;
  return true;
}

const isEncoded = (c: number): boolean =>
  isLower(c) || isUpper(c) || isDigit(c) || c === EQUALS || c === UNDERSCORE || c === DASH;

/** @returns the digest, or undefined when `text` breaks the grammar or its algorithm's encoding */
export function parseDigest(text: string): Digest | undefined {
  const colon = text.indexOf(":");
  if (text.length > MAX_DIGEST_LENGTH || colon < 1 || colon === text.length - 1) return undefined;
  if (!isAlgorithm(text, colon)) return undefined;
  const hexLength = HEX_LENGTHS[text.slice(0, colon)];
  if (hexLength === undefined) return allOf(text, colon + 1, isEncoded) ? (text as Digest) : undefined;
  const isWellFormed = text.length - colon - 1 === hexLength && allOf(text, colon + 1, isLowerHex);
  return isWellFormed ? (text as Digest) : undefined;
}

/** @returns the tag or digest, or undefined when `text` is neither */
export function parseReference(text: string): Reference | undefined {
  return text.includes(":") ? parseDigest(text) : parseTag(text);
}

/** Tells the two kinds of reference apart. */
export function isDigest(reference: Reference): reference is Digest {
  for (let at = 0; at < reference.length; at++) if (reference.charCodeAt(at) === COLON) return true;
  return false;
}

/** @returns the image id, or undefined when `text` is not 64 lower-case hexadecimal digits */
export function parseImageId(text: string): ImageId | undefined {
  return text.length === IMAGE_ID_LENGTH && allOf(text, 0, isLowerHex) ? (text as ImageId) : undefined;
}
