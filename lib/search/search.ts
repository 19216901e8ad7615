import type { Log } from "../log.ts";
import { askBackend, BACKEND_LIMITS, type BackendLimits } from "./backend.ts";
import { gsaUrl, readGsa } from "./gsa.ts";
import { searchLocally } from "./local.ts";
import { failed, isVisible, type Searched, type SearchQuery, type SearchResult, type Visible } from "./result.ts";
import { readSolr, solrUrl } from "./solr.ts";

/** Searches for what a client may see. It never rejects. */
export type Search = (query: SearchQuery, visible: Visible) => Promise<Searched>;

/** Who searches; both absent means that we do. */
interface SearchConfig {
  readonly gsa: { readonly url: string | undefined };
  readonly solr: { readonly url: string | undefined };
}

interface SearchOptions {
  readonly log?: Log;
  readonly limits?: BackendLimits;
}

/** Another's search: how it is asked and how it answers. */
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
 * Makes the search that is configured: a Google Search Appliance, else Solr, else over what is loaded. Whoever
 * searches, only repositories that are loaded and that the client may see come out.
 */
export function createSearch(config: SearchConfig, { log, limits = BACKEND_LIMITS }: SearchOptions = {}): Search {
  const backend = backendOf(config);
  if (backend === undefined) {
    return async (query, visible) => ({ ok: true, results: searchLocally(query, visible) });
  }
  if (config.gsa.url !== undefined && config.solr.url !== undefined) {
    log?.warn("two search backends are configured, one is used", { used: "gsa.url", ignored: "solr.url" });
  }
  return async ({ q, n }, visible) => {
    const searched = await askFor(q, backend, limits);
    if (searched.ok) {
      const results = searched.results.filter(({ name }) => isVisible(visible, name)).slice(0, n);
      return { ok: true, results };
    }
    log?.error("search failed", { backend: backend.name, ...searched.failure });
    return searched;
  };
}
