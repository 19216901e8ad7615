import { plain } from "../../core/redirect-file/fault.ts";
import type { Digest } from "../../core/reference.ts";
import type { Problem } from "./host.ts";

/** Registries need not take larger manifests, in bytes. */
export const MAX_WHOLE = 4 * 1024 * 1024;

export const wrongSize = (expected: string, received: number): Problem => ({
  expected: `${expected} bytes`,
  received: `${received} bytes`,
});

/** @returns undefined when it is the right one */
export const wrongDigest = (expected: Digest, received: string): Problem | undefined =>
  expected === received ? undefined : { expected, received };

/** The type alone, without parameters, in lower case. */
export const bareType = (header: string): string => (header.split(";")[0] ?? "").trim().toLowerCase();

/** What a type is called in a message; a page is what hosts send that have no such file, or want a login. */
export const shownType = (header: string | undefined): string => {
  const type = bareType(header ?? "");
  if (type === "") return "no Content-Type";
  return type === "text/html" ? "Content-Type text/html, a page for people" : `Content-Type ${plain(type)}`;
};
