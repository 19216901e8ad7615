/** What clients see through version 6 is what distribution serves when the same images are pushed to it. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type ManifestKind, MEDIA_TYPE } from "../../lib/core/media-types.ts";
import { type Craned, runCraned, type Scratch, scratch, serveDirectory } from "../harness/craned.ts";
import { type Distribution, startDistribution } from "../harness/distribution.ts";
import { describeWith, leftovers } from "../harness/programs.ts";
import { digest } from "../harness/redirect-files.ts";
import { type Descriptor, forPlatform, type Layout, layoutAt } from "./layouts.ts";

setDefaultTimeout(1_800_000);

/** Another number is tried by LAYOUT_RUNS. */
const RUNS = Number(process.env["LAYOUT_RUNS"] ?? 10);

/** A layout: images, lists of these and of lists, notes that refer to something, and which of all these have tags. */
const layouts = fc.record({
  images: fc.array(fc.record({ kind: fc.constantFrom("2", "oci"), layers: fc.integer({ min: 0, max: 3 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  lists: fc.array(
    fc.record({ kind: fc.constantFrom("list", "index"), of: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }) }),
    {
      maxLength: 3,
    },
  ),
  notes: fc.array(
    fc.record(
      {
        of: fc.nat(),
        artifactType: fc.constantFrom("application/spdx+json", "text/plain"),
        annotations: fc.dictionary(fc.stringMatching(/^[a-z.]{1,8}$/), fc.string({ maxLength: 9 }), { maxKeys: 2 }),
      },
      { requiredKeys: ["of"] },
    ),
    { maxLength: 3 },
  ),
  tags: fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,12}$/), fc.nat(), { minKeys: 1, maxKeys: 5 }),
});

type Shape = typeof layouts extends fc.Arbitrary<infer T> ? T : never;

const ARCHITECTURES = ["amd64", "arm64", "s390x"];

/** @returns all manifests in the order in which a registry takes them, and the tags */
function build(layout: Layout, { images, lists, notes, tags }: Shape) {
  const made: Descriptor[] = images.map(({ kind, layers }, at) => {
    const family =
      kind === "2" ? "application/vnd.docker.container.image.v1+json" : "application/vnd.oci.image.config.v1+json";
    const config = layout.blob(family, JSON.stringify({ at, architecture: "amd64", os: "linux" }));
    const blobs = Array.from({ length: layers }, (_, layer) =>
      layout.blob("application/vnd.oci.image.layer.v1.tar", `layer ${layer}`),
    );
    return layout.manifest(kind as ManifestKind, { config, layers: blobs });
  });
  const docker = made.filter(({ mediaType }) => mediaType === MEDIA_TYPE["2"]);
  for (const { kind, of } of lists) {
    // A docker list has docker images: distribution gives its image to clients without a look at the type.
    const among = kind === "list" ? docker : [...made];
    if (among.length === 0) continue;
    const children = of.map((at, index) =>
      forPlatform(among[at % among.length] as Descriptor, ARCHITECTURES[index] ?? ""),
    );
    made.push(layout.list(kind as "list" | "index", children));
  }
  for (const [at, { of, ...more }] of notes.entries()) {
    made.push(layout.image("oci", `note ${at}`, { subject: made[of % made.length], ...more }));
  }
  const named = Object.entries(tags).map(([tag, at]) => [tag, made[at % made.length] as Descriptor] as const);
  layout.finish([...named, ...made.map((each) => ["", each] as const)]);
  return { made, named };
}

const ACCEPTS = [
  Object.values(MEDIA_TYPE).slice(1),
  [MEDIA_TYPE.oci, MEDIA_TYPE.index],
  [MEDIA_TYPE["2"], MEDIA_TYPE.list],
  [MEDIA_TYPE["2"]],
].map((types) => types.join(", "));

