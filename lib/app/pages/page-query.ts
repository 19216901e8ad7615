import * as v from "valibot";
import { text } from "../v2/parameters.ts";

/** Parameters of a page that shows a part of a list. */
export const pageQuery = {
  q: v.pipe(
    v.optional(text({ description: "On the page: words to search for." }), ""),
    v.transform((sent = "") => sent.trim().slice(0, 255)),
  ),
  page: v.pipe(
    v.optional(text({ description: "On the page: its number, from 1.", type: "integer" }), "1"),
    v.transform((sent) => (sent !== undefined && /^\d{1,9}$/.test(sent) ? Number(sent) : 1)),
  ),
};
