import type { Family, Sample } from "./family.ts";

/** What one of several processes measured. */
export interface WorkerFamilies {
  readonly worker: number;
  readonly families: readonly Family[];
}

/** Puts together what processes measured that work side by side: each sample says whose it is. */
export function joinWorkers(parts: readonly WorkerFamilies[]): readonly Family[] {
  const joined = new Map<string, Family & { readonly samples: Sample[] }>();
  for (const { worker, families } of parts.toSorted((one, other) => one.worker - other.worker)) {
    for (const family of families) {
      const samples = family.samples.map(({ part, labels, value }) => ({
        part,
        labels: { worker: String(worker), ...labels },
        value,
      }));
      const known = joined.get(family.name);
      if (known === undefined) joined.set(family.name, { ...family, samples });
      else known.samples.push(...samples);
    }
  }
  return [...joined.values()];
}
