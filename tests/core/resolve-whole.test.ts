import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseAccept } from "../../lib/core/media-types.ts";
import type { WholeRepository } from "../../lib/core/redirect-file/repository.ts";
import { type Digest, parseDigest, parseReference } from "../../lib/core/reference.ts";
import { blobPath, referrersOf, resolveBlob, resolveManifest, tagsOf } from "../../lib/core/resolve.ts";
import { descriptorOf, digest, INDEX, LIST, OCI, SCHEMA_1, SCHEMA_2, v2, v6 } from "../harness/redirect-files.ts";
import { acceptHeader } from "./accept-headers.ts";
import { type NaiveWhole, naiveBlob, naivelyResolveWhole, naiveReferrers } from "./naive-whole.ts";
import { parseJson, parseText, repositoryOf } from "./redirect-file/samples.ts";
import { BLOBS, wholeFile } from "./whole-files.ts";

function wholeOf(parsed: ReturnType<typeof parseText>): WholeRepository {
  const repository = repositoryOf(parsed);
  if (repository.version !== 6) throw new Error("not a version 6 file");
  return repository;
}

function digestOf(text: string): Digest {
  const parsed = parseDigest(text);
  if (parsed === undefined) throw new Error(`not a digest: ${text}`);
  return parsed;
}

function answerOf(repository: WholeRepository, reference: string, accept: string | undefined): string {
  const parsed = parseReference(reference);
  if (parsed === undefined) throw new Error(`not a reference: ${reference}`);
  const resolution = resolveManifest(repository, parsed, parseAccept(accept));
  if (resolution.kind === "path") throw new Error("a path, in version 6");
  return resolution.kind === "manifest" ? resolution.manifest.digest : [resolution.why, ...resolution.types].join(" ");
}

describe("any version 6 file says what the page says", () => {
  test("of its manifests, to any reference and any Accept header", () => {
    fc.assert(
      fc.property(wholeFile, fc.nat(), acceptHeader, (json, n, header) => {
        const file: NaiveWhole = JSON.parse(json);
        const asked = [
          ...file.manifests.map((each) => each.digest),
          "latest",
          "1.0",
          "__proto__",
          "toString",
          digest("1"),
        ];
        const reference = asked[n % asked.length] ?? "";
        const answer = answerOf(wholeOf(parseText(json)), reference, header);
        expect(answer.startsWith("sha") ? answer : undefined).toBe(naivelyResolveWhole(file, reference, header));
      }),
      { numRuns: 2000 },
    );
  });

  test("of its blobs, referrers and tags, and the bytes are those of the file", () => {
    fc.assert(
      fc.property(wholeFile, (json) => {
        const file: NaiveWhole = JSON.parse(json);
        const repository = wholeOf(parseText(json));
        const stored = [...file.manifests, ...(file.configs ?? [])];
        for (const text of [...BLOBS, ...stored.map((each) => each.digest)]) {
          const blob = resolveBlob(repository, digestOf(text));
          const size = blob.kind === "bytes" ? blob.bytes.length : blob.kind === "path" ? (blob.size ?? -1) : undefined;
          expect(size).toBe(naiveBlob(file, text));
          expect(JSON.parse(JSON.stringify(referrersOf(repository, digestOf(text))))).toEqual(
            naiveReferrers(file, text),
          );
        }
        for (const { digest: text, data } of stored) {
          const resolution = resolveManifest(repository, digestOf(text), parseAccept(undefined));
          const blob = resolveBlob(repository, digestOf(text));
          const bytes =
            resolution.kind === "manifest" ? resolution.manifest.bytes : blob.kind === "bytes" && blob.bytes;
          expect(bytes ? Buffer.from(bytes).toString("base64") : undefined).toBe(data);
        }
        const listed = tagsOf(repository);
        expect<unknown>(listed?.sorted.slice(0, listed.count)).toEqual(Object.keys(file.tags).sort());
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a tag is the first of its manifests that the client accepts", () => {
  const image = descriptorOf(OCI, { schemaVersion: 2, config: {}, layers: [] });
  const docker = descriptorOf(SCHEMA_2, { schemaVersion: 2, mediaType: SCHEMA_2 });
  const old = descriptorOf(SCHEMA_1, { schemaVersion: 1 });
  const tags = { both: [image.digest, docker.digest], old: old.digest, all: [image.digest, docker.digest, old.digest] };
  const repository = wholeOf(parseJson(v6("team/app", { manifests: [image, docker, old], tags })));
  test.each([
    ["the preferred one", "both", `${SCHEMA_2}, ${OCI}`, image.digest],
    ["the one that it accepts", "both", SCHEMA_2, docker.digest],
    ["q orders before preference does", "both", `${OCI};q=0.1, ${SCHEMA_2};q=0.2`, docker.digest],
    ["q=0 excludes", "both", `*/*, ${OCI};q=0`, docker.digest],
    ["no Accept header takes schema 1", "all", undefined, old.digest],
    ["no Accept header takes nothing else", "both", undefined, `not-acceptable ${OCI} ${SCHEMA_2}`],
    ["plain JSON takes schema 1", "old", "application/json", old.digest],
    ["none accepted, and which types there are", "both", `${INDEX}, ${LIST}`, `not-acceptable ${OCI} ${SCHEMA_2}`],
    ["no such tag", "1-ubuntu", "*/*", "unknown"],
    ["a digest, whatever the client accepts", image.digest, "text/html", image.digest],
    ["a digest named nowhere", digest("0"), "*/*", "unknown"],
  ])("%s", (_, reference, accept, answer) => {
    expect(answerOf(repository, reference, accept)).toBe(answer);
  });
});

describe("where blobs are", () => {
  const hex = "ab".repeat(32);
  test.each([
    [undefined, `blobs/sha256/${hex}`],
    ["blobs/{digest}", `blobs/sha256:${hex}`],
    ["docker/registry/v2/blobs/{algorithm}/{hex:2}/{hex}/data", `docker/registry/v2/blobs/sha256/ab/${hex}/data`],
    ["https://pool.example.com/{algorithm}/{hex}", `https://pool.example.com/sha256/${hex}`],
  ])("%s", (blobs, path) => {
    const repository = wholeOf(parseJson(v6("team/app", { manifests: [], tags: {}, blobs })));
    expect(blobPath(repository, digestOf(`sha256:${hex}`))).toBe(path);
  });

  test("versions 2 to 5 have Pulp's tree", () => {
    const repository = repositoryOf(parseJson(v2("team/app")));
    if (repository.api === "v1") throw new Error("not a v2 file");
    expect(resolveBlob(repository, digestOf(digest("a")))).toEqual({
      kind: "path",
      path: `blobs/${digest("a")}`,
      size: undefined,
    });
  });
});
