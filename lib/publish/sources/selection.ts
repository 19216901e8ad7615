/** Which images of a source get which tags. */
import { type Digest, isDigest, parseDigest, parseReference, parseTag, type Tag } from "../../core/reference.ts";
import { listed, PublishError } from "../publish-error.ts";
import type { Descriptor } from "./manifest.ts";
import type { Source, SourceImage } from "./source.ts";

/** A value of `--tag`: a tag, and the image that gets it if that has another name. */
export interface TagChoice {
  readonly tag: Tag;
  /** A name of the source's, its tag, or a digest. */
  readonly of: string | undefined;
}

/** An image that is wanted, with the tag that it gets; none when it is known by its digest alone. */
export interface ChosenImage {
  readonly tag: Tag | undefined;
  readonly root: () => Promise<Descriptor>;
}

/** Something that can't be published, beside what can. */
export interface Skipped {
  /** Its tag, or its name in the source. */
  readonly name: string;
  readonly why: string;
}

/** Reads `<tag>` or `<tag>=<image of the source>`. @returns undefined when the tag breaks the grammar */
export function parseTagChoice(text: string): TagChoice | undefined {
  const [name = "", ...of] = text.split("=");
  const tag = parseTag(name);
  return tag === undefined ? undefined : { tag, of: of.length === 0 ? undefined : of.join("=") };
}

/** A name that a tool gave to an image. */
interface NameParts {
  /** With its host, where it has one; empty where the name is a tag alone. */
  readonly repository: string;
  /** Empty where there is none. */
  readonly tag: string;
  readonly isDigested: boolean;
}

/** The parts of `1.0`, `app:1.0`, `host:5000/team/app:1.0`, `host/team/app@sha256:…` or `sha256:…`. */
export function partsOf(name: string): NameParts {
  // Kubernetes' containerd names each image by its digest, beside its name.
  if (/^sha\d+:/.test(name) && parseDigest(name) !== undefined) return { repository: "", tag: "", isDigested: true };
  const [tagged = "", ...digest] = name.split("@");
  const slash = tagged.lastIndexOf("/");
  const colon = tagged.indexOf(":", slash + 1);
  const isDigested = digest.length > 0;
  if (colon !== -1) return { repository: tagged.slice(0, colon), tag: tagged.slice(colon + 1), isDigested };
  return slash === -1 && !isDigested
    ? { repository: "", tag: tagged, isDigested }
    : { repository: tagged, tag: "", isDigested };
}

/** The tag in a name; undefined when there is none. */
const tagOf = (name: string): Tag | undefined => parseTag(partsOf(name).tag);

/** A repository's name at its registry. */
export function withoutHost(repository: string): string {
  const [host = "", ...path] = repository.split("/");
  return path.length > 0 && (/[.:]/.test(host) || host === "localhost") ? path.join("/") : repository;
}

/** The full name of a repository, as docker completes short names; empty where the name is a tag alone. */
function repositoryOf(name: string): string {
  const { repository } = partsOf(name);
  if (repository === "") return "";
  if (!repository.includes("/")) return `docker.io/library/${repository}`;
  return withoutHost(repository) === repository ? `docker.io/${repository}` : repository;
}

/** A name as docker would write it out. */
const whole = (name: string): string => `${repositoryOf(name)}:${partsOf(name).tag}`;
const isWhole = (name: string): boolean => repositoryOf(name) !== "" && partsOf(name).tag !== "";

/** Whether a name of an image is what is asked for, written out or not, or has it for its tag. */
export const isCalled = (name: string, wanted: string): boolean =>
  name === wanted || tagOf(name) === wanted || (isWhole(wanted) && whole(name) === whole(wanted));

/** The error about an image that a source does not have. @param names of those that it has */
export const noneCalled = (source: Pick<Source, "name">, wanted: string, names: readonly string[]): PublishError =>
  new PublishError(`${source.name}: no image is called ${wanted} (there are: ${listed(names)})`);

/** Whether a repository of a source is the one that `--source-name` means, with its host or without. */
const isNamed = (repository: string, wanted: string): boolean =>
  repository === repositoryOf(`${wanted}:tag`) || repository.endsWith(`/${wanted}`);

/** Keeps the names of one repository: another's tags would be taken for its own. */
function ofOneRepository(
  images: readonly SourceImage[],
  wanted: string | undefined,
  source: Source,
): readonly SourceImage[] {
  const all = new Set(images.flatMap(({ names }) => names.map(repositoryOf)).filter((each) => each !== ""));
  const list = listed([...all].sort());
  if (wanted !== undefined) {
    const [repository, another] = [...all].filter((each) => isNamed(each, wanted));
    if (repository === undefined)
      throw new PublishError(`${source.name}: no image is of ${wanted} (there are: ${list})`);
    if (another !== undefined) {
      throw new PublishError(
        `${source.name}: --source-name ${wanted} may be ${repository} or ${another}: give it whole`,
      );
    }
    return images.flatMap((image) => {
      const names = image.names.filter((name) => repositoryOf(name) === repository);
      return names.length > 0 || image.names.length === 0 ? [{ ...image, names }] : [];
    });
  }
  const named = images
    .map(({ names }) => new Set(names.map(repositoryOf)))
    .filter((each) => each.size > 0 && !each.has(""));
  const hasAll = (repository: string) => named.every((each) => each.has(repository));
  if ([...all].every(hasAll)) return images;
  throw new PublishError(`${source.name} has images of ${list}: choose one with --source-name, or tags with --tag`);
}

