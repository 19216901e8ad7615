/** What refers to a manifest. @see OCI distribution-spec 1.1 "Listing Referrers" and "Referrers Tag Schema" */
import * as v from "valibot";
import { MEDIA_TYPE } from "../../core/media-types.ts";
import type { Digest } from "../../core/reference.ts";
import { digestField, fields, readJson, sizeField } from "../json-file.ts";
import { type Descriptor, kindOfType } from "../sources/manifest.ts";
import type { RegistryClient, SmallReply } from "./client.ts";
import { pagesOf } from "./pages.ts";

/** How registries that know nothing of referrers answer. */
const UNSUPPORTED = [400, 404, 405, 501];

const index = fields({
  manifests: v.array(
    fields({ mediaType: v.string("a string"), digest: digestField, size: sizeField }),
    "an array of descriptors",
  ),
});

/** The tag under which clients file referrers where the registry does not. */
function tagFor(subject: Digest): string {
  const [algorithm = "", encoded = ""] = subject.split(":");
  return `${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`.replaceAll(/[^A-Za-z0-9._-]/g, "-");
}

/** Undefined for an answer of another kind, as a page for people. */
function manifestsIn({ response, bytes }: SmallReply, about: string): readonly Descriptor[] | undefined {
  const type = (response.headers.get("content-type") ?? "").replace(/;.*/, "").trim().toLowerCase();
  if (response.status !== 200 || type !== MEDIA_TYPE.index) return undefined;
  return readJson(index, bytes, about).manifests.filter(({ mediaType }) => kindOfType(mediaType) !== undefined);
}

/** @returns what asks for the referrers of one manifest */
export function referrersOf(client: RegistryClient): (subject: Digest) => Promise<readonly Descriptor[]> {
  let hasApi = true;

  /** Undefined when the registry does not have the API. */
  async function askApi(subject: Digest): Promise<readonly Descriptor[] | undefined> {
    const about = `${client.address.text}: the referrers of ${subject}`;
    const found: Descriptor[] = [];
    const first = { at: `referrers/${subject}`, about, headers: { accept: MEDIA_TYPE.index }, accepts: UNSUPPORTED };
    for await (const page of pagesOf(client, first)) {
      const manifests = manifestsIn(page, about);
      if (manifests === undefined) return undefined;
      found.push(...manifests);
    }
    return found;
  }

  async function askForTag(subject: Digest): Promise<readonly Descriptor[]> {
    const tag = tagFor(subject);
    const about = `${client.address.text}:${tag}`;
    const headers = { accept: MEDIA_TYPE.index };
    const reply = await client.read({ at: `manifests/${tag}`, about, headers, accepts: UNSUPPORTED });
    return manifestsIn(reply, about) ?? [];
  }

  return async (subject) => {
    const found = hasApi ? await askApi(subject) : undefined;
    if (found !== undefined) return found;
    hasApi = false;
    return await askForTag(subject);
  };
}
