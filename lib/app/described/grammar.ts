/**
 * The grammar of `lib/reference.ts` as regular expressions, for readers of the document, and what a client may put
 * into a request.
 */
import type { Parameter, Reference } from "../openapi/operation.ts";
import { refTo } from "../openapi/operation.ts";

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const REGISTERED = "sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}";
const DIGEST = `(?:${REGISTERED}|(?!sha256:|sha512:)[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+)`;

/** Whole texts, by what they are. The length limits of `NAME`, and of `DIGEST` and what has it, are 255 beside. */
export const PATTERN = {
  name: `^${COMPONENT}(?:/${COMPONENT})*$`,
  /** A v1 name has at most one slash. */
  v1Name: `^${COMPONENT}(?:/${COMPONENT})?$`,
  tag: `^${TAG}$`,
  digest: `^${DIGEST}$`,
  reference: `^(?:${TAG}|${DIGEST})$`,
  imageId: "^[0-9a-f]{64}$",
} as const;

/** The most characters of a name or of a digest. */
export const MAX_LENGTH = 255;

const EXAMPLE_DIGEST = `sha256:${"2".repeat(64)}`;

const text = (pattern: string, maxLength = MAX_LENGTH) => ({ type: "string", pattern, maxLength });

const SLASHES = "Its slashes stand in the path as they are: `%2F` is no part of a name.";

const PARAMETERS = {
  Name: {
    name: "name",
    in: "path",
    required: true,
    description: `The repository's name: components of lower-case letters and digits, which \`.\`, \`_\`, \`__\` or dashes may join, with slashes between them. ${SLASHES}`,
    schema: text(PATTERN.name),
    example: "demo/hello",
    "x-multi-segment": true,
  },
  V1Name: {
    name: "name",
    in: "path",
    required: true,
    description: `The repository's name, with one slash at most; \`library/\` in front of it means nothing. ${SLASHES}`,
    schema: text(PATTERN.v1Name),
    example: "demo/legacy",
    "x-multi-segment": true,
  },
  ManifestReference: {
    name: "reference",
    in: "path",
    required: true,
    description: "A tag or a digest. Only a digest has a colon.",
    schema: text(PATTERN.reference),
    example: "latest",
  },
  Digest: {
    name: "digest",
    in: "path",
    required: true,
    description: "An algorithm, a colon, and what it made of the bytes; sha256 as a rule.",
    schema: text(PATTERN.digest),
    example: EXAMPLE_DIGEST,
  },
  Tag: {
    name: "tag",
    in: "path",
    required: true,
    description: "A tag.",
    schema: text(PATTERN.tag, 128),
    example: "latest",
  },
  ImageId: {
    name: "id",
    in: "path",
    required: true,
    description: "The image's id.",
    schema: { type: "string", pattern: PATTERN.imageId },
    example: "1".repeat(64),
  },
  ImageFile: {
    name: "file",
    in: "path",
    required: true,
    description: "Which file of the image: the ids of its ancestors, what it is, or its bytes.",
    schema: { type: "string", enum: ["ancestry", "json", "layer"] },
    example: "json",
  },
  PageSize: {
    name: "n",
    in: "query",
    description: "The most items of a page; all without it.",
    schema: { type: "integer", minimum: 0 },
    example: 10,
  },
  PageStart: {
    name: "last",
    in: "query",
    description: "The page begins after this item, whether it is there or not.",
    schema: { type: "string" },
  },
  ArtifactType: {
    name: "artifactType",
    in: "query",
    description: "Only referrers of this artifact type.",
    schema: { type: "string" },
  },
  Range: {
    name: "Range",
    in: "header",
    description: "One part of the file, as `bytes=0-1023`. Several parts at once are answered with the whole file.",
    schema: { type: "string" },
  },
  IfRange: {
    name: "If-Range",
    in: "header",
    description: "The ETag or the date that the range belongs to; the whole file comes when it is another now.",
    schema: { type: "string" },
  },
  IfNoneMatch: {
    name: "If-None-Match",
    in: "header",
    description: "ETags of what the client has: 304 when the file is one of them.",
    schema: { type: "string" },
  },
  IfModifiedSince: {
    name: "If-Modified-Since",
    in: "header",
    description: "A date as HTTP has it: 304 when the file is not newer.",
    schema: { type: "string" },
  },
  IfMatch: {
    name: "If-Match",
    in: "header",
    description: "ETags: 412 unless the file is one of them.",
    schema: { type: "string" },
  },
  IfUnmodifiedSince: {
    name: "If-Unmodified-Since",
    in: "header",
    description: "A date as HTTP has it: 412 when the file is newer.",
    schema: { type: "string" },
  },
} as const satisfies Readonly<Record<string, Parameter>>;

/** All parameters that several routes have. */
export const PARAMETER_COMPONENTS: Readonly<Record<string, Parameter>> = PARAMETERS;

/** @returns references to them */
export const parameters = (...names: readonly (keyof typeof PARAMETERS)[]): readonly Reference[] =>
  names.map((name) => refTo("parameters", name));

/** What a client may say when a file is sent. */
export const FILE_PARAMETERS: readonly Reference[] = parameters(
  "Range",
  "IfRange",
  "IfNoneMatch",
  "IfModifiedSince",
  "IfMatch",
  "IfUnmodifiedSince",
);
