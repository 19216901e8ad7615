/** Which of a list's images are wanted, by the system that they run on. */
import { listed, PublishError } from "../publish-error.ts";
import type { Descriptor, Platform } from "./manifest.ts";

/** A platform, with any variant where none is given. */
export interface PlatformChoice {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

/** Names of architectures in images, by their names in Linux. */
const GO_NAME: Readonly<Record<string, string>> = { aarch64: "arm64", x86_64: "amd64", i386: "386" };

/** The variants that an image without one is for. */
const USUAL_VARIANT: Readonly<Record<string, string>> = { amd64: "v1", arm: "v7", arm64: "v8" };

/** Reads `os/architecture[/variant]`. @returns undefined when it is none */
export function parsePlatform(text: string): PlatformChoice | undefined {
  const [, os, architecture, variant] = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text.toLowerCase()) ?? [];
  if (os === undefined || architecture === undefined) return undefined;
  return { os, architecture: GO_NAME[architecture] ?? architecture, variant };
}

/** Writes `os/architecture/variant`, without the parts that are unknown. */
export const platformText = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter(Boolean).join("/");

const isFor = ({ os, architecture, variant }: Platform, choice: PlatformChoice): boolean =>
  os === choice.os &&
  architecture === choice.architecture &&
  (choice.variant === undefined || choice.variant === (variant || USUAL_VARIANT[architecture]));

/** BuildKit's attestations are for no platform; this annotation says which image they are about. */
const ABOUT = "vnd.docker.reference.digest";

/**
 * Takes the children of a list that are for one of the platforms, those that are for none, and attestations of both.
 *
 * @param choices none means all
 * @param from the list, for the error
 * @throws {PublishError} when a list has nothing for them
 */
export function wantedChildren(
  children: readonly Descriptor[],
  choices: readonly PlatformChoice[],
  from: string,
): readonly Descriptor[] {
  if (choices.length === 0 || children.length === 0) return children;
  const isWanted = ({ platform }: Descriptor) =>
    platform === undefined || choices.some((choice) => isFor(platform, choice));
  const wanted = new Set<string>(children.filter(isWanted).map(({ digest }) => digest));
  if (wanted.size === 0) {
    const there = children.flatMap(({ platform = {} }) =>
      platform.os === undefined || platform.os === "unknown" ? [] : [platformText(platform)],
    );
    throw new PublishError(`${from}: has no image for such a platform (there are: ${listed(there)})`);
  }
  return children.filter(({ digest, annotations }) => wanted.has(digest) || wanted.has(annotations?.[ABOUT] ?? ""));
}
