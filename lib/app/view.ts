import type { Content } from "../content/content.ts";
import { type Catalog, v1Repository, v2Repository } from "../core/catalog/catalog.ts";
import type { Locations } from "../core/location/location.ts";
import type { Repository, V1Repository, V2Repository } from "../core/redirect-file/repository.ts";
import { parseRepositoryName } from "../core/reference.ts";

/** Maps the registries that a mirror stands for to prefixes of names. @see spec "HTTP", `?ns=` */
export interface Mirror {
  /** Prefix of names by the host of a registry. */
  readonly registries: ReadonlyMap<string, string>;
  /** Prefix for every other registry; undefined means that others are unknown. */
  readonly fallback: string | undefined;
}

/** One snapshot as one client sees it: all that an answer is made from. */
export interface View {
  readonly catalog: Catalog;
  readonly maySee: (repository: Repository) => boolean;
  readonly locations: Locations;
  /** Content that is sent from here instead of being redirected to. */
  readonly content: { readonly v1?: Content; readonly v2?: Content };
  /** Request headers that decide what a client sees, as Vary lists them; undefined when all see the same. */
  readonly variesBy: string | undefined;
  /** Value of X-Docker-Endpoints; undefined means the request's own Host. */
  readonly endpoint: string | undefined;
  /** Seconds between two scans of the redirect files. */
  readonly pollingInterval: number;
  readonly mirror: Mirror | undefined;
  /** Tags that a static host lists for a repository of version 2 to 4; undefined where tags are not learned. */
  readonly learnedTags: ((repository: V2Repository) => ReadonlySet<string> | undefined) | undefined;
}

/** Returns the name here of what the client names; undefined for a registry that is not mirrored. */
export function localName({ mirror }: View, name: string, ns: string | undefined): string | undefined {
  if (mirror === undefined || ns === undefined) return name;
  const prefix = mirror.registries.get(ns) ?? mirror.fallback;
  return prefix === undefined ? undefined : parseRepositoryName(prefix + name);
}

/** Says whether a repository is open to clients that have shown nothing. */
export const isPublic = (repository: Repository): boolean => !repository.isProtected;

/** @returns the repository if it exists and the client may see it: both refusals look the same */
export function visibleV2(view: View, name: string): V2Repository | undefined {
  const repository = v2Repository(view.catalog, name);
  return repository !== undefined && view.maySee(repository) ? repository : undefined;
}

/** @returns the repository if it exists and the client may see it */
export function visibleV1(view: View, name: string): V1Repository | undefined {
  const repository = v1Repository(view.catalog, name);
  return repository !== undefined && view.maySee(repository) ? repository : undefined;
}
