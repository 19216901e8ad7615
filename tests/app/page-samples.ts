import { descriptorOf, digest, hex, INDEX, OCI, v1, v4, v5, v6 } from "../harness/redirect-files.ts";

/** Redirect files of every kind that the pages show. */

const CONFIG = "application/vnd.oci.image.config.v1+json";

type Stored = ReturnType<typeof descriptorOf>;
const linkTo = ({ mediaType, digest: of, size }: Stored) => ({ mediaType, digest: of, size });

/** A repository of version 6 under construction. */
function whole() {
  const manifests: Stored[] = [];
  const configs: Stored[] = [];
  const keep = (into: Stored[], stored: Stored): Stored => {
    if (into.every((each) => each.digest !== stored.digest)) into.push(stored);
    return stored;
  };
  return {
    config: (type: string, content: object) => keep(configs, descriptorOf(type, content)),
    manifest: (content: object) => keep(manifests, descriptorOf(OCI, { schemaVersion: 2, mediaType: OCI, ...content })),
    index: (content: object) =>
      keep(manifests, descriptorOf(INDEX, { schemaVersion: 2, mediaType: INDEX, ...content })),
    file: (name: string, tags: object, more: object = {}) => v6(name, { manifests, configs, tags, ...more }),
  };
}

type Whole = ReturnType<typeof whole>;

const BUILT: Readonly<Record<string, string>> = {
  "1.9.0": "2026-03-01T10:00:00Z",
  "1.10.0": "2026-02-01T10:00:00Z",
  "2.0.0-rc1": "2026-01-01T10:00:00Z",
};

function image({ config, manifest }: Whole, architecture: string, version: string): Stored {
  const created = BUILT[version];
  return manifest({
    config: linkTo(
      config(CONFIG, {
        created,
        architecture,
        os: "linux",
        config: { Entrypoint: ["/app", "--greeting", "hello there"], Env: ["MODE=production"], User: "nobody" },
        rootfs: { type: "layers", diff_ids: [] },
        history: [
          { created, created_by: "COPY app /app" },
          { created, created_by: "ENTRYPOINT /app", empty_layer: true },
        ],
      }),
    ),
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digest("1"), size: 3_400_000 }],
  });
}

const ATTESTED = whole();

/** An index with two platforms and an attestation. */
function indexOf(version: string): Stored {
  const attestation = ATTESTED.manifest({
    config: linkTo(ATTESTED.config(CONFIG, { architecture: "unknown", os: "unknown" })),
    layers: [{ mediaType: "application/vnd.in-toto+json", digest: digest("2"), size: 20 }],
  });
  const platform = (architecture: string, os = "linux") => ({ platform: { os, architecture } });
  return ATTESTED.index({
    manifests: [
      { ...linkTo(image(ATTESTED, "amd64", version)), ...platform("amd64") },
      { ...linkTo(image(ATTESTED, "arm64", version)), ...platform("arm64") },
      { ...linkTo(attestation), ...platform("unknown", "unknown") },
    ],
    annotations: {
      "org.opencontainers.image.source": "https://github.com/example/app",
      "org.opencontainers.image.revision": "0123456789abcdef0123456789abcdef01234567",
      "org.opencontainers.image.licenses": "Apache-2.0",
      "org.opencontainers.image.url": "javascript:alert(1)",
      "com.example.note": "<script>alert(2)</script>",
    },
  });
}

const INDEXES = Object.fromEntries(Object.keys(BUILT).map((version) => [version, indexOf(version)]));
const NEWEST = INDEXES["1.9.0"] as Stored;
const EMPTY = ATTESTED.config("application/vnd.oci.empty.v1+json", {});
ATTESTED.manifest({
  artifactType: "application/spdx+json",
  config: linkTo(EMPTY),
  layers: [{ mediaType: "application/spdx+json", digest: digest("3"), size: 4 }],
  subject: linkTo(NEWEST),
});
const COSIGN = ATTESTED.manifest({
  config: linkTo(ATTESTED.config(CONFIG, { architecture: "", os: "" })),
  layers: [{ mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: digest("4"), size: 5 }],
});

const CHARTS = whole();
const CHART = CHARTS.manifest({
  config: linkTo(CHARTS.config("application/vnd.cncf.helm.config.v1+json", { name: "app", version: "0.1.0+5" })),
  layers: [{ mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip", digest: digest("5"), size: 48_000 }],
});

const MODELS = whole();
const MODEL = MODELS.manifest({
  artifactType: "application/vnd.example.model",
  config: linkTo(MODELS.config("application/vnd.oci.empty.v1+json", {})),
  layers: [
    {
      mediaType: "application/octet-stream",
      digest: digest("6"),
      size: 7,
      annotations: { "org.opencontainers.image.title": "model.onnx" },
    },
  ],
});

/** Digest of the index that `team/app:1.9.0` names. */
export const NEWEST_DIGEST = NEWEST.digest;
/** Digest of its linux/amd64 image. */
export const AMD64_DIGEST = image(ATTESTED, "amd64", "1.9.0").digest;

const tags = Object.fromEntries(Object.entries(INDEXES).map(([version, each]) => [version, each.digest]));

/** By the names of redirect files. */
export const PAGE_SAMPLES: Readonly<Record<string, object>> = {
  "app.json": ATTESTED.file(
    "team/app",
    { ...tags, latest: NEWEST.digest, [`${NEWEST.digest.replace(":", "-")}.sig`]: COSIGN.digest },
    { description: `The app of <b>everybody</b>: "safe" & sound.` },
  ),
  "chart.json": CHARTS.file("charts/app", { "0.1.0_5": CHART.digest }),
  "model.json": MODELS.file("models/eyes", { v1: MODEL.digest }),
  "listed.json": v5("team/listed", {
    schema2_data: ["1.0", digest("7")],
    oci_index_data: ["latest"],
    description: "Published by Pulp",
  }),
  "blind.json": v4("team/blind", { schema2_data: ["1.0"] }),
  "old.json": v1("team/old", { images: [{ id: hex("1") }], tags: { latest: hex("1") } }),
  "both-v1.json": v1("team/both", { images: [{ id: hex("1") }], tags: { old: hex("1") } }),
  "both.json": v5("team/both", { schema2_data: ["new"] }),
  "secret.json": v5("secret/plans", { schema2_data: ["1.0"], protected: true, description: "hush" }),
};
