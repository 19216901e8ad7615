/** Labels in pills. */
import { type Html, html, NOTHING } from "../html.ts";
import type { Purpose } from "./manifest-details.ts";
import { PURPOSE_NAMES } from "./names.ts";

const MAX_PLATFORMS = 4;
const LINUX = "linux/";

/** A label in a pill. */
export const badge = (text: string, kind: "plain" | "public" | "protected" | "accent" = "plain"): Html =>
  html`<span class="badge ${kind}">${text}</span>`;

/** Says whether everyone may pull from a repository. */
export const accessBadge = (isProtected: boolean): Html =>
  isProtected ? badge("protected", "protected") : badge("public", "public");

/** Says what a manifest is for, where that is known. */
export const purposeBadge = (purpose: Purpose | undefined): Html =>
  purpose === undefined ? NOTHING : badge(PURPOSE_NAMES[purpose], "accent");

/** Platforms, as many as fit; the system is left out where all have Linux. */
export function platformBadges(platforms: readonly string[]): Html {
  const isLinux = platforms.length > 1 && platforms.every((platform) => platform.startsWith(LINUX));
  const more = platforms.length - MAX_PLATFORMS;
  return html`${platforms.slice(0, MAX_PLATFORMS).map((platform) => badge(isLinux ? platform.slice(LINUX.length) : platform))}${
    more > 0 ? html`<span class="quiet">+${more}<span class="unseen"> more</span></span>` : NOTHING
  }`;
}
