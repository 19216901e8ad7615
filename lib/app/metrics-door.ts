import type { Family } from "../metrics/family.ts";
import type { HeaderGetter } from "./client-address.ts";

/** @returns how to gather what is measured; undefined for clients that may not see it */
export type MetricsDoor = (header: HeaderGetter, peer: string) => (() => Promise<readonly Family[]>) | undefined;
