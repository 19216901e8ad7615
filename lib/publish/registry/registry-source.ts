import { type Digest, parseTag, type Tag } from "../../core/reference.ts";
import { broken, Missing } from "../publish-error.ts";
import { isForeign } from "../sources/manifest.ts";
import { fileOfBytes } from "../sources/reading.ts";
import type { Source, SourceImage, TaggedImage } from "../sources/source.ts";
import type { RegistryAccess } from "./access.ts";
import type { RegistryAddress } from "./address.ts";
import { openClient } from "./client.ts";
import { type LoadedManifest, manifestsNamedIn, manifestsOf, nameOf } from "./manifests.ts";
import { type ReferrerOptions, referrersOf, whereTold } from "./referrers.ts";
import { listTags } from "./tags.ts";
import { transfer } from "./transfer.ts";

/** So many tags are asked for before their turn. */
const AHEAD = 8;

/**
 * A repository of a running registry: one of its images, or all that have a tag.
 *
 * @throws {PublishError} when the registry can't be reached
 * @see OCI distribution-spec 1.1 "Pull"
 */
export async function registrySource(
  address: RegistryAddress,
  access: RegistryAccess,
  options: ReferrerOptions,
): Promise<Source> {
  const client = await openClient(address, access, options.warn);
  const manifests = manifestsOf(client);

  /** Begins to load the children of a list. */
  function read(loaded: LoadedManifest): LoadedManifest {
    manifests.expect(manifestsNamedIn(loaded.bytes));
    return loaded;
  }

  async function rootOf(reference: Parameters<typeof manifests.load>[0]) {
    const loaded = await manifests.load(reference);
    if (loaded === undefined)
      throw new Missing(`${nameOf(address.text, reference)}: 404: the registry has no such manifest`);
    return read(loaded).descriptor;
  }

  async function* taggedImages(): AsyncGenerator<SourceImage> {
    const tags: Tag[] = [];
    for (const text of await listTags(client)) {
      const tag = parseTag(text);
      if (tag !== undefined) tags.push(tag);
      else
        yield {
          names: [text],
          root: () => Promise.reject(broken(`${address.text}: the list of tags`, "tags", "tags", text)),
        };
    }
    let last = -1;
    for (const [at, tag] of tags.entries()) {
      const root = () => {
        // A caller that asks for the second after the first will ask for the others too.
        if (at === last + 1) manifests.expect(tags.slice(at, at + (at === 0 ? 1 : AHEAD)));
        last = at;
        return rootOf(tag);
      };
      yield { names: [tag], root };
    }
  }

  async function* oneImage(reference: Parameters<typeof manifests.load>[0]): AsyncGenerator<SourceImage> {
    yield { names: address.tag === undefined ? [] : [address.tag], root: () => rootOf(reference) };
  }

  const askForReferrers = referrersOf(client);

  /** Cosign's tags for a manifest, which are listed anyway when all tags are asked for. */
  async function signaturesOf(subject: Digest): Promise<readonly TaggedImage[]> {
    if (address.tag === undefined && address.digest === undefined) return [];
    const tags = ["sig", "att", "sbom"].map((each) => parseTag(`${subject.replace(":", "-")}.${each}`));
    const perTag = await Promise.all(
      tags.map(async (tag) => {
        const loaded = tag === undefined ? undefined : await manifests.load(tag);
        return loaded === undefined ? [] : [{ tag, root: read(loaded).descriptor }];
      }),
    );
    return perTag.flat();
  }

  return {
    name: address.text,
    images: () => {
      const reference = address.digest ?? address.tag;
      return reference === undefined ? taggedImages() : oneImage(reference);
    },
    referrers: whereTold<TaggedImage>(options, async (subject) => {
      const named = await askForReferrers(subject);
      manifests.expect(named.map(({ digest }) => digest));
      const there = await Promise.all(named.map(async (each) => ({ each, loaded: await manifests.load(each.digest) })));
      // A list that clients keep may name what has been deleted since.
      const referrers = there.flatMap(({ each, loaded }) =>
        loaded === undefined ? [] : [{ tag: undefined, root: each }],
      );
      return [...referrers, ...(await signaturesOf(subject))];
    }),
    async open(descriptor, as) {
      const { digest, size } = descriptor;
      if (as === "manifest") {
        const loaded = await manifests.load(digest);
        return loaded === undefined ? undefined : fileOfBytes(nameOf(address.text, digest), read(loaded).bytes);
      }
      const about = `${address.text}: the blob ${digest}`;
      // Registries need not have these, and mostly have not.
      if (isForeign(descriptor)) {
        const head = await client.read({ at: `blobs/${digest}`, about, method: "HEAD", accepts: [404] });
        if (head.response.status === 404) return undefined;
      }
      return { name: about, size, read: () => transfer(client, { at: `blobs/${digest}`, about }, size) };
    },
    close: async () => client.close(),
  };
}