async function find(images: readonly SourceImage[], { tag, of }: TagChoice, source: Source): Promise<SourceImage> {
  const wanted = of ?? tag;
  const [image, another] = images.filter(({ names }) => names.some((name) => isCalled(name, wanted)));
  const all = images.flatMap(({ names }) => names);
  if (another !== undefined) {
    throw new PublishError(
      `${source.name}: several images are called ${wanted}: say which by its whole name (${listed(all)})`,
    );
  }
  if (image !== undefined) return image;
  const reference = of === undefined ? undefined : parseReference(of);
  if (reference !== undefined && isDigest(reference)) {
    for (const image of images) {
      if (image.digest === reference || (await image.root()).digest === reference) return image;
    }
  }
  const [only, ...others] = images.filter((image) => !image.names.some((name) => signedBy(tagOf(name) ?? "")));
  if (of === undefined && only !== undefined && others.length === 0) return only;
  throw noneCalled(source, wanted, all);
}

/** The digest in one of Cosign's tags, such as `sha256-<hex>.sig`, or in that of its referrers; undefined for other tags. */
export function signedBy(tag: string): Digest | undefined {
  const [, algorithm = "", hex = ""] = /^(sha256|sha512)-([0-9a-f]+)(?:\.(?:sig|att|sbom))?$/.exec(tag) ?? [];
  return parseDigest(`${algorithm}:${hex}`);
}

/** The images to publish of a source. */
export interface Choice {
  readonly chosen: readonly ChosenImage[];
  /** Images that were not chosen, but may refer to one that was. */
  readonly nameless: readonly ChosenImage[];
  /** Tags of signatures and referrers that were not chosen: they are published with the manifest that they are about. */
  readonly signatures: readonly (ChosenImage & { readonly tag: Tag; readonly subject: Digest })[];
  readonly skipped: readonly Skipped[];
}

/** Every image under the tags that the source gives it. */
function allOf(images: readonly SourceImage[], source: Source): Choice {
  const chosen: ChosenImage[] = [];
  const skipped: Skipped[] = [];
  const givenBy = new Map<Tag, string>();
  for (const { names, root } of images) {
    const tags = new Map<Tag, string>();
    for (const name of names) {
      const tag = tagOf(name);
      const other = tag === undefined || tags.has(tag) ? name : (givenBy.get(tag) ?? name);
      if (other !== name) {
        throw new PublishError(
          `${source.name}: ${other} and ${name} are both ${tag}: choose with --source-name or --tag`,
        );
      }
      if (tag !== undefined) tags.set(tag, name);
      else if (!partsOf(name).isDigested) {
        const text = JSON.stringify(name);
        skipped.push({ name, why: `${source.name}: ${text} is no tag: give one with --tag <tag>=${name}` });
      }
    }
    for (const [tag, name] of tags) {
      givenBy.set(tag, name);
      chosen.push({ tag, root });
    }
    if (names.every((name) => partsOf(name).isDigested)) chosen.push({ tag: undefined, root });
  }
  return { chosen, nameless: [], signatures: [], skipped };
}

/**
 * Takes the images that are wanted, or all of them.
 *
 * @param sourceName of images of several repositories, that one's
 * @throws {PublishError} when a wanted image is not there, or tags of two repositories would be mixed
 */
export async function choose(
  source: Source,
  choices: readonly TagChoice[],
  sourceName: string | undefined,
): Promise<Choice> {
  const all: SourceImage[] = [];
  for await (const image of source.images()) {
    let root: Promise<Descriptor> | undefined;
    // A source may have much to do to find out, and is asked once.
    all.push({ ...image, root: () => (root ??= image.root()) });
  }
  const images = choices.length > 0 && sourceName === undefined ? all : ofOneRepository(all, sourceName, source);
  if (choices.length === 0) return allOf(images, source);
  const chosen: ChosenImage[] = [];
  for (const choice of choices) chosen.push({ tag: choice.tag, root: (await find(images, choice, source)).root });
  const nameless = images.filter(({ names }) => names.length === 0);
  const signatures = images.flatMap(({ names, root }) =>
    names.flatMap((name) => {
      const tag = tagOf(name);
      const subject = tag === undefined ? undefined : signedBy(tag);
      return tag === undefined || subject === undefined ? [] : [{ tag, subject, root }];
    }),
  );
  return { chosen, nameless: nameless.map(({ root }) => ({ tag: undefined, root })), signatures, skipped: [] };
}
