import { crc32 } from "node:zlib";

const MAX_STORED = 0xffff;
const HEADER_LENGTH = 10;
const BLOCK_HEADER_LENGTH = 5;
const TRAILER_LENGTH = 8;

/**
 * Wraps bytes as gzip without compressing them.
 *
 * What a compressor makes of the same bytes changes from one of its releases to the next, and digests (one of them
 * under a signature) would change with it.
 *
 * @see RFC 1952; RFC 1951 section 3.2.4 "Non-compressed blocks"
 */
export function gzipStored(bytes: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(bytes.length / MAX_STORED));
  const gzip = new Uint8Array(HEADER_LENGTH + blocks * BLOCK_HEADER_LENGTH + bytes.length + TRAILER_LENGTH);
  const view = new DataView(gzip.buffer);
  // Deflate, no flags, no time, no particular compression, operating system unknown.
  gzip.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  let at = HEADER_LENGTH;
  for (let block = 0; block < blocks; block++) {
    const stored = bytes.subarray(block * MAX_STORED, (block + 1) * MAX_STORED);
    view.setUint8(at, block === blocks - 1 ? 1 : 0);
    view.setUint16(at + 1, stored.length, true);
    view.setUint16(at + 3, ~stored.length & 0xffff, true);
    gzip.set(stored, at + BLOCK_HEADER_LENGTH);
    at += BLOCK_HEADER_LENGTH + stored.length;
  }
  view.setUint32(at, crc32(bytes), true);
  view.setUint32(at + 4, bytes.length, true);
  return gzip;
}
