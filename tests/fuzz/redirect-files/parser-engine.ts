/** Redirect files without end to the reader of them, and what is wrong with what it makes of them. */
import { isDeepStrictEqual } from "node:util";
import { parseAccept } from "../../../lib/core/media-types.ts";
import { describeFault } from "../../../lib/core/redirect-file/fault.ts";
import { type ParsedFile, parseRedirectFile } from "../../../lib/core/redirect-file/parse.ts";
import { namedTags, type Repository } from "../../../lib/core/redirect-file/repository.ts";
import { parseReference } from "../../../lib/core/reference.ts";
import { resolveManifest } from "../../../lib/core/resolve.ts";
import { naivelyResolve } from "../../core/naive-resolution.ts";
import { randomOf } from "../random.ts";
import type { Finding, Outcome } from "../requests/engine.ts";
import { hostileFile } from "./hostile-files.ts";
import { wholeDifference } from "./naive-whole-file.ts";

const MAX_FINDINGS = 20;
/** A file of 10 MB takes a fraction of that. */
const MAX_MS = 3000;

/** Of a list of what may be 64 levels deep itself. */
const MAX_LEVELS = 66;

const NAME = /^[a-z0-9]+(?:(?:[._]|__|-+|\/)[a-z0-9]+)*$/;
const V1_NAME = /^[a-z0-9._-]+(?:\/[a-z0-9._-]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const URL_TEXT = /^https?:\/\/[!-~]+\/$/i;
const ACCEPTS = [undefined, "*/*", "application/vnd.docker.distribution.manifest.v2+json"];

const untouched = Object.getOwnPropertyNames(Object.prototype).sort();

function isPolluted(): boolean {
  const plain: Record<string, unknown> = {};
  return (
    plain["polluted"] !== undefined ||
    !isDeepStrictEqual(Object.getOwnPropertyNames(Object.prototype).sort(), untouched)
  );
}

/** What is passed on has to be written out again, which takes a stack as deep as it is. */
const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1)));

/** What a repository says, held to the file's own JSON, which is read here once more. */
function differenceOf(repository: Repository, bytes: Uint8Array): string | undefined {
  const file = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  const grammar = repository.api === "v1" ? V1_NAME : NAME;
  if (!grammar.test(repository.name) || repository.name !== file["repo-registry-id"])
    return `the name ${repository.name}`;
  if (repository.isProtected !== (file.protected ?? false)) return "what is protected";
  if (!URL_TEXT.test(repository.url) || /[?#"<>\\]/.test(repository.url)) return `the url ${repository.url}`;
  if (repository.version !== file.version) return "the version";
  if (repository.api === "v1") {
    const tags = Object.keys(file.tags).filter((tag) => TAG.test(tag));
    if (repository.tags.size !== tags.length) return "the tags";
    if (isDeeper(repository.images, MAX_LEVELS)) return "the depth of the images";
    return JSON.stringify(repository.images) === JSON.stringify(file.images) ? undefined : "the images";
  }
  if (repository.version === 6) return wholeDifference(repository, file);
  if (isDeeper([...repository.referrers.values()], MAX_LEVELS)) return "the depth of the referrers";
  const tags = namedTags(repository);
  if (tags.some((tag, at) => at > 0 && (tags[at - 1] ?? "") >= tag)) return "the order of the tags";
  for (const text of ["latest", "one", "__proto__", "constructor", ...tags.slice(0, 20)]) {
    const reference = parseReference(text);
    if (reference === undefined) return `the tag ${text}`;
    for (const accept of ACCEPTS) {
      const resolution = resolveManifest(repository, reference, parseAccept(accept));
      const path = resolution.kind === "path" ? resolution.path : undefined;
      const expected = naivelyResolve(file, text, accept);
      if (path !== expected) return `${text} is ${path}, expected ${expected}`;
      if (path !== undefined && !/^[!-~]+$/.test(path)) return `the path ${path}`;
    }
  }
  return undefined;
}

/** What is wrong with what was read, if anything. */
function wrongIn(parsed: ParsedFile, bytes: Uint8Array): string | undefined {
  if (isPolluted()) return "Object's prototype is another";
  if (parsed.ok) return differenceOf(parsed.repository, bytes);
  if (parsed.faults.length === 0) return "no fault";
  const bad = parsed.faults.map(describeFault).find((line) => /[\p{C}\p{Zl}\p{Zp}]/u.test(line) || line.length > 2000);
  return bad === undefined ? undefined : `the fault ${bad}`;
}

/** Reads one file, and looks at what comes of it. */
export function tryFile(bytes: Uint8Array): string | undefined {
  const from = performance.now();
  try {
    const wrong = wrongIn(parseRedirectFile(bytes), bytes);
    return wrong ?? (performance.now() - from > MAX_MS ? `it took ${performance.now() - from} ms` : undefined);
  } catch (error) {
    return `thrown: ${error}`;
  }
}

/** @param count of files */
export function fuzzFiles(count: number, seed: number): Outcome {
  const findings: Finding[] = [];
  const from = performance.now();
  let inputs = 0;
  for (; inputs < count && findings.length < MAX_FINDINGS; inputs++) {
    const bytes = hostileFile(randomOf(seed, inputs));
    const what = tryFile(bytes);
    if (what !== undefined) findings.push({ what, input: Buffer.from(bytes).toString("latin1") });
  }
  return { name: "redirect files: read", inputs, seconds: (performance.now() - from) / 1000, findings };
}
