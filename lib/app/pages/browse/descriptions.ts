/** Descriptions of the routes of the pages. */
import * as v from "valibot";
import { always, CHALLENGE, caching, NOSNIFF, RETRY_AFTER, sometimes, TEXT } from "../../openapi/headers.ts";
import type { Deployment, Operation } from "../../openapi/operation.ts";
import { text } from "../../v2/parameters.ts";
import { pageQuery } from "../page-query.ts";
import { isTagOrder } from "./tag-order.ts";

/** Query of all pages. */
export const QUERY = v.object({
  ...pageQuery,
  in: v.pipe(
    v.optional(text({ description: "On the front page: the namespace whose repositories are listed." }), ""),
    v.transform((sent = "") => sent.replace(/\/+$/, "").slice(0, 255)),
  ),
  order: v.pipe(
    v.optional(
      text({ description: "On a repository's page: the order of its tags.", enum: ["newest", "version", "name"] }),
      "",
    ),
    v.transform((sent = "") => (isTagOrder(sent) ? sent : "")),
  ),
});

/** What a page is about. */
export const PLACE = v.object({
  name: v.pipe(
    v.string(),
    v.metadata({
      description: "A name, `name:tag` or `name@digest`. Names may have slashes, which are sent as they are.",
      examples: ["demo/hello:latest"],
      "x-multi-segment": true,
    }),
  ),
});

const POLICY = {
  "Content-Security-Policy": always("The page may ask no other host.", TEXT),
  "Referrer-Policy": always("No other host learns of this one.", { const: "no-referrer" }),
};
const ETAG = { ETag: sometimes("Names the present state.", TEXT) };
const TEXT_PLAIN = { "text/plain": { schema: TEXT } };
const HTML = { "text/html": { schema: TEXT } };

/** Describes a page. @param missing what a client finds where there is nothing */
export const detailOf = (
  { credentials }: Deployment,
  { operationId, summary, description }: { operationId: string; summary: string; description: string },
  missing: "page" | "text",
): Operation => ({
  tags: ["service"],
  operationId,
  summary,
  description,
  responses: {
    200: {
      description: `${summary}.`,
      headers: { ...caching("changing"), ...NOSNIFF, ...POLICY, ...ETAG },
      content: HTML,
    },
    304: { description: "The client has it already.", headers: { ...caching("changing"), ...POLICY, ...ETAG } },
    ...(credentials.kind !== "none" && {
      401: {
        description: "The client must authenticate.",
        headers: { ...caching("changing"), ...NOSNIFF, ...CHALLENGE },
        content: TEXT_PLAIN,
      },
    }),
    ...(credentials.kind === "basic" && {
      429: {
        description: "Too many passwords wait to be checked.",
        headers: { ...caching("changing"), ...NOSNIFF, ...RETRY_AFTER },
        content: TEXT_PLAIN,
      },
    }),
    404:
      missing === "page"
        ? {
            description: "There is nothing of that name.",
            headers: { ...caching("changing"), ...NOSNIFF, ...POLICY },
            content: HTML,
          }
        : {
            description: "The client is no browser.",
            headers: { ...caching("changing"), ...NOSNIFF },
            content: TEXT_PLAIN,
          },
  },
});
