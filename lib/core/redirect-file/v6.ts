import * as v from "valibot";
import { type Digest, parseDigest, parseTag, type Tag } from "../reference.ts";
import { aboutOf } from "./about.ts";
import { OCI_LAYOUT_BLOBS, parseTemplate } from "./blob-template.ts";
import { creationDates } from "./created.ts";
import { descriptors, type ReadManifest } from "./descriptors.ts";
import { MAX_FAULTS, type Warning } from "./fault.ts";
import { type CommonFile, common, EXPECTED, JSON_SCHEMA, mapOf, parsed, pathTo, redirectFile } from "./fields.ts";
import { isManifestType } from "./manifest-content.ts";
import { type Built, wholeRepository } from "./repository.ts";
import { createTable } from "./whole-table.ts";

function parseTagged(value: unknown): readonly Digest[] | undefined {
  const digests: Digest[] = [];
  for (const each of Array.isArray(value) ? value : [value]) {
    const digest = typeof each === "string" ? parseDigest(each) : undefined;
    if (digest === undefined) return undefined;
    digests.push(digest);
  }
  return digests.length === 0 ? undefined : digests;
}

const entries = {
  ...common,
  version: v.literal(6),
  manifests: descriptors("manifest"),
  tags: v.pipe(
    mapOf<Tag, readonly Digest[]>(parseTag, parseTagged, {
      key: EXPECTED.tag,
      value: "a digest or an array of digests",
    }),
    v.metadata({
      description: "The manifest of each tag, or several of which a client gets the first that it accepts.",
      type: "object",
      propertyNames: JSON_SCHEMA.tag,
      additionalProperties: {
        anyOf: [JSON_SCHEMA.digest, { type: "array", items: JSON_SCHEMA.digest, minItems: 1 }],
      },
    }),
  ),
  configs: v.optional(descriptors("config"), []),
  blobs: v.optional(
    v.pipe(
      parsed(parseTemplate, "a path below url or an absolute http or https URL, with {digest} or {hex} in it"),
      v.metadata({
        description:
          "Where a blob is: a path below url, or a URL of its own. Variables: {digest}, {algorithm}, {hex}, {hex:2}.",
        pattern: "\\{(digest|hex)\\}",
      }),
    ),
    OCI_LAYOUT_BLOBS,
  ),
};

interface Version6File extends CommonFile<6> {
  readonly manifests: readonly ReadManifest[];
  readonly tags: ReadonlyMap<Tag, readonly Digest[]>;
  readonly configs: readonly ReadManifest[];
  readonly blobs: string;
}

/** Gathers what the manifests name: blobs, referrers, and children that are missing. @param known their digests */
function namedBy(manifests: readonly ReadManifest[], known: ReadonlySet<Digest>) {
  const blobs = new Map<Digest, number | undefined>();
  const referrers: { readonly subject: Digest; readonly manifest: Digest }[] = [];
  const warnings: Warning[] = [];
  const name = (digest: Digest, size: number | undefined): void => {
    if (blobs.get(digest) === undefined) blobs.set(digest, size);
  };
  manifests.forEach(({ digest: manifest, content }, at) => {
    for (const [digest, size] of content?.blobs ?? []) name(digest, size);
    for (const { digest, mediaType, size, platform } of content?.children ?? []) {
      if (known.has(digest)) continue;
      if (!isManifestType(mediaType)) name(digest, size);
      else if (warnings.length < MAX_FAULTS) {
        const which = platform === undefined ? digest : `${digest} (${platform})`;
        warnings.push({ field: `manifests[${at}]`, message: `names the manifest ${which}, which is not in this file` });
      }
    }
    if (content?.subject !== undefined) referrers.push({ subject: content.subject, manifest });
  });
  return { blobs, referrers, warnings };
}

function readWhole(file: Version6File, known: ReadonlySet<Digest>): Built {
  const { manifests, configs, tags } = file;
  const { blobs, referrers, warnings } = namedBy(manifests, known);
  const repository = wholeRepository(
    {
      api: "v2",
      version: 6,
      name: file["repo-registry-id"],
      repository: file.repository,
      url: file.url,
      isProtected: file.protected,
      about: aboutOf(file),
      blobTemplate: file.blobs,
    },
    createTable({
      tags,
      manifests,
      configs,
      created: creationDates(manifests, configs),
      blobs,
      referrers,
    }),
  );
  return { repository, warnings };
}

/** Version 6: has the manifests themselves, so it knows what each is, what tags mean and which blobs there are. */
export const v6File = v.pipe(
  redirectFile(entries),
  v.rawTransform<Version6File, Built>(({ dataset, addIssue, NEVER }) => {
    const known = new Set(dataset.value.manifests.map(({ digest }) => digest));
    let faults = 0;
    for (const [tag, digests] of dataset.value.tags) {
      const missing = digests.find((digest) => !known.has(digest));
      if (missing === undefined) continue;
      const path: ReturnType<typeof pathTo> = [...pathTo(dataset.value, "tags"), ...pathTo(dataset.value.tags, tag)];
      addIssue({ message: "the digest of one of the manifests", input: missing, path });
      if (++faults === MAX_FAULTS) break;
    }
    return faults > 0 ? NEVER : readWhole(dataset.value, known);
  }),
);
