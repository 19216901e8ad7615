/** Prepares requests for Elysia's router, and keeps paths from it that would have to be decoded. */
import { Elysia, NotFoundError } from "elysia";
import { hookAtOnce } from "../at-once.ts";

const PATH_START_FROM = 11;
const SLASH = 47;

/**
 * Elysia looks for a path from character 11 of the URL on, and Bun hands out a bare path where a request has no usable
 * Host. Returns a URL for those requests that has the path where Elysia looks for it.
 */
function readableUrl(url: string): string | undefined {
  if (url.charCodeAt(0) === SLASH) return `http://localhost${url}`;
  const path = url.indexOf("/", url.indexOf("//") + 2);
  return path < PATH_START_FROM ? `http://localhost${url.slice(path)}` : undefined;
}

const nativeMethod = Object.getOwnPropertyDescriptor(Request.prototype, "method")?.get;

/** Returns the method that the client sent: Elysia's handlers see GET for HEAD. */
export const methodOf = (request: Request): string => nativeMethod?.call(request) ?? request.method;

/** Returns path and query of a request. Its URL need not be valid: the host is what the client sent. */
export function targetOf({ url }: Request): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  return start === -1 ? "/" : url.slice(start);
}

/** Returns the path of a request, whose URL need not be valid. */
export function pathOf(request: Request): string {
  const [path = ""] = targetOf(request).split("?", 1);
  return path;
}

/** @see spec "HTTP": nothing but `%3A` is decoded */
export const requests = new Elysia({ name: "requests" })
  .wrap((fetch, request) => {
    // The request object itself stays, since the server knows its connection by it.
    const url = readableUrl(request.url);
    if (url !== undefined) Object.defineProperty(request, "url", { value: url });
    // Bun sends no body to HEAD. Elysia would read the whole body to find out its length, and lose the length that a
    // response without a body gives.
    if (request.method === "HEAD") Object.defineProperty(request, "method", { value: "GET" });
    return fetch;
  })
  .onRequest(
    hookAtOnce(({ request }) => {
      if (request.url.includes("%") && pathOf(request).replace(/%3a/gi, "").includes("%")) throw new NotFoundError();
    }),
  );
