import type { Content } from "../content/content.ts";
import type { Method } from "../core/location/sign.ts";
import type { Repository } from "../core/redirect-file/repository.ts";
import { type Answer, toResponse } from "./answer.ts";
import type { Contexts } from "./context.ts";
import { refusedFile, V1_HEADERS, V2_HEADER } from "./errors.ts";
import type { View } from "./registry.ts";

/** A file of a repository: the answer is a redirect to it or, where content is served, the file itself. */
export interface Found {
  readonly repository: Repository;
  /** Below the repository's url, and below its directory. */
  readonly path: string;
  /** Whether the client asked by digest. */
  readonly isByDigest: boolean;
  /** The answer when the file should be here and is not. */
  readonly missing: Answer;
}

export type Outcome = Answer | Found;

export const isFound = (outcome: Outcome): outcome is Found => "missing" in outcome;

/** What of a request the serving of files asks for. */
export interface FileRequest {
  readonly method: Method;
  readonly header: (name: string) => string | null;
}

/** Whether the file is served from here. */
export const contentOf = (view: View, { repository }: Found): Content | undefined => view.content[repository.api];

/** Sends the client on. */
export function redirectTo(view: View, { repository, path }: Found, method: Method): Answer {
  const location = view.locations[repository.api](repository.url, path, method);
  return repository.api === "v2"
    ? { status: 302, headers: [["Location", location], V2_HEADER], body: "" }
    : { status: 302, headers: [["Location", location], ...V1_HEADERS], body: "" };
}

function serveFile(view: View, content: Content, found: Found, request: FileRequest): Response {
  const { repository, path, isByDigest, missing } = found;
  const isPrivate = repository.isProtected || view.isPrivate;
  const response = content.serve(repository.repository, path, { ...request, isByDigest, isPrivate });
  if (response === undefined) return toResponse(missing);
  if (response.status >= 400) return toResponse(refusedFile(repository.api, response.status, [...response.headers]));
  for (const [name, value] of repository.api === "v2" ? [V2_HEADER] : V1_HEADERS) response.headers.set(name, value);
  return response;
}

/** The response to what was decided. */
async function deliver(view: View, outcome: Outcome, request: FileRequest): Promise<Response> {
  if (!isFound(outcome)) return toResponse(outcome);
  const content = contentOf(view, outcome);
  if (content === undefined) return toResponse(redirectTo(view, outcome, request.method));
  return serveFile(view, content, outcome, request);
}

/** Answers a request that came to a typed route. @param decide what the rules say, seen with the client's eyes */
export type Answering = (request: Request, decide: (view: View) => Outcome | Promise<Outcome>) => Promise<Response>;

export function createAnswering(contexts: Contexts): Answering {
  return async (request, decide) => {
    const { view, method } = contexts.of(request);
    return await deliver(view, await decide(view), { method, header: (name) => request.headers.get(name) });
  };
}
