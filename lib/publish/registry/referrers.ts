/** The referrers of a manifest. @see OCI distribution-spec 1.1 "Listing Referrers" and "Referrers Tag Schema" */
import * as v from "valibot";
import { MEDIA_TYPE } from "../../core/media-types.ts";
import { visible } from "../../core/redirect-file/fault.ts";
import type { Digest } from "../../core/reference.ts";
import { digestField, fields, readJson, sizeField } from "../json-file.ts";
import { PublishError, SourceFailure } from "../publish-error.ts";
import { type Descriptor, kindOfType, typeField } from "../sources/manifest.ts";
import type { RegistryClient, SmallReply } from "./client.ts";
import { pagesOf } from "./pages.ts";

/** Statuses of registries without referrers. */
const UNSUPPORTED: readonly number[] = [400, 404, 405, 501];

/** Statuses of registries that refuse; some do so for unknown paths. */
const REFUSED: readonly number[] = [401, 402, 403, 406, 409, 410, 415, 422, 424];

const index = fields({
  manifests: v.array(fields({ mediaType: typeField, digest: digestField, size: sizeField }), "an array of descriptors"),
});

/** The tag under which clients file referrers where the registry does not. */
function tagFor(subject: Digest): string {
  const [algorithm = "", encoded = ""] = subject.split(":");
  return `${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`.replaceAll(/[^A-Za-z0-9._-]/g, "-");
}

/** A list of referrers, or why there is none; "" when the registry only does not know such lists. */
type ReferrersAnswer = readonly Descriptor[] | string;

function manifestsIn({ response, bytes }: SmallReply, about: string): ReferrersAnswer {
  const { status } = response;
  const type = (response.headers.get("content-type") ?? "").replace(/;.*/, "").trim().toLowerCase();
  if (UNSUPPORTED.includes(status)) return "";
  if (status !== 200) return `${about}: ${status}`;
  if (type !== MEDIA_TYPE.index)
    return `${about}: expected ${MEDIA_TYPE.index}, received ${visible(type) || "no type"}`;
  return readJson(index, bytes, about).manifests.filter(({ mediaType }) => kindOfType(mediaType) !== undefined);
}

/** @returns what asks for the referrers of one manifest. @throws {PublishError} when the registry does not tell */
export function referrersOf(client: RegistryClient): (subject: Digest) => Promise<readonly Descriptor[]> {
  let hasApi = true;

  async function askApi(subject: Digest): Promise<ReferrersAnswer> {
    const about = `${client.address.text}: the referrers of ${subject}`;
    const descriptors: Descriptor[] = [];
    const accepts = [...UNSUPPORTED, ...REFUSED];
    const first = { at: `referrers/${subject}`, about, headers: { accept: MEDIA_TYPE.index }, accepts };
    for await (const page of pagesOf(client, first)) {
      const manifests = manifestsIn(page, about);
      if (typeof manifests === "string") return manifests;
      descriptors.push(...manifests);
    }
    return descriptors;
  }

  async function askForTag(subject: Digest): Promise<ReferrersAnswer> {
    const tag = tagFor(subject);
    const about = `${client.address.text}:${tag}`;
    const headers = { accept: MEDIA_TYPE.index };
    return manifestsIn(await client.read({ at: `manifests/${tag}`, about, headers, accepts: UNSUPPORTED }), about);
  }

  return async (subject) => {
    const listed = hasApi ? await askApi(subject) : "";
    if (typeof listed !== "string") return listed;
    hasApi = false;
    const tagged = await askForTag(subject);
    if (typeof tagged !== "string") return tagged;
    if (listed === "" && tagged === "") return [];
    throw new PublishError(listed || tagged);
  };
}

/** The reaction to a registry that does not list referrers. */
export interface ReferrerOptions {
  /** Then nothing is published. */
  readonly isRequired: boolean;
  readonly warn: (text: string) => void;
}

/** Asks for referrers, and does without those that the registry does not tell; one that is ill is asked no more. */
export function whereTold<Item>(
  { isRequired, warn }: ReferrerOptions,
  ask: (subject: Digest) => Promise<readonly Item[]>,
): (subject: Digest) => Promise<readonly Item[]> {
  let hasWarned = false;
  let isIll = false;
  return async (subject) => {
    if (isIll) return [];
    try {
      return await ask(subject);
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      if (isRequired) throw new SourceFailure(`${error.message} (--require-referrers)`);
      if (!hasWarned) warn(`${error.message}: published without what may refer to the images, as signatures`);
      hasWarned = true;
      isIll = error instanceof SourceFailure;
      return [];
    }
  };
}
