/** `constant.ts elysia|bun PORT`: one 302 for every request, with the headers of a redirect of craned. */
import { Elysia } from "elysia";
import { urlOf } from "./data.ts";

const [kind, port] = process.argv.slice(2);
const headers = {
  Location: `${urlOf(1)}manifests/2/v1.1`,
  "Docker-Distribution-API-Version": "registry/2.0",
  "Cache-Control": "no-cache",
  Vary: "Accept",
};
const answer = () => new Response(null, { status: 302, headers });
const place = { hostname: "127.0.0.1", port: Number(port) };
if (kind === "elysia") new Elysia().get("/v2/*", answer).listen(place);
else Bun.serve({ ...place, fetch: answer });
