/** The headers of answers. */
import type { Header } from "../openapi/operation.ts";
import { V1_HEADERS, V2_HEADER } from "../errors.ts";
import { REQUEST_ID } from "../request-ids.ts";

type Headers = Readonly<Record<string, Header>>;

const always = (description: string, schema: Header["schema"]): Header => ({ description, required: true, schema });
const sometimes = (description: string, schema: Header["schema"]): Header => ({ description, schema });

const TEXT = { type: "string" } as const;

/** What every answer says, where clients are told. */
export const OF_ALL: Headers = {
  [REQUEST_ID]: always("The id of the request, which the log has, too.", {
    type: "string",
    pattern: "^[\\w.:@+/=-]{1,128}$",
  }),
};

/** What every v2 answer says. */
export const OF_V2: Headers = {
  [V2_HEADER[0]]: always("That this is a v2 registry.", { const: V2_HEADER[1] }),
};

const [VERSION, CONFIG] = V1_HEADERS;

/** What every v1 answer says. */
export const OF_V1: Headers = {
  [VERSION[0]]: always("The version of the v1 API that docker looks for.", { const: VERSION[1] }),
  [CONFIG[0]]: always("What docker's own registry calls its configuration.", { const: CONFIG[1] }),
};

export const STANDALONE: Headers = {
  "X-Docker-Registry-Standalone": always("That no index is beside this registry.", { const: "True" }),
};

export const ENDPOINTS: Headers = {
  "X-Docker-Endpoints": always("The host that has the images: as configured, or the one that was asked.", TEXT),
};

export const LOCATION: Headers = {
  Location: always("Where the file is.", { type: "string", format: "uri" }),
};

export const NEXT_PAGE: Headers = {
  Link: sometimes('The next page, as `<…>; rel="next"` (RFC 8288); absent on the last one.', {
    type: "string",
    pattern: '^<[^>]+>; rel="next"$',
  }),
};

export const FILTERS: Headers = {
  "OCI-Filters-Applied": sometimes("That the list was filtered, when it was.", { const: "artifactType" }),
};

export const ALLOW: Headers = {
  Allow: always("The methods that there are.", { type: "string", pattern: "^[A-Z]+(?:, [A-Z]+)*$" }),
};

export const CHALLENGE: Headers = {
  "WWW-Authenticate": always("How to say who one is.", { type: "string", pattern: "^(?:Basic|Bearer) realm=" }),
};

export const RETRY_AFTER: Headers = {
  "Retry-After": always("Seconds until it is worth another try.", { type: "integer", minimum: 1, maximum: 60 }),
};

export const MAYBE_RETRY_AFTER: Headers = {
  "Retry-After": sometimes("Seconds until it is worth another try.", { type: "integer", minimum: 1, maximum: 60 }),
};

/** What tells one state of a file from another. */
export const STATE: Headers = {
  "Accept-Ranges": always("That parts can be asked for.", { const: "bytes" }),
  ETag: always("The digest of the bytes where it is known.", { type: "string", pattern: '^"[^"]+"$' }),
  "Last-Modified": always("When the file last changed.", TEXT),
};

export const CACHE_CONTROL: Headers = {
  "Cache-Control": always("How long it is fresh; what is named after its digest never changes.", TEXT),
};

export const CONTENT_DIGEST: Headers = {
  "Docker-Content-Digest": sometimes("The digest that clients know the file by.", {
    type: "string",
    pattern: "^[a-z0-9+._-]+:[A-Za-z0-9=_-]+$",
  }),
};

export const VARY_ACCEPT: Headers = {
  Vary: always("Which manifest it is depends on what the client accepts.", { const: "Accept" }),
};

export const CONTENT_RANGE: Headers = {
  "Content-Range": always("Which bytes these are, and how many there are.", {
    type: "string",
    pattern: "^bytes (?:\\d+-\\d+|\\*)/\\d+$",
  }),
};

/** Of pages for a browser. */
export const OF_PAGES: Headers = {
  "Content-Security-Policy": always("That the page may ask nobody but this server.", TEXT),
  "X-Content-Type-Options": always("That the media type is meant.", { const: "nosniff" }),
  "Referrer-Policy": always("That no other host learns of this one.", { const: "no-referrer" }),
};
