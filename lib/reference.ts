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

/** The algorithms that fix their encoding, with their count of hexadecimal digits. */
const REGISTERED_ALGORITHMS = [
  ["sha256:", 64],
  ["sha512:", 128],
] as const;

const SLASH = 47;
const DOT = 46;
const UNDERSCORE = 95;
const DASH = 45;
const PLUS = 43;

const ALNUM = "0123456789abcdefghijklmnopqrstuvwxyz";

// A file may hold a million digests, and comparisons on random digits mispredict: a table is four times as fast.
const CLASSES = new Uint8Array(128);

/** Enters characters into the table under a bit of their own. */
function characterClass(bit: number, characters: string): number {
  for (const character of characters) {
    const c = character.charCodeAt(0);
    CLASSES[c] = (CLASSES[c] ?? 0) | bit;
  }
  return bit;
}

const LOWER_HEX = characterClass(1, "0123456789abcdef");
const LOWER_ALNUM = characterClass(2, ALNUM);
const WORD = characterClass(4, `${ALNUM}${ALNUM.toUpperCase()}_`);
const TAG_CHARACTER = characterClass(8, `${ALNUM}${ALNUM.toUpperCase()}_.-`);
const ENCODED = characterClass(16, `${ALNUM}${ALNUM.toUpperCase()}=_-`);

/** False past either end of the text too. */
function isAt(text: string, at: number, characters: number): boolean {
  return ((CLASSES[text.charCodeAt(at)] ?? 0) & characters) !== 0;
}

function allFrom(text: string, start: number, characters: number): boolean {
  for (let at = start; at < text.length; at++) if (!isAt(text, at, characters)) return false;
  return true;
}

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
    while (isAt(text, at, LOWER_ALNUM)) at++;
    if (at === start) return undefined;
    if (at === text.length) return text as RepositoryName;
    const next = skipSeparator(text, at);
    if (next === at) return undefined;
    at = next;
  }
}

/** @returns the tag, or undefined when `text` breaks the grammar */
export function parseTag(text: string): Tag | undefined {
  const isTag = text.length <= MAX_TAG_LENGTH && isAt(text, 0, WORD) && allFrom(text, 1, TAG_CHARACTER);
  return isTag ? (text as Tag) : undefined;
}

function isAlgorithm(text: string, end: number): boolean {
  let expectsPart = true;
  for (let at = 0; at < end; at++) {
    const c = text.charCodeAt(at);
    if (isAt(text, at, LOWER_ALNUM)) expectsPart = false;
    else if (!expectsPart && (c === PLUS || c === DOT || c === UNDERSCORE || c === DASH)) expectsPart = true;
    else return false;
  }
  return !expectsPart;
}

function isDigestText(text: string): boolean {
  for (const [prefix, digits] of REGISTERED_ALGORITHMS) {
    if (!text.startsWith(prefix)) continue;
    return text.length === prefix.length + digits && allFrom(text, prefix.length, LOWER_HEX);
  }
  const colon = text.indexOf(":");
  const isLongEnough = colon > 0 && colon < text.length - 1;
  return (
    isLongEnough && text.length <= MAX_DIGEST_LENGTH && isAlgorithm(text, colon) && allFrom(text, colon + 1, ENCODED)
  );
}

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
  return text.length === IMAGE_ID_LENGTH && allFrom(text, 0, LOWER_HEX) ? (text as ImageId) : undefined;
}
