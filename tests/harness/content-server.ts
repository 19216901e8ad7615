/** Serves content directories through the listener, with nothing of a registry around them. */
import type { Content } from "../../lib/content/content.ts";
import { headerLines } from "../../lib/http/fields.ts";
import { type Listener, listen } from "../../lib/http/listener.ts";
import type { RequestHead } from "../../lib/http/request-head.ts";

/** A server whose paths are `/<api>/<repository, percent-encoded>/<path>`. */
export interface ContentServer {
  readonly origin: string;
  readonly listener: Listener;
  /** What went wrong while answering. */
  readonly errors: readonly unknown[];
}

function headerOf(head: RequestHead, name: string): string | undefined {
  const values = [...headerLines(head.fields)]
    .filter(([each]) => each.toLowerCase() === name)
    .map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

/** Listens on a free port of the loopback. A file that is missing is a 404 without a body. */
export function listenForContent(content: { readonly v1?: Content; readonly v2?: Content }): ContentServer {
  const errors: unknown[] = [];
  const listener = listen(
    { hostname: "127.0.0.1", port: 0 },
    {
      answerNow: () => undefined,
      async answer(head) {
        const [, api, repository = "", ...path] = head.target.split("/");
        const one = api === "v1" ? content.v1 : content.v2;
        const request = { method: head.method, header: (name: string) => headerOf(head, name) };
        const found = await one?.serve(decodeURIComponent(repository), path.join("/"), request);
        return found ?? new Response(null, { status: 404 });
      },
      refuse: ({ status }) => new Response(null, { status }),
      onError: (error) => errors.push(error),
    },
  );
  return { origin: `http://127.0.0.1:${listener.port}`, listener, errors };
}
