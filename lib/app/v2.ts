import { Elysia } from "elysia";
import * as v from "valibot";
import { parseAccept } from "../core/media-types.ts";
import type { Deployment } from "./openapi/deployment.ts";
import { toResponse } from "./answer.ts";
import { described } from "./described/described.ts";
import { v2Operations } from "./described/v2.ts";
import type { Answering } from "./found.ts";
import { answerBlob, answerCatalog, answerManifest, answerReferrers, answerTags, V2_BASE } from "./v2-answers.ts";

const named = { name: v.string() };
const withReference = v.object({ ...named, reference: v.string() });
const withDigest = v.object({ ...named, digest: v.string() });
const accepting = v.looseObject({ accept: v.optional(v.string()) });

const queryOf = (request: Request): string => new URL(request.url).search.slice(1);

/** The v2 API. Names come as one segment: the stage before this one has told their slashes from the route's. */
export function v2Routes(answer: Answering, deployment: Deployment) {
  const { base, catalog, manifest, blob, tags, referrers } = v2Operations(deployment);
  return new Elysia({ name: "v2", prefix: "/v2" })
    .get("/", () => toResponse(V2_BASE), described(base))
    .get(
      "/_catalog",
      ({ request }) => answer(request, (view) => answerCatalog(view, queryOf(request))),
      described(catalog),
    )
    .get(
      "/:name/manifests/:reference",
      ({ params: { name, reference }, headers, request }) =>
        answer(request, (view) => answerManifest(view, name, reference, parseAccept(headers.accept))),
      { params: withReference, headers: accepting, ...described(manifest) },
    )
    .get(
      "/:name/blobs/:digest",
      ({ params: { name, digest }, request }) => answer(request, (view) => answerBlob(view, name, digest)),
      { params: withDigest, ...described(blob) },
    )
    .get(
      "/:name/tags/list",
      ({ params: { name }, request }) => answer(request, (view) => answerTags(view, name, queryOf(request))),
      { params: v.object(named), ...described(tags) },
    )
    .get(
      "/:name/referrers/:digest",
      ({ params: { name, digest }, request }) =>
        answer(request, (view) => answerReferrers(view, name, digest, queryOf(request))),
      { params: withDigest, ...described(referrers) },
    );
}
