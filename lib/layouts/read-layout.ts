/** Reads a layout: the repositories of its images, and where each blob begins. */
import { type Digest, parseRepositoryName, parseTag, type RepositoryName, type Tag } from "../core/reference.ts";
import { type Planning, startPlan } from "../publish/plan.ts";
import { broken, PublishError } from "../publish/publish-error.ts";
import { type Bundle, directoryBundle } from "../publish/sources/bundle.ts";
import { isDockerArchive } from "../publish/sources/docker-archive.ts";
import type { Descriptor } from "../publish/sources/manifest.ts";
import { isLayout, ociLayout } from "../publish/sources/oci-layout.ts";
import { partsOf, withoutHost } from "../publish/sources/selection.ts";
import type { Source } from "../publish/sources/source.ts";
import { tarBundle } from "../publish/sources/tar.ts";
import { formatOf, MAGIC } from "../publish/sources/unpacking.ts";
import type { GivenName } from "./given-name.ts";
import type { Place } from "./places.ts";

/** A blob as a part of an archive or a file of its own. */
export interface BlobPlace {
  readonly place: Place;
  readonly start: number;
  readonly size: number;
}

/** The content of a layout. */
export interface LayoutContent {
  readonly repositories: ReadonlyMap<RepositoryName, Planning["plan"]>;
  readonly blobs: ReadonlyMap<Digest, BlobPlace>;
}

/** The tag of an only image that has none. */
const USUAL_TAG = parseTag("latest");

interface NamedRoot {
  readonly name: RepositoryName;
  readonly tag: Tag | undefined;
  readonly root: () => Promise<Descriptor>;
}

/** Every image with its repository and tag. */
async function findImages(source: Source, given: GivenName | undefined): Promise<readonly NamedRoot[]> {
  const images = await Array.fromAsync(source.images());
  const nameless: (() => Promise<Descriptor>)[] = [];
  const named: NamedRoot[] = [];
  const mustBeNamed = (subject: string): GivenName => {
    if (given !== undefined) return given;
    throw new PublishError(`${source.name}: ${subject} has no name of a repository: give one with --name`);
  };
  for (const image of images) {
    const { root } = image;
    // A digest alone is no name.
    const names = image.names
      .map((each) => ({ each, ...partsOf(each) }))
      .filter((each) => each.repository !== "" || !each.isDigested);
    for (const { each, repository, tag: tagText } of names) {
      const name = repository === "" ? mustBeNamed(each).name : parseRepositoryName(withoutHost(repository));
      if (name === undefined) throw broken(source.name, "", "names of repositories", repository);
      named.push({ name, tag: parseTag(tagText), root });
    }
    if (names.length === 0) nameless.push(root);
  }
  const [only] = nameless;
  if (named.length === 0 && only !== undefined && nameless.length === 1) {
    const { name, tag = USUAL_TAG } = mustBeNamed("the image");
    return [{ name, tag, root: only }];
  }
  const repositories = new Set(named.map(({ name }) => name));
  if (repositories.size === 0 && nameless.length > 0) repositories.add(mustBeNamed("an image").name);
  // They may refer to others, or be there to be pulled by digest.
  for (const name of repositories) for (const root of nameless) named.push({ name, tag: undefined, root });
  return named;
}

async function planAll(source: Source, given: GivenName | undefined, warn: (text: string) => void) {
  const planned = new Map<RepositoryName, Planning>();
  for (const { name, tag, root } of await findImages(source, given)) {
    const planning = planned.get(name) ?? startPlan({ platforms: [], warn });
    planned.set(name, planning);
    try {
      await planning.add(source, { tag, root: await root() });
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      warn(`${error.message}: ${tag === undefined ? "it" : `${name}:${tag}`} is not served`);
    }
  }
  return planned;
}

async function open({ path, isArchive }: Place): Promise<Bundle> {
  if (!isArchive) return await directoryBundle(path);
  const format = formatOf(await Bun.file(path).slice(0, MAGIC).bytes());
  if (format === undefined) return await tarBundle(path);
  throw broken(path, "", "an archive without compression, out of which parts can be sent", format.name);
}

/**
 * Reads an OCI image layout, in a directory or an archive.
 *
 * @param given for images without a name
 * @param warn told of what is not there, and of images that are not served
 * @throws {PublishError} when it is none, or broken; the system's error when it can't be read
 */
export async function readLayout(
  place: Place,
  given: GivenName | undefined,
  warn: (text: string) => void,
): Promise<LayoutContent> {
  const bundle = await open(place);
  try {
    if (!(await isLayout(bundle))) {
      const other = (await isDockerArchive(bundle))
        ? "a docker-archive, as podman save and Docker before 25 write it"
        : "something else";
      throw broken(place.path, "", "an OCI image layout (craned publish takes other forms)", other);
    }
    const context = { scratch: undefined, compressed: new Map(), onBytes: () => {}, warn };
    const source = await ociLayout(bundle, context, { keepLayers: true });
    const repositories = new Map<RepositoryName, Planning["plan"]>();
    const blobs = new Map<Digest, BlobPlace>();
    for (const [name, { plan }] of await planAll(source, given, warn)) {
      repositories.set(name, plan);
      for (const { descriptor } of plan.blobs.values()) {
        const file = await source.open(descriptor, "blob");
        if (file?.part === undefined || file.size === undefined) continue;
        blobs.set(descriptor.digest, { place, start: place.isArchive ? file.part.start : 0, size: file.size });
      }
    }
    return { repositories, blobs };
  } finally {
    await bundle.close();
  }
}