describeWith(["docker-registry"], "any layout", () => {
  const afterwards = leftovers();
  let work: Scratch;
  let registry: Distribution;
  let craned: Craned;
  let count = 0;

  beforeAll(async () => {
    work = scratch({ "metadata/v2/none.json.example": "" });
    afterwards(work.remove);
    registry = await startDistribution(join(work.path, "registry"));
    afterwards(registry.stop);
    craned = await serveDirectory(join(work.path, "metadata"));
    afterwards(craned.stop);
  });

  async function push(
    layout: Layout,
    name: string,
    made: readonly Descriptor[],
    named: readonly (readonly [string, Descriptor])[],
  ) {
    const origin = `http://${registry.host}/v2/${name}`;
    const must = async (answer: Response) => {
      if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
      return answer;
    };
    const putManifest = async (reference: string, each: Descriptor) =>
      must(
        await fetch(`${origin}/manifests/${reference}`, {
          method: "PUT",
          body: readFileSync(layout.fileOf(each)),
          headers: { "content-type": each.mediaType },
        }),
      );
    for (const each of made) {
      const { config, layers = [] } = JSON.parse(readFileSync(layout.fileOf(each), "utf8"));
      for (const blob of config === undefined ? [] : [config, ...layers]) {
        const started = await must(await fetch(`${origin}/blobs/uploads/`, { method: "POST" }));
        const at = new URL(started.headers.get("location") ?? "");
        at.searchParams.set("digest", blob.digest);
        await must(await fetch(at, { method: "PUT", body: readFileSync(layout.fileOf(blob)) }));
      }
      await putManifest(each.digest, each);
    }
    for (const [tag, each] of named) await putManifest(tag, each);
  }

  /** What a client can see of a manifest. */
  async function seen(origin: string, path: string, accept: string, method = "GET") {
    const answer = await fetch(`${origin}/v2/${path}`, { method, headers: { accept } });
    const text = await answer.text();
    const header = (name: string) => answer.headers.get(name);
    if (answer.status !== 200) return [answer.status, method === "GET" ? JSON.parse(text).errors[0].code : ""];
    return [answer.status, header("content-type"), header("docker-content-digest"), header("content-length"), text];
  }

  async function publish(layout: Layout, name: string): Promise<void> {
    const places = ["--content", join(work.path, "content"), "--metadata", join(work.path, "metadata")];
    const url = ["--url", "https://cdn.example/files"];
    const { code, err } = await runCraned([
      "publish",
      layout.path,
      "--name",
      name,
      "--keep-untagged",
      ...url,
      ...places,
    ]);
    if (code !== 0) throw new Error(err);
    while ((await fetch(`${craned.origin}/v2/${name}/tags/list`)).status !== 200) await Bun.sleep(10);
  }

  test("looks the same to clients", async () => {
    await fc.assert(
      fc.asyncProperty(layouts, async (shape) => {
        const name = `any/layout${count++}`;
        const layout = layoutAt(join(work.path, name));
        const { made, named } = build(layout, shape);
        await push(layout, name, made, named);
        await publish(layout, name);
        const origins = [`http://${registry.host}`, craned.origin] as const;
        const both = async (path: string, accept = "", method = "GET") => {
          const [expected, received] = await Promise.all(
            origins.map((origin) => seen(origin, `${name}/${path}`, accept, method)),
          );
          return { expected: [path, accept, method, expected], received: [path, accept, method, received] };
        };
        const expectSame = async (...question: Parameters<typeof both>) => {
          const { expected, received } = await both(...question);
          expect(received).toEqual(expected);
        };
        for (const [tag, { mediaType }] of named) {
          // Distribution makes schema 1 of schema 2 for clients that take nothing else; that is gone from it since 3.0.
          const isConverted = mediaType === MEDIA_TYPE["2"] || mediaType === MEDIA_TYPE.list;
          for (const accept of ACCEPTS) {
            if (isConverted && !accept.includes(MEDIA_TYPE["2"])) continue;
            for (const method of ["GET", "HEAD"]) await expectSame(`manifests/${tag}`, accept, method);
          }
        }
        for (const { digest } of made) await expectSame(`manifests/${digest}`, ACCEPTS[0]);
        for (const reference of ["no-such-tag", digest("0")]) await expectSame(`manifests/${reference}`, ACCEPTS[0]);
        await expectSame(`blobs/${digest("0")}`);
        const tagsAt = async (origin: string) =>
          (await (await fetch(`${origin}/v2/${name}/tags/list`)).json()) as { readonly tags: readonly string[] };
        const pushed = await tagsAt(origins[0]);
        expect(await tagsAt(origins[1])).toEqual({ ...pushed, tags: pushed.tags.toSorted() });
        // The registry of this version has no referrers.
        for (const { digest } of made) {
          const answer = await fetch(`${craned.origin}/v2/${name}/referrers/${digest}`);
          const { manifests } = (await answer.json()) as { readonly manifests: readonly Descriptor[] };
          const referring = made.filter(
            (each) => JSON.parse(readFileSync(layout.fileOf(each), "utf8")).subject?.digest === digest,
          );
          expect(manifests).toEqual(referring.map((each) => referrerOf(layout, each)).sort(byDigest));
        }
        for (const { digest, size } of blobsOf(layout, made)) {
          const headed = await Promise.all(
            origins.map(async (origin) => {
              const { status, headers } = await fetch(`${origin}/v2/${name}/blobs/${digest}`, { method: "HEAD" });
              return [status, headers.get("content-length"), headers.get("docker-content-digest")];
            }),
          );
          expect(headed).toEqual([
            [200, `${size}`, digest],
            [200, `${size}`, digest],
          ]);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

/** The descriptor of a manifest that has a subject, as the distribution specification makes it. */
function referrerOf(layout: Layout, { mediaType, digest, size }: Descriptor): Descriptor {
  const {
    config,
    artifactType = config.mediaType,
    annotations,
  } = JSON.parse(readFileSync(layout.fileOf({ mediaType, digest, size }), "utf8"));
  return { mediaType, digest, size, artifactType, ...(annotations === undefined ? {} : { annotations }) };
}

const byDigest = (a: Descriptor, b: Descriptor): number => (a.digest < b.digest ? -1 : 1);

function blobsOf(layout: Layout, made: readonly Descriptor[]): readonly Descriptor[] {
  return made.flatMap((each) => {
    const { config, layers = [] } = JSON.parse(readFileSync(layout.fileOf(each), "utf8"));
    return config === undefined ? [] : [config, ...layers];
  });
}
