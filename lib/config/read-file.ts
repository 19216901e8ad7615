import { readFileSync } from "node:fs";

/** What became of reading a file. */
export type FileContent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly reason: string };

export type ReadFile = (path: string) => FileContent;

/** Reads a file as UTF-8; other bytes become U+FFFD, which a comment may hold and a value may not. */
export const readTextFile: ReadFile = (path) => {
  try {
    return { kind: "text", text: readFileSync(path, "utf8") };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return code === "ENOENT" ? { kind: "missing" } : { kind: "unreadable", reason: code || String(error) };
  }
};
