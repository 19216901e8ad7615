/** Lets web pages of other origins read the registry. */
import { Elysia } from "elysia";
import { apiOf } from "../errors.ts";
import { pathOf } from "./requests.ts";

const ALLOWED = {
  "Access-Control-Allow-Methods": "GET, HEAD",
  "Access-Control-Allow-Headers": "Accept, Authorization, If-None-Match, Range",
  "Access-Control-Max-Age": "86400",
};

const EXPOSED = "Docker-Content-Digest, Link, WWW-Authenticate";

/**
 * Answers preflights, and marks the registry's answers to GET and HEAD.
 *
 * @param origins origins that may read, such as `https://ui.example.com`; `*` stands for all
 * @see Fetch Standard, "CORS protocol"
 */
export function cors(origins: readonly string[]) {
  const isOpen = origins.includes("*");
  /** Headers for one origin; a page that is listed may send the user's credentials. */
  const headersFor = (origin: string | null): Readonly<Record<string, string>> | undefined => {
    if (isOpen) return { "Access-Control-Allow-Origin": "*" };
    if (origin === null || !origins.includes(origin)) return undefined;
    return { "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true" };
  };
  return new Elysia({ name: "cors" }).wrap((fetch) => async (request: Request) => {
    if (apiOf(pathOf(request)) === undefined) return fetch(request);
    const allowed = headersFor(request.headers.get("origin"));
    if (request.method === "OPTIONS" && allowed !== undefined) {
      return new Response(null, { status: 204, headers: { ...ALLOWED, ...allowed, Vary: "Origin" } });
    }
    const isRead = request.method === "GET" || request.method === "HEAD";
    const response = (await fetch(request)) as unknown as Response;
    if (!isRead) return response;
    if (!isOpen) response.headers.append("Vary", "Origin");
    for (const [name, value] of Object.entries(allowed ?? {})) response.headers.set(name, value);
    if (allowed !== undefined) response.headers.set("Access-Control-Expose-Headers", EXPOSED);
    return response;
  });
}
