import { Elysia } from "elysia";
import type { StaticObject } from "./tree.ts";

/** A dumb static host for the demo: files and their types, nothing about registries. */
export const staticHost = (objects: () => ReadonlyMap<string, StaticObject>) =>
  new Elysia({ name: "static" }).get(
    "/static/*",
    ({ params }) => {
      const object = objects().get(params["*"]);
      if (object === undefined) return new Response("Not Found", { status: 404 });
      const { bytes, contentType } = object;
      return new Response(new Blob([bytes.slice()]), { headers: { "Content-Type": contentType } });
    },
    { detail: { hide: true } },
  );
