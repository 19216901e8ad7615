/** One thing that is wrong with a file of users or keys. It never holds a hash or a key. */
export interface FileFault {
  /** Counted from 1; absent when the matter is the file as a whole. */
  readonly line?: number;
  /** As a reader would write it: `keys[1].kty`. */
  readonly field?: string;
  readonly expected: string;
  readonly received: string;
}

/** A fault in one line: `/etc/crane.htpasswd:3: expected a bcrypt hash, received a SHA-1 hash`. */
export function describeFileFault(path: string, { line, field, expected, received }: FileFault): string {
  const where = line === undefined ? path : `${path}:${line}`;
  return `${where}: ${field === undefined ? "" : `${field}: `}expected ${expected}, received ${received}`;
}
