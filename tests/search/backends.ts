/** Servers that speak as search backends do, and repositories that they may find. */
import { EMPTY_CATALOG, withChanges } from "../../lib/core/catalog/catalog.ts";
import type { Searched, SearchQuery } from "../../lib/search/result.ts";
import { createSearch } from "../../lib/search/search.ts";

import { parseJson, repositoryOf } from "../core/redirect-file/samples.ts";
import { v1, v2 } from "../harness/redirect-files.ts";

export type Answer = (request: Request) => Response | Promise<Response>;

export interface Backend {
  readonly origin: string;
  /** Path and query of every request. */
  readonly asked: readonly string[];
}

/** Starts one on a free port of the loopback. @param afterwards takes what stops it */
export function startBackend(answer: Answer, afterwards: (stop: () => unknown) => void): Backend {
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: (request) => {
      asked.push(request.url.slice(server.url.href.length - 1));
      return answer(request);
    },
  });
  afterwards(() => server.stop(true));
  return { origin: server.url.origin, asked };
}

export const FILES = {
  "open.json": v2("team/app"),
  "open-v1.json": v1("old/app"),
  "secret.json": v2("secret/app", { protected: true }),
  "half.json": v2("half/app", { protected: true }),
  "half-v1.json": v1("half/app"),
};

/** A catalogue of redirect files, by the order in which they are given. */
export const catalogOf = (files: readonly object[]) =>
  withChanges(
    EMPTY_CATALOG,
    files.map((file, at) => ({ path: `${at}.json`, before: undefined, after: repositoryOf(parseJson(file)) })),
  );

export const catalog = catalogOf(Object.values(FILES));

const NO_URL = { url: undefined };
export const LIMITS = { silence: 10_000, total: 20_000, bytes: 100_000 };

export type BackendName = "solr" | "gsa";

export function searchBy(backend: BackendName, url: string, query: SearchQuery, limits = LIMITS): Promise<Searched> {
  const search = createSearch({ gsa: NO_URL, solr: NO_URL, [backend]: { url } }, { limits });
  return search(query, { catalog, maySee: (repository) => !repository.isProtected });
}

export const results = (searched: Searched) => (searched.ok ? searched.results : searched.failure);
export const names = (searched: Searched) =>
  searched.ok ? searched.results.map(({ name }) => name) : searched.failure;

export const docs = (...all: readonly unknown[]) => Response.json({ response: { numFound: all.length, docs: all } });

export const gsaResult = (...tags: readonly string[]) =>
  `<R N="1"><U>http://x/?a=1&amp;b=2</U>${tags.join("")}<HAS><L/></HAS></R>`;
export const gsaNamed = (name: string) => gsaResult(`<MT N="portal_name" V="${name}"/>`);
export const gsaBody = (...found: readonly string[]) =>
  `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<GSP VER="3.2">\n<TM>0.03</TM><Q>q</Q>\n` +
  `<PARAM name="q" value="q" original_value="q"/>\n<RES SN="1" EN="2"><M>2</M><XT/>${found.join("\n")}</RES></GSP>\n`;
