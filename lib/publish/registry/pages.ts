import { PublishError } from "../publish-error.ts";
import type { Question, RegistryClient, SmallReply } from "./client.ts";
import { nextLink } from "./link.ts";

const MAX_PAGES = 10_000;

/** A registry without pages sends a long list at once. Bytes. */
const MAX_PAGE = 64 * 1024 * 1024;

/** Reads a list that may come in pages. @throws {PublishError} when it does not end, or leads elsewhere */
export async function* pagesOf(client: RegistryClient, first: Question): AsyncGenerator<SmallReply> {
  const { about } = first;
  const seen = new Set<string>();
  for (let question = first; ; ) {
    const page = await client.read(question, MAX_PAGE);
    yield page;
    const link = nextLink(page.response.headers.get("link"));
    if (link === undefined) return;
    const named = URL.parse(link, page.url);
    // A proxy in front may end TLS, or have another port, and the registry behind does not know.
    if (named?.hostname !== new URL(client.origin).hostname) {
      throw new PublishError(`${about}: the next page is not at this registry`);
    }
    const next = new URL(`${named.pathname}${named.search}`, client.origin);
    if (seen.has(next.href)) throw new PublishError(`${about}: the pages lead in a circle`);
    if (seen.size === MAX_PAGES) throw new PublishError(`${about}: expected at most ${MAX_PAGES} pages, received more`);
    seen.add(next.href);
    question = { ...first, at: next.href };
  }
}
