/** The client's method at the redirect's URL; some signatures hold for one only. */
export type Method = "GET" | "HEAD";

/** Adds to a URL, which has no query, what makes it good for a while. */
export type Sign = (url: string, method: Method) => string;

/** The parts of a URL without query; scheme and authority are empty in a relative one. */
export interface UrlParts {
  /** `https:` */
  readonly scheme: string;
  /** `user@host:port` */
  readonly authority: string;
  readonly path: string;
}

const PARTS = /^([a-z][a-z0-9+.-]*:)?(?:\/\/([^/]*))?(.*)$/is;

/** Takes a URL apart without changing a character, as `new URL` would. */
export function partsOf(url: string): UrlParts {
  const [, scheme = "", authority = "", path = ""] = PARTS.exec(url) ?? [];
  return { scheme, authority, path };
}

export const pathOf = (url: string): string => partsOf(url).path;
