/** Adds the chosen images of a source to a plan. */
import type { Tag } from "../../core/reference.ts";
import type { Planning } from "../plan.ts";
import { PublishError, SourceFailure } from "../publish-error.ts";
import type { Descriptor } from "./manifest.ts";
import { choose, type Skipped, signedBy, type TagChoice } from "./selection.ts";
import type { Source } from "./source.ts";

/** The choice of images. */
export interface WantedImages {
  /** Which tags; none means all of the source. */
  readonly tags: readonly TagChoice[];
  /** The repository to publish, of a source with several. */
  readonly sourceName: string | undefined;
  /** Whether referrers of the images, such as signatures, are published too. */
  readonly withReferrers: boolean;
}

/**
 * Adds the images that are wanted to a plan. Of all images of a source, one that is broken or gone is left out.
 *
 * @returns what was left out
 * @throws {PublishError} when a chosen image can't be had, or no image of all; when the source can't be read
 */
export async function collect(
  source: Source,
  { plan, add, addReferrers, askForReferrers }: Planning,
  { tags, sourceName, withReferrers }: WantedImages,
): Promise<readonly Skipped[]> {
  const { chosen, nameless, signatures, skipped: unnamed } = await choose(source, tags, sourceName);
  const skipped = [...unnamed];
  const unlessBroken = async (tag: Tag | undefined, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof PublishError) || error instanceof SourceFailure) throw error;
      skipped.push({ name: tag ?? "an image without a tag", why: error.message });
    }
  };
  for (const { tag, root } of chosen) {
    const work = async () => await add(source, { tag, root: await root() }, true);
    await (tags.length > 0 ? work() : unlessBroken(tag, work));
  }
  // A repository of signatures alone is one, but not an image without a tag beside its signatures.
  const isNameless = chosen.some(({ tag }) => tag === undefined);
  const hasTag = [...plan.tags.values()].some(({ tag }) => !isNameless || signedBy(tag) === undefined);
  if (!hasTag) {
    const [first] = skipped;
    throw new PublishError(first?.why ?? `${source.name}: no image has a tag: give one with --tag`);
  }
  if (!withReferrers) return skipped;
  for (const { tag, subject, root } of signatures) {
    if (plan.manifests.has(subject)) await unlessBroken(tag, async () => add(source, { tag, root: await root() }));
  }
  const others: Descriptor[] = [];
  for (const { root } of nameless) await unlessBroken(undefined, async () => void others.push(await root()));
  await addReferrers(source, others);
  await askForReferrers(source);
  return skipped;
}
