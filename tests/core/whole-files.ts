/** Random redirect files of version 6, which are sound. */
import fc from "fast-check";
import {
  descriptorOf,
  digest,
  INDEX,
  LIST,
  OCI,
  SCHEMA_1,
  SCHEMA_1_UNSIGNED,
  SCHEMA_2,
  v6,
} from "../harness/redirect-files.ts";

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG = "application/vnd.oci.image.config.v1+json";

type Described = ReturnType<typeof descriptorOf>;

const withoutData = ({ data, ...rest }: Described) => rest;

/** Digests that layers and subjects have, some of them unheard of elsewhere. */
export const BLOBS = ["1", "2", "3", "4"].map(digest);

const blob = fc.record({
  mediaType: fc.constant(LAYER),
  digest: fc.constantFrom(...BLOBS),
  size: fc.constantFrom(0, 10, 7e9),
});
const algorithm = fc.constantFrom("sha256", "sha256", "sha256", "sha512");
const config = fc
  .tuple(fc.constantFrom("amd64", "arm64", "s390x"), algorithm)
  .map(([architecture, of]) => descriptorOf(CONFIG, { architecture }, of));

const image = fc
  .record({
    mediaType: fc.constantFrom(OCI, SCHEMA_2, "application/x.unheard-of+json"),
    config,
    layers: fc.array(blob, { maxLength: 3 }),
    subject: fc.option(fc.constantFrom(...BLOBS), { nil: undefined }),
    artifactType: fc.constantFrom(undefined, "text/plain"),
    annotations: fc.constantFrom(undefined, { a: "b" }),
    algorithm,
  })
  .map(({ algorithm: of, ...content }) =>
    descriptorOf(content.mediaType, { schemaVersion: 2, ...content, config: withoutData(content.config) }, of),
  );

const schema1 = fc
  .tuple(fc.constantFrom(SCHEMA_1, SCHEMA_1_UNSIGNED), fc.constantFrom(...BLOBS))
  .map(([type, sum]) => descriptorOf(type, { schemaVersion: 1, fsLayers: [{ blobSum: sum }] }));

const oneDigestEach = (all: readonly Described[]) => [...new Map(all.map((each) => [each.digest, each])).values()];

/** Text of files, in which some manifests may be without data. */
export const wholeFile = fc
  .record({
    images: fc.array(fc.oneof({ weight: 4, arbitrary: image }, { weight: 1, arbitrary: schema1 }), { maxLength: 5 }),
    indexes: fc.array(
      fc.record({ type: fc.constantFrom(INDEX, LIST), children: fc.array(fc.nat(), { maxLength: 3 }) }),
      {
        maxLength: 2,
      },
    ),
    extra: fc.array(blob, { maxLength: 1 }),
    tags: fc.array(fc.tuple(fc.constantFrom("latest", "1.0", "__proto__", "b"), fc.array(fc.nat(), { minLength: 1 }))),
    configs: fc.array(config, { maxLength: 2 }),
    bare: fc.option(fc.nat(), { nil: undefined, freq: 4 }),
  })
  .map(({ images, indexes, extra, tags, configs, bare }) => {
    const leaves = oneDigestEach(images);
    const at = <Of>(list: readonly Of[], n: number): Of[] =>
      list.length === 0 ? [] : list.slice(n % list.length).slice(0, 1);
    const lists = indexes.map(({ type, children }) =>
      descriptorOf(type, { manifests: [...children.flatMap((n) => at(leaves, n)).map(withoutData), ...extra] }),
    );
    const all = oneDigestEach([...leaves, ...lists]);
    const manifests = all.map((each, n) => (bare !== undefined && n === bare % all.length ? withoutData(each) : each));
    const meant = tags.flatMap(([tag, ns]) => {
      const digests = ns.flatMap((n) => at(all, n)).map((each) => each.digest);
      return digests.length === 0 ? [] : [[tag, digests.length === 1 ? digests[0] : digests] as const];
    });
    const file = v6("team/app", { manifests, configs: oneDigestEach(configs) });
    // An object literal can't have a key of its own called `__proto__`.
    const members = [...new Map(meant)].map(([tag, digests]) => `${JSON.stringify(tag)}:${JSON.stringify(digests)}`);
    return `${JSON.stringify(file).slice(0, -1)},"tags":{${members.join(",")}}}`;
  });
