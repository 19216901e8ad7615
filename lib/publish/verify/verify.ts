/** Whether the published content is what the redirect files promise. */
import { describeFault } from "../../core/redirect-file/fault.ts";
import type { Repository } from "../../core/redirect-file/repository.ts";
import { inParallel } from "../in-parallel.ts";
import { PublishError } from "../publish-error.ts";
import { hintFor } from "./hints.ts";
import type { Host, Mismatch } from "./host.ts";
import { verifyV1 } from "./v1.ts";
import { verifyV2 } from "./v2.ts";
import { verifyV6 } from "./v6.ts";

/** One redirect file that is served. */
export interface Served {
  /** Below the data directory. */
  readonly path: string;
  readonly repository: Repository;
}

/** A line of the report. */
export interface ContentFinding {
  readonly level: "error" | "warning" | "hint" | "ok";
  readonly text: string;
}

/** At the same time: so many repositories, and so many files of each. */
const REPOSITORIES_AT_ONCE = 4;
const FILES_AT_ONCE = 4;

/** More faults of one kind than this are told as one, with their number. */
const MAX_ALIKE = 3;

/** A fault of one file. */
interface ContentFault {
  readonly text: string;
  /** The same for faults that differ in their file only. */
  readonly kind: string;
}

/** Faults in order, those that are alike together. */
function* summarized(faults: readonly ContentFault[]): Generator<string> {
  const byKind = Map.groupBy(
    faults.toSorted((a, b) => (a.text < b.text ? -1 : 1)),
    ({ kind }) => kind,
  );
  for (const alike of byKind.values()) {
    const [first] = alike;
    if (first === undefined || alike.length <= MAX_ALIKE) yield* alike.map(({ text }) => text);
    else yield `${first.text} (and ${alike.length - 1} more of this kind)`;
  }
}

/** Returns the part that faults of different files share. */
const kindOf = (where: string, { expected, received }: Mismatch): string =>
  `${/\/(manifests|blobs|[0-9a-f]{64})\//.exec(where)?.[1]} ${expected} ${received}`.replace(
    /[0-9a-f]{64,}|\d+(?= bytes)/g,
    "",
  );

async function findingsOf(
  { path, repository }: Served,
  host: Host,
  isServed: (id: string) => boolean,
): Promise<readonly ContentFinding[]> {
  const faults: ContentFault[] = [];
  let blobs = 0;
  let withoutRange = 0;
  const tell = (reference: string, where: string, problem: Mismatch | PublishError): void => {
    const isError = problem instanceof PublishError;
    const text = isError ? problem.message : `${where}: ${describeFault({ field: "", ...problem })}`;
    faults.push({ text: `${path}: ${reference}: ${text}`, kind: isError ? text : kindOf(where, problem) });
  };
  const looked = (ignoresRange: boolean): void => {
    blobs++;
    if (ignoresRange) withoutRange++;
  };
  const verification = { tell, looked, atOnce: FILES_AT_ONCE };
  if (repository.api === "v1") await verifyV1(repository, host, isServed, verification);
  else if (repository.version === 6) await verifyV6(repository, host, verification);
  else await verifyV2(repository, host, verification);
  const findings: ContentFinding[] = [...summarized(faults)].map((text) => ({ level: "error", text }));
  if (withoutRange > 0) {
    const text = `${path}: the host ignores Range for ${withoutRange} of ${blobs} blobs: a pull that breaks off starts again`;
    findings.push({ level: "warning", text });
  }
  if (faults.length > 0) {
    const hint = hintFor(
      repository,
      faults.map(({ text }) => text),
      blobs,
    );
    if (hint !== undefined) findings.push({ level: "hint", text: `${path}: ${hint}` });
  } else {
    const files = `${blobs} ${repository.api === "v1" ? "layer" : "blob"}${blobs === 1 ? "" : "s"}`;
    findings.push({ level: "ok", text: `${path}: ${repository.name}: ${files}, all as they have to be` });
  }
  return findings;
}

/**
 * Verifies everything that redirect files lead to.
 *
 * @param isServed whether a file of version 1 lists an image
 * @param print told of each repository in a few lines, in the order of the files
 * @throws what keeps this machine from looking, such as a lack of file handles
 */
export async function verifyContent(
  served: readonly Served[],
  host: Host,
  isServed: (id: string) => boolean,
  print: (finding: ContentFinding) => void,
): Promise<void> {
  const waiting = new Map<number, readonly ContentFinding[]>();
  let printed = 0;
  const printInOrder = () => {
    for (let next = waiting.get(printed); next !== undefined; next = waiting.get(printed)) {
      waiting.delete(printed++);
      for (const finding of next) print(finding);
    }
  };
  await inParallel(served.entries(), REPOSITORIES_AT_ONCE, async ([at, each]) => {
    waiting.set(at, await findingsOf(each, host, isServed));
    printInOrder();
  });
}
