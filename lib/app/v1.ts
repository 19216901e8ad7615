import { Elysia } from "elysia";
import * as v from "valibot";
import type { Deployment } from "./openapi/deployment.ts";
import type { Search } from "../search/search.ts";
import { toResponse } from "./answer.ts";
import { described } from "./described/described.ts";
import { v1Operations } from "./described/v1.ts";
import type { Answering } from "./found.ts";
import {
  answerImage,
  answerImages,
  answerSearch,
  answerV1Tag,
  answerV1Tags,
  V1_PING,
  V1_USER_CREATED,
  V1_USERS,
} from "./v1-answers.ts";

const named = { name: v.string() };
const withHost = v.looseObject({ host: v.optional(v.string(), "") });

/** The v1 API. Names come as one segment, as in the v2 routes. */
export function v1Routes(answer: Answering, search: Search, deployment: Deployment) {
  const operations = v1Operations(deployment);
  return (
    new Elysia({ name: "v1", prefix: "/v1" })
      .get("/_ping", () => toResponse(V1_PING), described(operations.ping))
      .get("/users", () => toResponse(V1_USERS), described(operations.users))
      .post("/users", () => toResponse(V1_USER_CREATED), { parse: "none", ...described(operations.createUser) })
      // Not by Elysia's own reading of the query, which takes {"a":1} and [1] for more than texts.
      .get(
        "/search",
        ({ request }) => answer(request, (view) => answerSearch(view, search, request)),
        described(operations.search),
      )
      .get(
        "/repositories/:name/images",
        ({ params: { name }, headers: { host }, request }) => answer(request, (view) => answerImages(view, name, host)),
        { params: v.object(named), headers: withHost, ...described(operations.images) },
      )
      .get(
        "/repositories/:name/tags",
        ({ params: { name }, request }) => answer(request, (view) => answerV1Tags(view, name)),
        { params: v.object(named), ...described(operations.tags) },
      )
      .get(
        "/repositories/:name/tags/:tag",
        ({ params: { name, tag }, request }) => answer(request, (view) => answerV1Tag(view, name, tag)),
        { params: v.object({ ...named, tag: v.string() }), ...described(operations.tag) },
      )
      .get(
        "/images/:id/:file",
        ({ params: { id, file }, request }) => answer(request, (view) => answerImage(view, id, file)),
        { params: v.object({ id: v.string(), file: v.string() }), ...described(operations.file) },
      )
  );
}
