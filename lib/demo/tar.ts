/** An entry of a layer: a directory (a name with a final slash and no bytes) or a file. */
export interface TarEntry {
  /** At most 100 bytes of ASCII. */
  readonly name: string;
  readonly mode: number;
  readonly bytes?: Uint8Array;
}

const BLOCK = 512;
const NOTHING = new Uint8Array();

/** Offsets of the fields of a ustar header. */
const AT = { name: 0, mode: 100, uid: 108, gid: 116, size: 124, mtime: 136, checksum: 148, type: 156, magic: 257 };

const roundUp = (length: number): number => Math.ceil(length / BLOCK) * BLOCK;

function headerOf({ name, mode, bytes = NOTHING }: TarEntry, mtime: number): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const write = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  write(AT.name, name);
  write(AT.mode, octal(mode, 7));
  write(AT.uid, octal(0, 7));
  write(AT.gid, octal(0, 7));
  write(AT.size, octal(bytes.length, 11));
  write(AT.mtime, octal(mtime, 11));
  write(AT.type, name.endsWith("/") ? "5" : "0");
  write(AT.magic, "ustar\x0000");
  // The sum counts its own field as spaces.
  write(AT.checksum, " ".repeat(8));
  const sum = header.reduce((total, byte) => total + byte, 0);
  write(AT.checksum, `${octal(sum, 6)}\0 `);
  return header;
}

/**
 * Writes a tar archive whose bytes depend on nothing but its entries; everything belongs to root.
 *
 * @param mtime of all entries, in seconds since 1970
 * @see POSIX.1-2017 pax, "ustar Interchange Format"
 */
export function tar(entries: readonly TarEntry[], mtime: number): Uint8Array {
  const length = entries.reduce((total, { bytes = NOTHING }) => total + BLOCK + roundUp(bytes.length), 2 * BLOCK);
  const archive = new Uint8Array(length);
  let at = 0;
  for (const entry of entries) {
    const bytes = entry.bytes ?? NOTHING;
    archive.set(headerOf(entry, mtime), at);
    archive.set(bytes, at + BLOCK);
    at += BLOCK + roundUp(bytes.length);
  }
  return archive;
}
