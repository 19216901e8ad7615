/** What answers have in common, by API and by how the registry is run. */
import type { Deployment } from "../openapi/deployment.ts";
import type { Answered, Answers, Media, Parameter, Reference } from "../openapi/operation.ts";
import { failure, v1Failure, v2Failure } from "./failures.ts";
import { FILE_PARAMETERS } from "./grammar.ts";
import { CACHE_CONTROL, CONTENT_DIGEST, CONTENT_RANGE, LOCATION, OF_V1, OF_V2, STATE, VARY_ACCEPT } from "./headers.ts";

type Api = "v1" | "v2";

/** What any request may be answered, whatever it is for. */
export function commonAnswers(api: Api | undefined, { credentials }: Deployment): Answers {
  const prefix = api?.toUpperCase() ?? "";
  const isGuarded = api !== undefined && credentials.kind !== "none";
  return {
    400: failure(`${prefix}BadRequest`),
    ...(isGuarded && { 401: failure(`${prefix}Unauthorized`) }),
    414: failure(`${prefix}TargetTooLong`),
    // Only passwords take so long to check that they queue.
    ...(isGuarded && credentials.kind === "basic" && { 429: failure(`${prefix}TooManyRequests`) }),
    431: failure(`${prefix}HeadTooLong`),
    500: failure(`${prefix}Fault`),
    ...(api !== undefined && { 503: failure(`${prefix}NoRoom`) }),
  };
}

/** A good answer in JSON. */
export const jsonAnswer = (description: string, media: Media, headers: Answered["headers"] = {}): Answered => ({
  description,
  headers,
  content: { "application/json": media },
});

/** A file that a route leads to. */
interface FileRoute {
  readonly api: Api;
  readonly deployment: Deployment;
  readonly what: string;
  /** The media types that it may have. */
  readonly types: readonly string[];
  readonly isManifest?: boolean;
}

const apiHeaders = (api: Api): Answered["headers"] => (api === "v2" ? OF_V2 : OF_V1);

const contentOf = (types: readonly string[]): Readonly<Record<string, Media>> =>
  Object.fromEntries(types.map((type) => [type, {}]));

const CHANGED = "The file is not, or no longer, what the client's conditions ask for.";

const refusal = (api: Api, status: 412 | 416, headers: Answered["headers"]): Answered => {
  if (api === "v1") {
    return status === 412
      ? v1Failure(CHANGED, "Precondition Failed", headers)
      : v1Failure("The file has no such part.", "Range Not Satisfiable", headers);
  }
  return v2Failure(status === 412 ? [["UNSUPPORTED", CHANGED]] : ["RANGE_INVALID"], headers);
};

/** How the file gets to the client: by a redirect or from here. */
export function fileAnswers({ api, deployment, what, types, isManifest = false }: FileRoute): Answers {
  const sender = deployment.files[api];
  const ours = apiHeaders(api);
  if (sender === "elsewhere") {
    return { 302: { description: `Where ${what} is.`, headers: { ...ours, ...LOCATION } } };
  }
  const about = {
    ...ours,
    ...CACHE_CONTROL,
    ...(api === "v2" && CONTENT_DIGEST),
    ...(isManifest && VARY_ACCEPT),
  };
  const content = contentOf(types);
  const whole = `The bytes of ${what}.`;
  if (sender === "in front") return { 200: { description: whole, headers: about, content } };
  const headers = { ...about, ...STATE };
  return {
    200: { description: whole, headers, content },
    206: { description: "The part that was asked for.", headers: { ...headers, ...CONTENT_RANGE }, content },
    304: { description: "The client has it already.", headers },
    412: refusal(api, 412, STATE),
    416: refusal(api, 416, { ...STATE, ...CONTENT_RANGE }),
  };
}

/** What a client may say about a file, if it comes from here. */
export const fileParameters = (api: Api, { files }: Deployment): readonly (Parameter | Reference)[] =>
  files[api] === "here" ? FILE_PARAMETERS : [];
