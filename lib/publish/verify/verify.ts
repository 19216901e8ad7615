/** Whether the published content is what the redirect files promise. */
import { inParallel } from "../in-parallel.ts";
import { PublishError } from "../publish-error.ts";
import { describeFault } from "../../core/redirect-file/fault.ts";
import type { Repository } from "../../core/redirect-file/repository.ts";
import type { Host } from "./host.ts";
import { verifyV1 } from "./v1.ts";
import { verifyV2 } from "./v2.ts";
import type { Verification } from "./verification.ts";

/** One redirect file that is served. */
export interface Served {
  /** Below the data directory. */
  readonly path: string;
  readonly repository: Repository;
}

/** At the same time: so many repositories, and so many files of each. */
const REPOSITORIES_AT_ONCE = 4;
const FILES_AT_ONCE = 4;

async function faultsOf({ path, repository }: Served, host: Host, isServed: (id: string) => boolean) {
  const faults: string[] = [];
  const tell: Verification["tell"] = (reference, where, problem) => {
    const text =
      problem instanceof PublishError ? problem.message : `${where}: ${describeFault({ field: "", ...problem })}`;
    faults.push(`${path}: ${reference}: ${text}`);
  };
  const verification = { tell, atOnce: FILES_AT_ONCE };
  if (repository.api === "v1") await verifyV1(repository, host, isServed, verification);
  else if (repository.version !== 6) await verifyV2(repository, host, verification);
  return faults.sort();
}

/**
 * Verifies everything that redirect files lead to.
 *
 * @param isServed whether a file of version 1 lists an image
 * @param print told each fault in a line, in the order of the files and of their references
 * @returns how many faults there are
 * @throws what keeps this machine from looking, as a lack of file handles
 */
export async function verifyContent(
  served: readonly Served[],
  host: Host,
  isServed: (id: string) => boolean,
  print: (line: string) => void,
): Promise<number> {
  const waiting = new Map<number, readonly string[]>();
  let printed = 0;
  let count = 0;
  const printInOrder = () => {
    for (let next = waiting.get(printed); next !== undefined; next = waiting.get(printed)) {
      waiting.delete(printed++);
      count += next.length;
      for (const line of next) print(line);
    }
  };
  await inParallel(served.entries(), REPOSITORIES_AT_ONCE, async ([at, each]) => {
    waiting.set(at, await faultsOf(each, host, isServed));
    printInOrder();
  });
  return count;
}
