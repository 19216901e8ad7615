import { digestOf } from "./blob.ts";
import type { DemoManifest } from "./manifest.ts";
import { type DemoV1Image, lineageOf } from "./v1-image.ts";

/** A signature over one manifest's payload, and the key to check it with. */
export interface Schema1Signature {
  /** The public half of a P-256 key, with the id that libtrust gives it. */
  readonly jwk: Readonly<Record<"crv" | "kid" | "kty" | "x" | "y", string>>;
  /** ES256 in base64url. */
  readonly signature: string;
  /** When it was signed, as the protected header says. */
  readonly time: string;
}

const base64url = (text: string): string => Buffer.from(text).toString("base64url");

/** The end of the payload, which the signatures are put in front of. */
const TAIL = "\n}";

/** A schema 1 manifest before it is signed; its digest is the digest of this. */
function payloadOf(name: string, tag: string, image: DemoV1Image): string {
  const lineage = lineageOf(image);
  const content = {
    schemaVersion: 1,
    name,
    tag,
    architecture: "amd64",
    fsLayers: lineage.map(({ layer }) => ({ blobSum: layer.blob.digest })),
    history: lineage.map(({ description }) => ({ v1Compatibility: JSON.stringify(description) })),
  };
  return JSON.stringify(content, null, 3);
}

/** Says where in the manifest the payload ends, so that a reader can take the signatures out again. */
function protectedHeader(payload: string, time: string): string {
  return base64url(JSON.stringify({ formatLength: payload.length - TAIL.length, formatTail: base64url(TAIL), time }));
}

/**
 * A signed manifest of schema 1 in the "pretty" form of a JSON web signature.
 *
 * @see distribution, "Image Manifest Version 2, Schema 1": "Signed Manifests"
 */
export function schema1Manifest(name: string, tag: string, image: DemoV1Image, signed: Schema1Signature): DemoManifest {
  const payload = payloadOf(name, tag, image);
  const signature = {
    header: { jwk: signed.jwk, alg: "ES256" },
    signature: signed.signature,
    protected: protectedHeader(payload, signed.time),
  };
  const signatures = JSON.stringify([signature], null, 3).replaceAll("\n", "\n   ");
  const text = `${payload.slice(0, -TAIL.length)},\n   "signatures": ${signatures}${TAIL}`;
  return {
    kind: "1",
    digest: digestOf(new TextEncoder().encode(payload)),
    bytes: new TextEncoder().encode(text),
    blobs: lineageOf(image).map(({ layer }) => layer.blob),
  };
}
