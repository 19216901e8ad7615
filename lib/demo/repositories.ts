import { prettyBytes } from "./blob.ts";
import { BASE_LAYER, CREATED, helloLayer } from "./layer.ts";
import {
  type Artifact,
  artifactManifest,
  type DemoManifest,
  imageManifest,
  listManifest,
  type PlatformImages,
} from "./manifest.ts";
import type { Architecture } from "./program.ts";
import { type Schema1Signature, schema1Manifest } from "./schema1.ts";
import { type PublishedRepository, publishTree, publishV1 } from "./tree.ts";
import { type DemoV1Image, v1Image } from "./v1-image.ts";
import { publishWhole } from "./whole.ts";

const greeting = (what: string): string => `Hello from craned! This is ${what}.`;

/** One image for each architecture, whose program says which it is. */
function imagesOf(kind: "2" | "oci", what: string): PlatformImages {
  const imageFor = (architecture: Architecture) => {
    const hello = helloLayer(architecture, greeting(`${what} for linux/${architecture}`));
    return imageManifest(kind, architecture, [BASE_LAYER, hello]);
  };
  return { amd64: imageFor("amd64"), arm64: imageFor("arm64") };
}

const v1BaseImage = v1Image(BASE_LAYER);

const v1HelloImage = (what: string): DemoV1Image => v1Image(helloLayer("amd64", greeting(what)), v1BaseImage);

const v1TagsOf = (name: string) => ({
  "1-ubuntu": v1HelloImage(`${name}:1-ubuntu, a v1 image`),
  latest: v1HelloImage(`${name}:latest, a v1 image`),
});

/**
 * Over the payload of `demo/hello:old`. The private key is gone: a change of that image takes a new key, signature
 * and time, made with ES256 over `<protected>.<base64url of the payload>`.
 */
const OLD_SIGNATURE: Schema1Signature = {
  jwk: {
    crv: "P-256",
    kid: "BDCZ:G7MM:NBGY:SVA2:PD5W:Q6UO:DKVR:QVAM:32QN:VLCW:FJ5B:TQN5",
    kty: "EC",
    x: "eTgZtFn0wvlOnguRIxVY-ygNGp5Dh1OaNC4SO8RqHS0",
    y: "9W6DupeSBahXa_pOUgAmdOCcHYEAJbD0NxxTvriyGyE",
  },
  signature: "9kfg_Grb9gBD9dFuj_sNPSVGOTVezdQJuZogo7OaHBO3SlgC0wv2Jnj27UZ0Y31bE5oylAigFP2Wnpvm2wS2Ew",
  time: CREATED,
};

/** A bill of materials in SPDX 2.3, as short as it may be. */
const BILL_OF_MATERIALS = {
  spdxVersion: "SPDX-2.3",
  dataLicense: "CC0-1.0",
  SPDXID: "SPDXRef-DOCUMENT",
  name: "demo/hello",
  documentNamespace: "https://spdx.org/spdxdocs/craned-demo-hello",
  creationInfo: { created: CREATED, creators: ["Tool: craned"] },
  packages: [
    {
      SPDXID: "SPDXRef-hello",
      name: "hello",
      versionInfo: "1.0",
      downloadLocation: "NONE",
      filesAnalyzed: false,
      licenseDeclared: "Apache-2.0",
    },
  ],
  relationships: [
    { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: "SPDXRef-hello" },
  ],
};

const NOTE = "Two system calls, no libc: /hello is the smallest program that is still polite.\n";

function artifactsOf(subject: DemoManifest): readonly Artifact[] {
  return [
    artifactManifest(subject, "application/spdx+json", "sbom.spdx.json", prettyBytes(BILL_OF_MATERIALS)),
    artifactManifest(subject, "text/plain", "note.txt", new TextEncoder().encode(NOTE)),
  ];
}

/** Manifests of every kind and referrers, known whole and in a tree of directories; the images are the same. */
function helloRepositories(): Readonly<Record<"whole" | "tree", PublishedRepository>> {
  const name = "demo/hello";
  const docker = imagesOf("2", name);
  const oci = imagesOf("oci", name);
  const list = listManifest("list", docker);
  const index = listManifest("index", oci);
  const old = schema1Manifest(name, "old", v1HelloImage(`${name}:old, of schema 1`), OLD_SIGNATURE);
  const tagged = [
    ["1.0", docker.amd64],
    ["1.0-oci", oci.amd64],
    ["latest", index],
    ["latest", list],
    ["list", list],
    ["oci", index],
    ["old", old],
  ] as const;
  const artifacts = new Map([[index, artifactsOf(index)]]);
  return {
    whole: publishWhole(name, "demo-hello", tagged, artifacts),
    tree: publishTree("demo/tree", "demo-tree", tagged, artifacts),
  };
}

/** A tag that only the v1 half of a name has: docker asks v2 first, and has to be told to go on. */
function bothV2Repository(): PublishedRepository {
  const name = "demo/both";
  const images = imagesOf("2", `${name}, a v2 image`);
  return publishTree(name, "demo-both", [
    ["2", images.amd64],
    ["latest", listManifest("list", images)],
  ]);
}

/** All repositories of the demo, by the names of their redirect files and of their directories on the static host. */
export function demoRepositories(): ReadonlyMap<string, PublishedRepository> {
  const { whole, tree } = helloRepositories();
  return new Map([
    ["v1/demo-legacy", publishV1("demo/legacy", "demo-legacy", v1TagsOf("demo/legacy"))],
    ["v1/demo-both", publishV1("demo/both", "demo-both", v1TagsOf("demo/both"))],
    ["v2/demo-both", bothV2Repository()],
    ["v2/demo-hello", whole],
    ["v2/demo-tree", tree],
  ]);
}
