import type { Method } from "../core/location/sign.ts";
import type { View } from "./registry.ts";

/** What is known of a request before a route sees it. */
export interface Context {
  /** The snapshot, with the eyes of the client that asks. */
  readonly view: View;
  /** As the client sent it; routes are asked by GET even for HEAD. */
  readonly method: Method;
  /** The address at the other end of the connection. */
  readonly peer: string;
  /** The name that the request has in the log. */
  readonly requestId: string | undefined;
}

/** Takes the context of each request along to its route. */
export interface Contexts {
  readonly put: (request: Request, context: Context) => void;
  /** @throws for a request that nothing was put for, which is a fault of the program */
  readonly of: (request: Request) => Context;
}

/** Makes an empty one; what is in it lasts as long as its request. */
export function createContexts(): Contexts {
  const known = new WeakMap<Request, Context>();
  return {
    put: (request, context) => void known.set(request, context),
    of: (request) => {
      const context = known.get(request);
      if (context === undefined) throw new Error("a request came past the stage that says who asks");
      return context;
    },
  };
}
