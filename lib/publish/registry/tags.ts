import * as v from "valibot";
import { fields, readJson } from "../json-file.ts";
import type { RegistryClient } from "./client.ts";
import { pagesOf } from "./pages.ts";

const PAGE = 1000;

const tagList = fields({ tags: v.nullish(v.array(v.string("a tag"), "an array of tags")) });

/** Every tag of a repository, in the registry's order. @throws {PublishError} when the registry refuses */
export async function listTags(client: RegistryClient): Promise<readonly string[]> {
  const about = `${client.address.text}: the list of tags`;
  const tags = new Set<string>();
  for await (const { bytes } of pagesOf(client, { at: `tags/list?n=${PAGE}`, about })) {
    for (const tag of readJson(tagList, bytes, about).tags ?? []) tags.add(tag);
  }
  return [...tags];
}
