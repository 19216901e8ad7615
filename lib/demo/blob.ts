import { createHash } from "node:crypto";

/** Bytes under the name that their hash gives them. */
export interface DemoBlob {
  /** `sha256:…` */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export const sha256Hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export const digestOf = (bytes: Uint8Array): string => `sha256:${sha256Hex(bytes)}`;

export const blobOf = (bytes: Uint8Array): DemoBlob => ({ digest: digestOf(bytes), bytes });

/** JSON in UTF-8, on one line. */
export const jsonBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** JSON in UTF-8, laid out to be read: demo manifests are there to be looked at. */
export const prettyBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value, null, 2));
