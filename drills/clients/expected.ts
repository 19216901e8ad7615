/** The expected results of the scenarios. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { blobsOf, hashedFiles, imageFor, imagesOf, type Published, sha256 } from "../../tests/clients/demo-content.ts";

export const ABSENT = `sha256:${"0".repeat(64)}`;

/** The outcome of a scenario for which a client has no command. */
export const NO_COMMAND = { lacks: "no command for it" };

/** The scenarios of names, tags and digests that v2 does not have. */
export const absentIn = (demo: string, pull: (image: string) => Promise<unknown>) => ({
  missingTag: () => pull(`${demo}/demo/hello:missing`),
  missingDigest: () => pull(`${demo}/demo/hello@${ABSENT}`),
  unknownName: () => pull(`${demo}/demo/nothing:latest`),
  v1Name: () => pull(`${demo}/demo/legacy:latest`),
  v1Tag: () => pull(`${demo}/demo/both:1-ubuntu`),
});

export const NAMES: readonly string[] = ["demo/both", "demo/hello", "demo/tree"];
/** The same on v1, which searches both. */
export const ALL_NAMES: readonly string[] = ["demo/both", "demo/hello", "demo/legacy", "demo/tree"];
export const TAGS: readonly string[] = ["1.0", "1.0-oci", "latest", "list", "oci", "old"];

/** This machine's architecture, as images call it. */
export const HERE = process.arch === "arm64" ? "arm64" : "amd64";

/** Artifact types of the referrers of `demo/hello:latest`. */
export const REFERRERS: readonly string[] = ["application/spdx+json", "text/plain"];

/** @throws naming the value found, in short */
export function mustBe(found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`told ${(JSON.stringify(found) ?? "nothing").slice(0, 200)}`);
}

/** @throws naming those that are missing */
export function mustHave(found: readonly string[], expected: readonly string[]): void {
  const missing = expected.filter((each) => !found.includes(each));
  if (missing.length > 0) throw new Error(`has not got ${missing.join(", ")}`);
}

const isListed = ({ kind }: Published): boolean => kind === "list" || kind === "index";

/** The image that a list has for an architecture, or the only one that there is. */
export const imageOf = (published: Published, architecture: string): Uint8Array =>
  isListed(published) ? imageFor(architecture, published.bytes) : published.bytes;

/** Hexadecimal digests of an image's manifest and of all that it names. */
export const partsOf = (image: Uint8Array): readonly string[] => [sha256(image), ...blobsOf(image)];

/** The same of everything that is published under one name. */
export const allPartsOf = ({ bytes }: Published): readonly string[] => [bytes, ...imagesOf(bytes)].flatMap(partsOf);

/**
 * @param signed hexadecimal digest of a manifest of schema 1, which is not over all of its bytes
 * @throws naming a part that the OCI layout lacks, or a blob whose name is not its hash
 */
export function mustBeLayout(directory: string, parts: readonly string[], signed?: string): void {
  mustHave(readdirSync(directory), ["oci-layout", "index.json"]);
  const blobs = Object.entries(hashedFiles(join(directory, "blobs/sha256")));
  const names = blobs.map(([name]) => name);
  mustHave(names, parts);
  mustBe(
    blobs.map(([name, hash]) => (name === signed ? signed : hash)),
    names,
  );
}

/** Splits a text into lines, without the blank ones. */
export const linesOf = (text: string): readonly string[] => text.split("\n").filter((line) => line.trim() !== "");
