import { version } from "../../package.json" with { type: "json" };
import { type Catalog, forEachRepository } from "../core/catalog/catalog.ts";
import type { Repository } from "../core/redirect-file/repository.ts";
import type { Config } from "../config/config.ts";
import type { Listener } from "../http/listener.ts";
import { watchEventLoop } from "../metrics/event-loop.ts";
import { counter, type Family, gauge, info } from "../metrics/family.ts";
import { createHistogram, histogram } from "../metrics/histogram.ts";
import { processFamilies } from "../metrics/process.ts";
import { createMeters, type Meters } from "../app/meters.ts";
import type { Snapshot } from "../store/snapshots.ts";
import type { Scan } from "../store/follow.ts";

const LOOK_BOUNDS = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

const secondsOf = (time: Date | undefined): number => (time === undefined ? 0 : time.getTime() / 1000);

/** Counts the looks for changed files. */
function createLooks() {
  const counts: Record<Scan["result"], number> = { changed: 0, unchanged: 0, failed: 0 };
  const durations = createHistogram(LOOK_BOUNDS);
  let last: Scan["result"] = "failed";
  let succeededAt: Date | undefined;
  return {
    onScan({ seconds, result }: Scan): void {
      counts[result]++;
      durations.observe(seconds);
      last = result;
      if (result !== "failed") succeededAt = new Date();
    },
    families: (): readonly Family[] => [
      counter(
        "craned_reloads",
        "Looks for changed redirect files, by how they ended.",
        Object.entries(counts).map(([result, count]) => [{ result }, count]),
      ),
      histogram("craned_reload_duration_seconds", "How long looks for changed redirect files took.", [[{}, durations]]),
      gauge("craned_last_reload_success", "Whether the last look could look.", Number(last !== "failed")),
      gauge(
        "craned_last_reload_timestamp_seconds",
        "When redirect files were last looked at with success, in seconds since 1970.",
        secondsOf(succeededAt),
      ),
    ],
  };
}

function referenceCount(repository: Repository): number {
  if (repository.api === "v1") return repository.tags.size;
  return repository.version === 6
    ? repository.tagCount + repository.manifestCount
    : repository.manifests.references.length;
}

function countReferences(catalog: Catalog): { readonly v1: number; readonly v2: number } {
  const counts = { v1: 0, v2: 0 };
  forEachRepository(catalog, (repository) => {
    counts[repository.api] += referenceCount(repository);
  });
  return counts;
}

/** What a snapshot holds. References are counted once for each snapshot that somebody asks about. */
function createHoldings() {
  let counted: { readonly catalog: Catalog; readonly counts: ReturnType<typeof countReferences> } | undefined;
  return ({ catalog, files, faults, loadedAt }: Snapshot): readonly Family[] => {
    if (counted?.catalog !== catalog) counted = { catalog, counts: countReferences(catalog) };
    const { v1, v2 } = counted.counts;
    return [
      gauge("craned_repositories", "Repositories that are served.", [
        [{ api: "v1" }, catalog.v1.names.length],
        [{ api: "v2" }, catalog.v2.names.length],
      ]),
      gauge("craned_references", "Tags and digests of manifests that are known, and tags of v1.", [
        [{ api: "v1" }, v1],
        [{ api: "v2" }, v2],
      ]),
      gauge("craned_redirect_files", "Redirect files that are good.", files),
      gauge("craned_redirect_file_faults", "Redirect files and directories in error.", faults.size),
      gauge(
        "craned_last_change_timestamp_seconds",
        "When what is served last changed, in seconds since 1970.",
        secondsOf(loadedAt),
      ),
    ];
  };
}

/** What is asked when somebody wants to know. */
interface Present {
  readonly snapshot: Snapshot;
  readonly isReady: boolean;
  /** Absent until it listens. */
  readonly listener: Listener | undefined;
}

/** Everything that one process measures. */
export interface Measuring {
  readonly meters: Meters;
  readonly onScan: (look: Scan) => void;
  readonly families: (present: Present) => readonly Family[];
  readonly close: () => void;
}

/** @returns undefined where nobody may read what would be measured */
export function createMeasuring({ management }: Config): Measuring | undefined {
  if (management.listen === undefined && !management.onRegistryPort) return undefined;
  const meters = createMeters();
  const looks = createLooks();
  const holdings = createHoldings();
  const eventLoop = watchEventLoop();
  const startedAt = Date.now() / 1000 - process.uptime();
  return {
    meters,
    onScan: looks.onScan,
    families: ({ snapshot, isReady, listener }) => {
      const { open, accepted } = listener?.connections() ?? { open: 0, accepted: 0 };
      return [
        info("craned_build", "The program that runs.", { version, bun: Bun.version }),
        gauge("craned_ready", "Whether it is ready, as /readyz says.", Number(isReady)),
        ...meters.families(),
        gauge("craned_open_connections", "Connections of clients that are open.", open),
        counter("craned_connections", "Connections of clients that were taken.", accepted),
        ...holdings(snapshot),
        ...looks.families(),
        eventLoop.family(),
        ...processFamilies(startedAt),
      ];
    },
    close: eventLoop.close,
  };
}
