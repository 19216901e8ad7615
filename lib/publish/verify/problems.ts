import { plain } from "../../core/redirect-file/fault.ts";
import type { Digest } from "../../core/reference.ts";
import { MAX_MANIFEST } from "../sources/reading.ts";
import type { Mismatch } from "./host.ts";

/** Larger manifests are not read, in bytes. */
export const MAX_WHOLE = MAX_MANIFEST;

export const wrongSize = (expected: string, received: number): Mismatch => ({
  expected: `${expected} bytes`,
  received: `${received} bytes`,
});

/** @returns undefined when it is the right one */
export const wrongDigest = (expected: Digest, received: string): Mismatch | undefined =>
  expected === received ? undefined : { expected, received };

/** The type alone, without parameters, in lower case. */
export const bareType = (header: string): string => (header.split(";")[0] ?? "").trim().toLowerCase();

/** Names a Content-Type in a message; HTML is a host's error or login page. */
export const shownType = (header: string | undefined): string => {
  const type = bareType(header ?? "");
  if (type === "") return "no Content-Type";
  return type === "text/html" ? "Content-Type text/html, a page for people" : `Content-Type ${plain(type)}`;
};
