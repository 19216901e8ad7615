import { Elysia } from "elysia";
import * as v from "valibot";
import { parseAccept } from "../media-types.ts";
import { toResponse } from "./answer.ts";
import type { Answering } from "./found.ts";
import { answerBlob, answerCatalog, answerManifest, answerReferrers, answerTags, V2_BASE } from "./v2-answers.ts";

const named = { name: v.string() };
const withReference = v.object({ ...named, reference: v.string() });
const withDigest = v.object({ ...named, digest: v.string() });
const accepting = v.looseObject({ accept: v.optional(v.string()) });

const queryOf = (request: Request): string => new URL(request.url).search.slice(1);

/** The v2 API. Names come as one segment: the stage before this one has told their slashes from the route's. */
export const v2Routes = (answer: Answering) =>
  new Elysia({ name: "v2", prefix: "/v2" })
    .get("/", () => toResponse(V2_BASE))
    .get("/_catalog", ({ request }) => answer(request, (view) => answerCatalog(view, queryOf(request))))
    .get(
      "/:name/manifests/:reference",
      ({ params: { name, reference }, headers, request }) =>
        answer(request, (view) => answerManifest(view, name, reference, parseAccept(headers.accept))),
      { params: withReference, headers: accepting },
    )
    .get(
      "/:name/blobs/:digest",
      ({ params: { name, digest }, request }) => answer(request, (view) => answerBlob(view, name, digest)),
      { params: withDigest },
    )
    .get(
      "/:name/tags/list",
      ({ params: { name }, request }) => answer(request, (view) => answerTags(view, name, queryOf(request))),
      { params: v.object(named) },
    )
    .get(
      "/:name/referrers/:digest",
      ({ params: { name, digest }, request }) =>
        answer(request, (view) => answerReferrers(view, name, digest, queryOf(request))),
      { params: withDigest },
    );
