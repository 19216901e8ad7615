/** Which images of a source get which tags. */
import { isDigest, parseReference, parseTag, type Tag } from "../../core/reference.ts";
import type { Descriptor } from "./manifest.ts";
import { PublishError } from "../publish-error.ts";
import type { Source, SourceImage } from "./source.ts";

/** What `--tag` asks for: a tag, and which image gets it if that has another name. */
export interface TagChoice {
  readonly tag: Tag;
  /** A name of the source's, its tag, or a digest. */
  readonly of: string | undefined;
}

/** An image with the tag that it gets; none when it is known by its digest alone. */
export interface ChosenImage {
  readonly tag: Tag | undefined;
  readonly root: Descriptor;
}

/** Reads `<tag>` or `<tag>=<image of the source>`. @returns undefined when the tag breaks the grammar */
export function parseTagChoice(text: string): TagChoice | undefined {
  const [name = "", ...of] = text.split("=");
  const tag = parseTag(name);
  return tag === undefined ? undefined : { tag, of: of.length === 0 ? undefined : of.join("=") };
}

/** The tag in `1.0`, `app:1.0` or `host:5000/team/app:1.0`; undefined when there is none. */
function tagOf(name: string): Tag | undefined {
  const last = name.slice(name.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  if (colon !== -1) return parseTag(last.slice(colon + 1));
  return last === name ? parseTag(name) : undefined;
}

const isCalled = ({ names }: SourceImage, text: string): boolean =>
  names.includes(text) || names.some((name) => tagOf(name) === text);

async function find(images: readonly SourceImage[], { tag, of }: TagChoice, source: Source): Promise<SourceImage> {
  const wanted = of ?? tag;
  const [found, another] = images.filter((image) => isCalled(image, wanted));
  const names = images.flatMap((image) => image.names).join(", ") || "none";
  if (another !== undefined) {
    throw new PublishError(
      `${source.name}: several images are called ${wanted}: say which by its whole name (${names})`,
    );
  }
  if (found !== undefined) return found;
  const reference = of === undefined ? undefined : parseReference(of);
  if (reference !== undefined && isDigest(reference)) {
    for (const image of images) if ((await image.root()).digest === reference) return image;
  }
  const [only] = images;
  if (of === undefined && only !== undefined && images.length === 1) return only;
  throw new PublishError(`${source.name}: no image is called ${wanted} (there are: ${names})`);
}

/** Every image under the tags that the source gives it. */
async function* allOf(images: readonly SourceImage[], source: Source): AsyncGenerator<ChosenImage> {
  for (const image of images) {
    const root = await image.root();
    if (image.names.length === 0) yield { tag: undefined, root };
    for (const name of image.names) {
      const tag = tagOf(name);
      if (tag === undefined) {
        throw new PublishError(`${source.name}: ${JSON.stringify(name)} is no tag: give one with --tag <tag>=${name}`);
      }
      yield { tag, root };
    }
  }
}

/** What is wanted of a source. */
export interface Choice {
  readonly chosen: readonly ChosenImage[];
  /** Images without a name that nobody chose: they may refer to one that was chosen. */
  readonly nameless: readonly Descriptor[];
}

/**
 * Takes the images that are wanted, or all of them.
 *
 * @throws {PublishError} when a wanted image is not there, or nothing gets a tag
 */
export async function choose(source: Source, choices: readonly TagChoice[]): Promise<Choice> {
  const images: SourceImage[] = [];
  for await (const image of source.images()) images.push(image);
  const chosen: ChosenImage[] = [];
  if (choices.length === 0) for await (const image of allOf(images, source)) chosen.push(image);
  for (const choice of choices) {
    const image = await find(images, choice, source);
    chosen.push({ tag: choice.tag, root: await image.root() });
  }
  if (!chosen.some(({ tag }) => tag !== undefined)) {
    throw new PublishError(`${source.name}: no image has a tag: give one with --tag`);
  }
  const nameless: Descriptor[] = [];
  for (const image of choices.length === 0 ? [] : images) {
    if (image.names.length === 0) nameless.push(await image.root());
  }
  return { chosen, nameless };
}
