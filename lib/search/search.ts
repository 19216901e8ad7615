import type { Log } from "../log.ts";
import { askBackend, BACKEND_LIMITS, type BackendLimits } from "./backend.ts";
import { gsaUrl, readGsa } from "./gsa.ts";
import { createLocalSearch } from "./local.ts";
import {
  failed,
  isVisible,
  pageOf,
  type Searched,
  type SearchQuery,
  type SearchResult,
  type Visible,
} from "./result.ts";
import { readSolr, solrUrl } from "./solr.ts";

/** Searches on behalf of a client. It never rejects. */
export type Search = (query: SearchQuery, visible: Visible) => Promise<Searched>;

/** The search servers; without any, the loaded repositories are searched. */
interface SearchConfig {
  readonly gsa: { readonly url: string | undefined };
  readonly solr: { readonly url: string | undefined };
}

interface SearchOptions {
  readonly log?: Log;
  readonly limits?: BackendLimits;
}

/** Another search server: its queries and its answers. */
interface Backend {
  readonly name: string;
  readonly urlFor: (q: string) => string;
  readonly read: (bytes: Uint8Array) => readonly SearchResult[] | undefined;
}

function backendOf({ gsa, solr }: SearchConfig): Backend | undefined {
  if (gsa.url !== undefined) {
    const { url } = gsa;
    return { name: "gsa", urlFor: (q) => gsaUrl(url, q), read: readGsa };
  }
  if (solr.url === undefined) return undefined;
  const { url } = solr;
  return { name: "solr", urlFor: (q) => solrUrl(url, q), read: readSolr };
}

async function askFor(q: string, { urlFor, read }: Backend, limits: BackendLimits): Promise<Searched> {
  const fetched = await askBackend(urlFor(q), limits);
  if (!fetched.ok) return fetched;
  const results = read(fetched.bytes);
  return results === undefined ? failed(502, "its answer can't be read") : { ok: true, results };
}

/**
 * Makes the search that is configured: by a Google Search Appliance, else by Solr, else over the loaded repositories.
 * Of another server's results, those that are to be filtered appear only if the client may see such a repository; the
 * others, such as Solr's certified software, name images of other registries.
 */
export function createSearch(config: SearchConfig, { log, limits = BACKEND_LIMITS }: SearchOptions = {}): Search {
  const backend = backendOf(config);
  if (backend === undefined) return createLocalSearch();
  if (config.gsa.url !== undefined && config.solr.url !== undefined) {
    log?.warn("two search backends are configured, one is used", { used: "gsa.url", ignored: "solr.url" });
  }
  return async (query, visible) => {
    const searched = await askFor(query.q, backend, limits);
    if (searched.ok) {
      const shown = searched.results.filter(({ name, should_filter }) => !should_filter || isVisible(visible, name));
      return { ok: true, results: shown.slice(...pageOf(query)) };
    }
    log?.error("search failed", { backend: backend.name, ...searched.failure });
    return searched;
  };
}
