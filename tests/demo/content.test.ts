import { describe, expect, test } from "bun:test";
import { createHash, createPublicKey, verify } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { type ManifestKind, MEDIA_TYPE, parseAccept } from "../../lib/core/media-types.ts";
import { KIND_BIT } from "../../lib/core/redirect-file/manifest-table.ts";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import {
  namedTags,
  type ReferrerDescriptor,
  type TreeRepository,
  type V1Repository,
  type WholeRepository,
} from "../../lib/core/redirect-file/repository.ts";
import { digestsIn } from "../../lib/core/redirect-file/whole-table.ts";
import { isDigest, type Reference } from "../../lib/core/reference.ts";
import { blobPath, referrersOf, resolveBlob, resolveManifest } from "../../lib/core/resolve.ts";
import { buildDemo } from "../../lib/demo/demo.ts";
import { sha256 } from "../harness/redirect-files.ts";

const BASE_URL = "http://127.0.0.1:5000";
const demo = buildDemo(BASE_URL);

const repositories = [...demo.redirectFiles].map(([file, text]) => {
  const parsed = parseRedirectFile(new TextEncoder().encode(text));
  if (!parsed.ok) throw new Error(`${file}: ${JSON.stringify(parsed.faults)}`);
  return parsed.repository;
});
const v1 = repositories.filter((each): each is V1Repository => each.api === "v1");
const whole = repositories.filter((each): each is WholeRepository => each.version === 6);
const v2 = repositories.filter((each): each is TreeRepository => each.api === "v2" && each.version !== 6);

