/** When the manifests of a version 6 file were made: by their annotations or, of images, by the embedded configs. */
import type { Digest } from "../reference.ts";
import type { ReadManifest } from "./descriptors.ts";

const CREATED = "org.opencontainers.image.created";

/** Before this, a date only says that the build is reproducible. */
const FIRST_YEAR = Date.UTC(2000, 0);

/** @returns ms since 1970; undefined for what is no date, or the date of a reproducible build */
export function timeIn(value: unknown): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return time >= FIRST_YEAR ? time : undefined;
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
/** `{` and `[`, `}` and `]` differ in this bit only. */
const BRACKET_BIT = 0x20;
const [OPEN, CLOSE] = [0x7b, 0x7d];

const KEY = Buffer.from('"created"');
const VALUE = /^\s*:\s*"([^"\\]+)"/;
const MAX_VALUE = 80;

function endOfString(json: Uint8Array, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at++;
    else if (json[at] === QUOTE) return at;
  }
  return json.length;
}

/** Finds the date of a config. Its top level is all that is looked at: to parse the history too takes five times as long. */
function createdIn(config: Uint8Array): number | undefined {
  let depth = 0;
  for (let at = 0; at < config.length; at++) {
    const character = config[at] ?? 0;
    if ((character | BRACKET_BIT) === OPEN) depth++;
    else if ((character | BRACKET_BIT) === CLOSE) depth--;
    else if (character === QUOTE) {
      const end = endOfString(config, at) + 1;
      if (depth === 1 && end - at === KEY.length && KEY.equals(config.subarray(at, end))) {
        const [, text] = VALUE.exec(Buffer.from(config.subarray(end, end + MAX_VALUE)).toString("latin1")) ?? [];
        if (text !== undefined) return timeIn(text);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** @returns ms since 1970, of each manifest that tells; an index that does not is as old as the newest of its images */
export function creationDates(
  manifests: readonly ReadManifest[],
  configs: readonly ReadManifest[],
): ReadonlyMap<Digest, number> {
  const ofConfigs = new Map(
    configs.map(({ digest, bytes }) => [digest, bytes === undefined ? undefined : createdIn(bytes)]),
  );
  const dates = new Map<Digest, number>();
  const keep = (digest: Digest, date: number | undefined): void => {
    if (date !== undefined) dates.set(digest, date);
  };
  for (const { digest, content } of manifests) {
    // The config is the first of the blobs.
    const [config] = content?.blobs[0] ?? [];
    keep(digest, timeIn(content?.annotations?.[CREATED]) ?? (config && ofConfigs.get(config)));
  }
  for (const { digest, content } of manifests) {
    if (content === undefined || content.children.length === 0 || dates.has(digest)) continue;
    const newest = content.children.reduce((latest, child) => Math.max(latest, dates.get(child.digest) ?? 0), 0);
    if (newest > 0) keep(digest, newest);
  }
  return dates;
}
