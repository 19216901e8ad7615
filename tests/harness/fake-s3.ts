/** An S3 server that does whatever a test wants, at the moment that it wants. It lists and gives objects, no more. */

/** What was asked for. */
export interface Asked {
  /** Undefined for a list. */
  readonly key: string | undefined;
  /** Of a list: undefined for its first page. */
  readonly token: string | undefined;
  readonly headers: Headers;
}

/** Undefined for the usual one. */
export type Answer = Response | undefined;

export interface FakeS3 {
  readonly origin: string;
  /** What a reader needs to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Key → content. */
  readonly objects: Map<string, string>;
  /** All that was asked for so far. */
  readonly asked: Asked[];
  /** Objects on a page. */
  pageSize: number;
  /** Whether keys are escaped for whoever asks for it. */
  escapes: boolean;
  /** How a list writes an ETag. */
  listsEtag: (etag: string) => string;
  /** Answers instead, while it returns something. */
  instead: (asked: Asked) => Answer | Promise<Answer>;
  /** What it would answer to a list from the start. */
  list(): Response;
  /** Nobody listens any more; on the same port again after `start`. */
  away(): Promise<void>;
  start(): void;
}

export const BUCKET = "metadata";

/** A request that is never answered. */
export const hanging = (): Promise<Response> => new Promise(() => {});

/** An answer that begins and does not end. */
export const slowly = (): Response =>
  new Response(new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode("<ListBucketResult>")) }));

export const etagOf = (content: string): string => `"${Bun.hash(content).toString(16)}"`;

const escapeXml = (text: string): string => text.replace(/[&<>"\n]/g, (char) => `&#${char.charCodeAt(0)};`);
const escapeUrl = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+").replaceAll("%2F", "/");

const failure = (status: number, code: string): Response =>
  new Response(`<Error><Code>${code}</Code><Message>${code}.</Message></Error>`, { status });

export function startFakeS3(): FakeS3 {
  let port = 0;
  let server: Bun.Server<undefined> | undefined;

  function listFor(query: URLSearchParams): Response {
    const prefix = query.get("prefix") ?? "";
    const keys = [...fake.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const from = Number(query.get("continuation-token") ?? 0);
    const to = from + fake.pageSize;
    const isEscaped = fake.escapes && query.get("encoding-type") === "url";
    const contents = keys.slice(from, to).map((key) => {
      const content = fake.objects.get(key) ?? "";
      const name = isEscaped ? escapeUrl(key) : escapeXml(key);
      const etag = escapeXml(fake.listsEtag(etagOf(content)));
      return `<Contents><Key>${name}</Key><ETag>${etag}</ETag><Size>${Buffer.byteLength(content)}</Size></Contents>`;
    });
    const more = to < keys.length;
    const head = `<IsTruncated>${more}</IsTruncated>${isEscaped ? "<EncodingType>url</EncodingType>" : ""}`;
    const next = more ? `<NextContinuationToken>${to}</NextContinuationToken>` : "";
    return new Response(
      `<?xml version="1.0"?>\n<ListBucketResult xmlns="urn:s3">${head}${next}${contents.join("")}</ListBucketResult>`,
    );
  }

  function get(key: string, headers: Headers): Response {
    const content = fake.objects.get(key);
    if (content === undefined) return failure(404, "NoSuchKey");
    const etag = etagOf(content);
    if ((headers.get("if-match") ?? etag) !== etag) return failure(412, "PreconditionFailed");
    return new Response(content, { headers: { etag } });
  }

  const fake: FakeS3 = {
    get origin() {
      return `http://127.0.0.1:${port}`;
    },
    get environment() {
      return { AWS_ENDPOINT_URL: fake.origin };
    },
    objects: new Map(),
    asked: [],
    pageSize: 1000,
    escapes: true,
    listsEtag: (etag) => etag,
    instead: () => undefined,
    list: () => listFor(new URLSearchParams({ prefix: "v2/" })),
    async away() {
      await server?.stop(true);
    },
    start() {
      server = Bun.serve({
        hostname: "127.0.0.1",
        port,
        idleTimeout: 0,
        async fetch({ url, headers }) {
          const { pathname, searchParams } = new URL(url);
          const path = decodeURIComponent(pathname.slice(`/${BUCKET}/`.length));
          const key = path === "" ? undefined : path;
          const asked = { key, token: searchParams.get("continuation-token") ?? undefined, headers };
          fake.asked.push(asked);
          return (await fake.instead(asked)) ?? (key === undefined ? listFor(searchParams) : get(key, headers));
        },
      });
      port = server.port ?? 0;
    },
  };
  fake.start();
  return fake;
}
