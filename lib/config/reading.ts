/** The sources that sections of the configuration are read from. */
import { readFileSync } from "node:fs";
import { codeOf, codeOrText } from "../system-error.ts";
import type { ConfigProblem, SettingSource } from "./problem.ts";
import type { Setting } from "./setting.ts";

/** The result of reading a file. */
export type FileContent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly reason: string };

export type ReadTextFile = (path: string) => FileContent;

/** Reads a file as UTF-8; other bytes become U+FFFD, which a comment may hold and a value may not. */
export const readTextFile: ReadTextFile = (path) => {
  try {
    return { kind: "text", text: readFileSync(path, "utf8") };
  } catch (error) {
    return codeOf(error) === "ENOENT" ? { kind: "missing" } : { kind: "unreadable", reason: codeOrText(error) };
  }
};

/** A text that a source has for a setting. */
export interface Given {
  /** Undefined when interpolation fails. */
  readonly text: string | undefined;
  readonly source: SettingSource;
  readonly key: string;
}

/** Gives the value of a setting; one in error has been reported, and has its default. */
export type Get = <Value>(setting: Setting<Value>) => Value;

/** Tells where a setting was given; undefined when no source gives it a value. */
export type SourceOf = (setting: Setting<unknown>) => SettingSource | undefined;

/** The source of a section, and the sink of its problems. */
export interface SectionReader {
  readonly get: Get;
  readonly sourceOf: SourceOf;
  /** Gives all entries that the file has in a section, known or not. */
  readonly section: (name: string) => Iterable<readonly [key: string, given: Given]>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadTextFile;
  readonly report: (problem: ConfigProblem) => void;
  /** For what does not keep the program from starting. */
  readonly warn: (problem: ConfigProblem) => void;
}

/** The values of a section. */
export type Values<Section> = {
  readonly [Key in keyof Section]: Section[Key] extends Setting<infer Value> ? Value : never;
};

/** Reads the values of a section. */
export function valuesOf<Section extends Readonly<Record<string, Setting<unknown>>>>(
  section: Section,
  get: Get,
): Values<Section> {
  return Object.fromEntries(Object.entries(section).map(([key, each]) => [key, get(each)])) as Values<Section>;
}
