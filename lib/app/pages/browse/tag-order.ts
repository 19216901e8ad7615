/** The orders of a repository's tags: newest first, highest version first, or by name. */
import { namedTags, type V2Repository, type WholeRepository } from "../../../core/redirect-file/repository.ts";
import { createdOfTags } from "../../../core/redirect-file/whole-table.ts";
import type { Tag } from "../../../core/reference.ts";

export type TagOrder = "newest" | "version" | "name";

export const ORDER_NAMES: Readonly<Record<TagOrder, string>> = {
  newest: "Newest",
  version: "Version",
  name: "Name",
};

export const isTagOrder = (text: string): text is TagOrder => Object.hasOwn(ORDER_NAMES, text);

/** When the manifest of each tag was made: ms since 1970. A tag whose manifest does not tell is absent. */
export type TagDates = ReadonlyMap<string, number>;

const NO_DATES: TagDates = new Map();

const knownDates = new WeakMap<WholeRepository, TagDates>();

/** The dates of all tags. */
export function datesOf(repository: V2Repository): TagDates {
  if (repository.version !== 6) return NO_DATES;
  const known = knownDates.get(repository);
  if (known !== undefined) return known;
  const created = createdOfTags(repository);
  const dates = new Map(
    namedTags(repository).flatMap((tag, at) => {
      const date = created[at];
      return date === undefined ? [] : [[tag, date] as const];
    }),
  );
  knownDates.set(repository, dates);
  return dates;
}

const VERSION = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(.*)$/;

/** Made when a page needs it, since the program has to start fast. */
let collator: Intl.Collator | undefined;

/** Compares texts, and the numbers in them as numbers. */
function compareTexts(a: string, b: string): number {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(a, b);
}

/** A tag, as far as it is a version. */
interface Version {
  readonly tag: Tag;
  /** Undefined for `latest`, `edge` and the like. */
  readonly numbers: readonly number[] | undefined;
  readonly rest: string;
}

/** The part of a tag that makes it another build of a version and no earlier one. */
const isPrerelease = (rest: string): boolean => /^[-_.]?(?:alpha|beta|rc|pre|dev|m\d|snapshot|a\d|b\d)/i.test(rest);

/** Tells whether a tag is a version, such as `1.2.3` or `v2`, and no commit. */
export const isVersion = (tag: string): boolean => VERSION.test(tag) && !/^[0-9a-f]{7,}$/.test(tag);

function versionOf(tag: Tag): Version {
  const [, major, minor, patch, build, rest = ""] = isVersion(tag) ? (VERSION.exec(tag) ?? []) : [];
  if (major === undefined) return { tag, numbers: undefined, rest: tag };
  // Behind a number, a short tag such as `1.2` stands for the highest that begins with it.
  const numbers = [major, minor, patch, build].map((part) =>
    part === undefined ? Number.POSITIVE_INFINITY : Number(part),
  );
  return { tag, numbers: build === undefined ? [...numbers.slice(0, 3), 0] : numbers, rest };
}

function compareVersions(a: Version, b: Version): number {
  if (a.numbers === undefined || b.numbers === undefined) {
    if (a.numbers !== b.numbers) return a.numbers === undefined ? 1 : -1;
    return compareTexts(a.tag, b.tag);
  }
  for (const [at, number] of a.numbers.entries()) {
    const other = b.numbers[at] ?? 0;
    if (number !== other) return other - number;
  }
  const [early, otherEarly] = [isPrerelease(a.rest), isPrerelease(b.rest)];
  if (early !== otherEarly) return early ? 1 : -1;
  if (early) return compareTexts(b.rest, a.rest);
  return a.rest.length - b.rest.length || compareTexts(a.rest, b.rest);
}

const knownOrders = new WeakMap<readonly Tag[], Map<TagOrder, readonly Tag[]>>();

/**
 * Puts tags in order; `latest` is in front in the order of versions, and tags of one date stay in that order.
 *
 * @param tags in ASCII order; of the same list, the order is kept
 */
export function inTagOrder(tags: readonly Tag[], order: TagOrder, dates: TagDates): readonly Tag[] {
  if (order === "name") return tags;
  const orders = knownOrders.get(tags) ?? new Map<TagOrder, readonly Tag[]>();
  knownOrders.set(tags, orders);
  const known = orders.get(order);
  if (known !== undefined) return known;
  const sorted =
    order === "newest"
      ? inTagOrder(tags, "version", dates).toSorted((a, b) => (dates.get(b) ?? 0) - (dates.get(a) ?? 0))
      : [
          ...tags.filter((tag) => tag === "latest"),
          ...tags
            .filter((tag) => tag !== "latest")
            .map(versionOf)
            .sort(compareVersions)
            .map(({ tag }) => tag),
        ];
  orders.set(order, sorted);
  return sorted;
}
