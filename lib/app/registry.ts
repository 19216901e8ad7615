import { type Catalog, v1Repository, v2Repository } from "../core/catalog/catalog.ts";
import type { Content } from "../content/content.ts";
import type { Locations } from "../core/location/location.ts";
import type { Deployment } from "./openapi/deployment.ts";
import type { Repository, V1Repository, V2Repository } from "../core/redirect-file/repository.ts";
import type { Search } from "../search/search.ts";
import type { AddressDoor } from "./address-door.ts";
import type { AdminDoor } from "./admin-door.ts";
import type { Answer } from "./answer.ts";
import type { MetricsDoor } from "./metrics-door.ts";
import type { Target } from "./target.ts";

/** What an answer is made from: one snapshot, seen with one client's eyes. */
export interface View {
  readonly catalog: Catalog;
  readonly maySee: (repository: Repository) => boolean;
  readonly locations: Locations;
  /** What is served from here instead of being redirected to. */
  readonly content: { readonly v1?: Content; readonly v2?: Content };
  /** Whether others may see something else, so that no shared cache may keep the answers. */
  readonly isPrivate: boolean;
  /** What X-Docker-Endpoints says; undefined means the request's own Host. */
  readonly endpoint: string | undefined;
}

/** Who asks, and for what. */
export interface Asker {
  readonly peer: string;
  readonly header: (name: string) => string | undefined;
  readonly target: Target;
}

/** The view of a client that may come in, or the answer to one that may not. */
export type Admission =
  | { readonly isAdmitted: true; readonly view: View }
  | { readonly isAdmitted: false; readonly answer: Answer };

/** Decides at once where nothing has to be worked out. */
export type Admit = (asker: Asker) => Admission | Promise<Admission>;

/** How the load of the data directory stands. */
export interface Readiness {
  readonly isLoaded: boolean;
  readonly repositories: number;
  /** Files and directories in error. */
  readonly faults: number;
}

/**
 * Whether to send it traffic: the data directory has been read, and not all that was found there is in error. A
 * directory that is empty is as ready as one that is full; a last good state that is served is.
 */
export const isReady = ({ isLoaded, repositories, faults }: Readiness): boolean =>
  isLoaded && (repositories > 0 || faults === 0);

/** The running registry, as the routes know it. */
export interface Registry {
  /** What anybody sees of the present snapshot: the same object as long as nothing changes. */
  readonly publicView: () => View;
  /** Undefined where all are let in and all see the same. */
  readonly admit: Admit | undefined;
  readonly search: Search;
  readonly admin: AdminDoor;
  readonly metrics: MetricsDoor;
  /** Who may ask whether it is alive and ready. */
  readonly health: AddressDoor;
  readonly readiness: () => Readiness;
  /** What of the configuration the OpenAPI document tells. */
  readonly deployment: Deployment;
}

/** Protected repositories are closed to everybody who has shown nothing. */
export const seesOnlyPublic = (repository: Repository): boolean => !repository.isProtected;

/** @returns the repository if there is one that this client may see: the two refusals are one */
export function visibleV2(view: View, name: string): V2Repository | undefined {
  const repository = v2Repository(view.catalog, name);
  return repository !== undefined && view.maySee(repository) ? repository : undefined;
}

/** @returns the repository if there is one that this client may see */
export function visibleV1(view: View, name: string): V1Repository | undefined {
  const repository = v1Repository(view.catalog, name);
  return repository !== undefined && view.maySee(repository) ? repository : undefined;
}
