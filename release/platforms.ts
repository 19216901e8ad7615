/** The machines that there is a craned for. */

/** One kind of machine. */
export interface Platform {
  /** As in the names of the files: `linux-arm64-musl`. */
  readonly name: string;
  /** As Bun calls it. */
  readonly target: Bun.Build.CompileTarget;
  /** The package of Bun's executable for it. */
  readonly runtime: string;
  /** Path of the executable in it. */
  readonly executable: string;
}

const NAMES = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
  "windows-arm64",
] as const;

export const PLATFORMS: readonly Platform[] = NAMES.map((name) => ({
  name,
  target: `bun-${name}`,
  runtime: `@oven/bun-${name.replace("arm64", "aarch64")}`,
  executable: name.startsWith("windows") ? "bin/bun.exe" : "bin/bun",
}));
