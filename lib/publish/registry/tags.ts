import * as v from "valibot";
import { fields, listOf, readJson } from "../json-file.ts";
import type { RegistryClient } from "./client.ts";
import { pagesOf } from "./pages.ts";

/** Tags in a page: registries refuse more than they like. The last, none, leaves it to them. */
const PAGES = ["?n=1000", "?n=100", ""] as const;

/** Statuses of a refusal. */
const TOO_MANY = [400, 413, 416, 422];

const tagList = fields({ tags: listOf(v.string("a tag"), "an array of tags") });

/** Every tag of a repository, in the registry's order. @throws {PublishError} when the registry refuses */
export async function listTags(client: RegistryClient): Promise<readonly string[]> {
  const about = `${client.address.text}: the list of tags`;
  const tags = new Set<string>();
  for (const page of PAGES) {
    let isRefused = false;
    for await (const { response, bytes } of pagesOf(client, {
      at: `tags/list${page}`,
      about,
      accepts: page === "" ? [] : TOO_MANY,
    })) {
      isRefused = response.status >= 400;
      if (!isRefused) for (const tag of readJson(tagList, bytes, about).tags) tags.add(tag);
    }
    if (!isRefused) break;
  }
  return [...tags];
}
