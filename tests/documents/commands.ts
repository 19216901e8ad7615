/** The commands that documents tell people to type. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/** A command as it is written, and what the document says that it prints. */
export interface Documented {
  readonly command: string;
  /** Undefined where nothing is said. */
  readonly prints: readonly string[] | undefined;
}

/** What people read, from the root. */
export const DOCUMENTS: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
    .sort(),
];

export const textOf = (document: string): string => readFileSync(join(ROOT, document), "utf8");

/** Languages of fenced blocks that are not for a shell. */
const NO_SHELL: ReadonlySet<string> = new Set(["text", "json", "jsonc", "ini", "toml", "nginx", "yaml", "mermaid"]);

/** Blocks of a document that are for a shell: indented by four or more, or fenced without another language. */
function shellBlocks(text: string): readonly (readonly string[])[] {
  const blocks: string[][] = [];
  let block: string[] | undefined;
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const fenceHere = /^ *```(\w*)$/.exec(line)?.[1];
    if (fenceHere !== undefined) {
      block = undefined;
      fence = fence === undefined ? fenceHere : undefined;
      continue;
    }
    const isCode = fence === undefined ? /^ {4}/.test(line) : !NO_SHELL.has(fence) && line !== "";
    if (!isCode) {
      block = undefined;
      continue;
    }
    if (block === undefined) {
      block = [];
      blocks.push(block);
    }
    block.push(line);
  }
  return blocks.map((lines) => {
    const indent = Math.min(...lines.map((line) => line.search(/\S/)));
    return lines.map((line) => line.slice(indent));
  });
}

/** Lines that end in a backslash go on in the next; what follows a `#` is for people. */
const joinLines = (lines: readonly string[]): readonly string[] =>
  lines
    .join("\n")
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.replace(/\s+# .*$/, ""));

/** In a block with prompts, what has none is what the command before prints. */
function commandsOfBlock(lines: readonly string[]): readonly Documented[] {
  if (!lines.some((line) => line.startsWith("$ "))) {
    return joinLines(lines).map((command) => ({ command, prints: undefined }));
  }
  const commands: { command: string; prints: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith("$ ")) commands.push({ command: line.slice(2), prints: [] });
    else commands.at(-1)?.prints.push(line);
  }
  return commands;
}

/** The commands of a document, in its order. */
export const commandsOf = (text: string): readonly Documented[] => shellBlocks(text).flatMap(commandsOfBlock);

/** The commands under "Examples:" and "Start here:" in what `--help` prints; a comment stands far to their right. */
export function examplesOf(help: string): readonly Documented[] {
  const [, below = ""] = /^(?:Examples|Start here):\n((?: {2}.*\n?)+)/m.exec(help) ?? [];
  return joinLines(below.trimEnd().split("\n")).map((line) => ({
    command: line.trim().replace(/ {3,}.*$/, ""),
    prints: undefined,
  }));
}