function named<Of extends { readonly name: string }>(list: readonly Of[], name: string): Of {
  const found = list.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no repository ${name}`);
  return found;
}

/** What the static host has below a repository's url. */
function objectAt({ url }: { readonly url: string }, path: string) {
  const prefix = `${BASE_URL}/static/`;
  if (!url.startsWith(prefix)) throw new Error(`${url} is not on the static host`);
  const object = demo.objects.get(`${url.slice(prefix.length)}${path}`);
  if (object === undefined) throw new Error(`nothing at ${url}${path}`);
  return object;
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const jsonAt = (repository: { readonly url: string }, path: string) =>
  JSON.parse(textOf(objectAt(repository, path).bytes));

/** Takes the signatures out of a signed manifest, as a client does. */
function unsign(text: string) {
  const { signatures } = JSON.parse(text);
  const [signature] = signatures;
  const { formatLength, formatTail } = JSON.parse(Buffer.from(signature.protected, "base64url").toString());
  return { signature, payload: text.slice(0, formatLength) + Buffer.from(formatTail, "base64url").toString() };
}

const manifestDigest = (kind: ManifestKind, bytes: Uint8Array): string =>
  sha256(kind === "1" ? unsign(textOf(bytes)).payload : bytes);

/** Every reference that a file lists, with each kind that it has. */
const listed = v2.flatMap((repository) =>
  repository.manifests.references.flatMap((reference, place) =>
    (Object.keys(KIND_BIT) as ManifestKind[])
      .filter((kind) => (repository.manifests.kinds.charCodeAt(place) & KIND_BIT[kind]) !== 0)
      .map((kind) => ({ repository, reference, kind, path: `manifests/${kind}/${reference}` })),
  ),
);

/** Descriptors of the kinds of parts that a manifest may have, in one list. */
function partsOf(manifest: Record<string, unknown>): { digest: string; size?: number; mediaType?: string }[] {
  if (manifest["schemaVersion"] === 1) {
    return (manifest["fsLayers"] as { blobSum: string }[]).map(({ blobSum }) => ({ digest: blobSum }));
  }
  const layers = (manifest["layers"] ?? []) as { digest: string }[];
  return manifest["config"] === undefined ? layers : [manifest["config"] as { digest: string }, ...layers];
}

function configAt(repository: TreeRepository, path: string) {
  const { config } = jsonAt(repository, path);
  return config === undefined ? {} : jsonAt(repository, `blobs/${config.digest}`);
}

/** The first 240 bits of the key's hash, in base 32, in groups of four. */
function libtrustId(der: Uint8Array): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const hash = createHash("sha256").update(der).digest().subarray(0, 30);
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = bits.match(/.{5}/g)?.map((five) => alphabet[Number.parseInt(five, 2)]) ?? [];
  return (letters.join("").match(/.{4}/g) ?? []).join(":");
}

describe("the demo's repositories", () => {
  test("are one of v1, one of v2 in both forms, and one name with both", () => {
    expect(v1.map(({ name }): string => name).sort()).toEqual(["demo/both", "demo/legacy"]);
    expect(v2.map(({ name }): string => name).sort()).toEqual(["demo/both", "demo/tree"]);
  });

  test("are the same bytes whenever they are built, but for the host", () => {
    expect(buildDemo(BASE_URL)).toEqual(demo);
    expect(buildDemo("https://elsewhere.example:8443/").objects).toEqual(demo.objects);
  });

  test("are open to everybody", () => {
    expect(repositories.filter(({ isProtected }) => isProtected)).toEqual([]);
  });

  test("keep to their own directory below /static/ of the host that was asked for", () => {
    const files = [...buildDemo("https://elsewhere.example:8443/").redirectFiles.values()];
    const urls = files.map((text) => JSON.parse(text).url);
    expect(new Set(urls).size).toBe(files.length);
    for (const url of urls) expect(url).toMatch(/^https:\/\/elsewhere\.example:8443\/static\/v[12]\/[a-z-]+\/$/);
  });

  test("that share a name have 1-ubuntu only on v1", () => {
    const old = named(v1, "demo/both");
    const references = named(v2, "demo/both").manifests.references.map(String);
    expect([...old.tags.keys()].map(String)).toEqual(["1-ubuntu", "latest"]);
    expect(references).toContain("latest");
    expect(references).not.toContain("1-ubuntu");
  });

  test("include every kind of manifest, and a tag for each", () => {
    const ofHello = listed.filter(({ repository }) => repository.name === "demo/tree");
    const tags = ofHello.filter(({ reference }) => !isDigest(reference));
    expect(tags.map(({ reference, kind }) => `${reference} ${kind}`).sort()).toEqual([
      "1.0 2",
      "1.0-oci oci",
      "latest index",
      "latest list",
      "list list",
      "oci index",
      "old 1",
    ]);
  });
});

describe("v1 content", () => {
  test.each(v1)("$name has the three files of every image, and nothing else", (repository) => {
    const directory = repository.url.slice(`${BASE_URL}/static/`.length);
    const paths = [...demo.objects.keys()].filter((path) => path.startsWith(directory));
    const expected = repository.images.flatMap(({ id }) =>
      ["ancestry", "json", "layer"].map((file) => `${directory}${id}/${file}`),
    );
    expect(paths.sort()).toEqual(expected.sort());
  });

  test.each(v1)("$name: ancestry follows the parents, two images deep, to one that has none", (repository) => {
    for (const id of repository.tags.values()) {
      const chain: string[] = [];
      for (let next: string | undefined = id; next !== undefined; next = jsonAt(repository, `${next}/json`).parent) {
        chain.push(next);
        expect(jsonAt(repository, `${next}/json`)).toMatchObject({ id: next, architecture: "amd64", os: "linux" });
      }
      expect(chain).toHaveLength(2);
      expect(jsonAt(repository, `${id}/ancestry`)).toEqual(chain);
    }
  });

  test.each(v1)("$name: tags name different images of the file", (repository) => {
    const ids = repository.images.map(({ id }) => id);
    const tagged = [...repository.tags.values()];
    expect(new Set(tagged).size).toBe(tagged.length);
    expect(ids).toEqual(expect.arrayContaining(tagged));
  });
});

describe("v2 content", () => {
  test.each(listed)("$repository.name $path is there, as its media type", ({ repository, kind, path }) => {
    const { contentType, bytes } = objectAt(repository, path);
    const manifest = JSON.parse(textOf(bytes));
    expect(contentType).toBe(MEDIA_TYPE[kind]);
    expect(manifest.mediaType).toBe(kind === "1" ? undefined : MEDIA_TYPE[kind]);
  });

  test("every manifest is known under its digest, which is its hash", () => {
    for (const { repository, reference, kind, path } of listed) {
      const { bytes } = objectAt(repository, path);
      const digest = manifestDigest(kind, bytes);
      if (isDigest(reference)) expect<string>(reference).toBe(digest);
      expect(objectAt(repository, `manifests/${kind}/${digest}`).bytes).toEqual(bytes);
      expect(repository.manifests.references.map(String)).toContain(digest);
    }
  });

  test("every manifest is in the redirect file", () => {
    const known = listed.map(({ repository, path }) => `${repository.url}${path}`);
    const present = [...demo.objects.keys()].filter((path) => path.includes("/manifests/"));
    expect(present.map((path) => `${BASE_URL}/static/${path}`).sort()).toEqual(known.sort());
  });

  test("blobs are what their digests say", () => {
    const blobs = [...demo.objects].filter(([path]) => path.includes("/blobs/"));
    expect(blobs.length).toBeGreaterThan(0);
    for (const [path, { bytes }] of blobs) {
      expect(path.slice(path.indexOf("/blobs/") + "/blobs/".length).replace("/", ":")).toBe(sha256(bytes));
    }
  });

  test("manifests lead to blobs and manifests that are there, as long as they say", () => {
    for (const { repository, kind, path } of listed) {
      const manifest = jsonAt(repository, path);
      for (const { digest, size } of partsOf(manifest)) {
        const { bytes } = objectAt(repository, `blobs/${digest}`);
        if (kind !== "1") expect(size).toBe(bytes.length);
      }
      for (const { digest, size, mediaType } of manifest.manifests ?? []) {
        const child = objectAt(repository, `manifests/${kind === "list" ? "2" : "oci"}/${digest}`);
        expect({ size, mediaType }).toEqual({ size: child.bytes.length, mediaType: child.contentType });
      }
    }
  });

  test("lists are for linux on amd64 and arm64, and the map names the amd64 image of each docker list", () => {
    const lists = listed.filter(({ kind }) => kind === "list" || kind === "index");
    expect(lists.length).toBeGreaterThan(0);
    for (const { repository, reference, kind, path } of lists) {
      const platforms: { platform: unknown; digest: string }[] = jsonAt(repository, path).manifests;
      const os = "linux";
      expect(platforms.map(({ platform }) => platform)).toEqual([
        { architecture: "amd64", os },
        { architecture: "arm64", os },
      ]);
      if (kind === "index" || isDigest(reference)) continue;
      expect(repository.amd64.get(reference)).toMatchObject({ digest: platforms[0]?.digest, kind: "2" });
    }
  });

  test("tags/list names the tags of the file", () => {
    for (const repository of v2) {
      const tags = repository.manifests.references.filter((reference) => !isDigest(reference)).map(String);
      expect(jsonAt(repository, "tags/list")).toEqual({ name: repository.name, tags });
    }
  });

  test("an image's configuration names the digests of its unpacked layers", () => {
    const images = listed.filter(
      ({ kind, repository, path }) => kind === "2" || "rootfs" in configAt(repository, path),
    );
    expect(images.length).toBeGreaterThan(0);
    for (const { repository, path } of images) {
      const { layers } = jsonAt(repository, path) as { layers: { digest: string }[] };
      const unpacked = layers.map(({ digest }) => sha256(gunzipSync(objectAt(repository, `blobs/${digest}`).bytes)));
      expect(configAt(repository, path).rootfs.diff_ids).toEqual(unpacked);
    }
  });

  test("the schema 1 manifest is signed by the key that it shows", () => {
    const { signature, payload } = unsign(textOf(objectAt(named(v2, "demo/tree"), "manifests/1/old").bytes));
    const { kid, ...jwk } = signature.header.jwk;
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const signed = Buffer.from(`${signature.protected}.${Buffer.from(payload).toString("base64url")}`);
    const bytes = Buffer.from(signature.signature, "base64url");
    expect(verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, bytes)).toBe(true);
    expect(kid).toBe(libtrustId(key.export({ type: "spki", format: "der" })));
  });

  test("the schema 1 manifest tells each layer's image, the newest first, down to one without a parent", () => {
    const { fsLayers, history } = jsonAt(named(v2, "demo/tree"), "manifests/1/old");
    const images = history.map(({ v1Compatibility }: { v1Compatibility: string }) => JSON.parse(v1Compatibility));
    expect(images.map(({ parent }: { parent?: string }) => parent)).toEqual([images[1].id, undefined]);
    expect(fsLayers).toHaveLength(images.length);
  });

  test("referrers describe artifact manifests that name their subject", () => {
    const repository = named(v2, "demo/tree");
    const [[subject, descriptors] = []] = [...repository.referrers];
    expect(descriptors?.map(({ artifactType }) => artifactType)).toEqual(["application/spdx+json", "text/plain"]);
    expect(subject).toBe(sha256(objectAt(repository, "manifests/index/latest").bytes) as typeof subject);
    for (const { digest, size, mediaType, artifactType, annotations } of descriptors ?? []) {
      const object = objectAt(repository, `manifests/oci/${digest}`);
      const manifest = JSON.parse(textOf(object.bytes));
      expect({ size, mediaType }).toEqual({ size: object.bytes.length, mediaType: MEDIA_TYPE.oci });
      expect(manifest).toMatchObject({ artifactType, annotations, subject: { digest: subject } });
    }
  });
});

describe("the repository that is known whole", () => {
  const hello = whole[0];
  if (hello === undefined || whole.length !== 1) throw new Error("not one version 6 file");
  const tree = named(v2, "demo/tree");
  const everything = parseAccept(Object.values(MEDIA_TYPE).join(", "));
  const manifestOf = (repository: TreeRepository | WholeRepository, reference: Reference) => {
    const resolution = resolveManifest(repository, reference, everything);
    if (resolution.kind === "path") return objectAt(repository, resolution.path).bytes;
    return resolution.kind === "manifest" ? resolution.manifest.bytes : undefined;
  };

  test("has the manifests, tags and referrers of the tree", () => {
    expect(hello.name).toBe("demo/hello" as typeof hello.name);
    for (const reference of tree.manifests.references) {
      expect(Buffer.from(manifestOf(hello, reference) ?? [])).toEqual(Buffer.from(manifestOf(tree, reference) ?? []));
    }
    expect(namedTags(hello)).toEqual(namedTags(tree));
    for (const [subject, descriptors] of tree.referrers) {
      const byDigest = (list: readonly ReferrerDescriptor[] = []) =>
        list.toSorted((a, b) => (String(a["digest"]) < String(b["digest"]) ? -1 : 1));
      expect(byDigest(referrersOf(hello, subject))).toEqual(byDigest(descriptors));
    }
  });

  test("is an OCI image layout with every blob that its manifests name", () => {
    expect(jsonAt(hello, "oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
    for (const { digest, size } of jsonAt(hello, "index.json").manifests) {
      expect(objectAt(hello, `blobs/${digest.replace(":", "/")}`).bytes.length).toBe(size);
    }
    const blobs = digestsIn(hello).slice(hello.manifestCount);
    expect(blobs.length).toBeGreaterThan(0);
    for (const digest of blobs) {
      const { bytes } = objectAt(hello, blobPath(hello, digest));
      const resolution = resolveBlob(hello, digest);
      if (resolution.kind === "bytes") expect(Buffer.from(resolution.bytes)).toEqual(Buffer.from(bytes));
      else expect(resolution).toMatchObject({ kind: "path" });
    }
  });
});
