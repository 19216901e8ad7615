import type { V1Repository, V2Repository } from "../../core/redirect-file/repository.ts";

/** `/crane/repositories` and `/crane/repositories/v1` for programs, as Crane 3.3.1 had it. */
export function v1Json(repositories: readonly V1Repository[]): string {
  const entries = repositories.map(({ name, images, tags, isProtected }) => [
    name,
    { image_ids: images.map(({ id }) => id), tags: Object.fromEntries(tags), protected: isProtected },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** `/crane/repositories/v2` for programs, as Crane 3.3.1 had it. */
export function v2Json(repositories: readonly V2Repository[]): string {
  return JSON.stringify(
    Object.fromEntries(repositories.map(({ name, isProtected }) => [name, { protected: isProtected }])),
  );
}
