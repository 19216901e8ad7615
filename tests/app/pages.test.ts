/** The pages for browsers, asked over the network: what they show, and to whom. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { count, texts } from "../harness/markup.ts";
import { ALICE, basic } from "../harness/passwords.ts";
import { leftovers } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import { descriptorOf, digest, OCI, v5, v6 } from "../harness/redirect-files.ts";
import { AMD64_DIGEST, NEWEST_DIGEST, PAGE_SAMPLES } from "./page-samples.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

setDefaultTimeout(60_000);

const putAway = leftovers();

async function serve(files: Readonly<Record<string, unknown>>, ...args: readonly string[]): Promise<Craned> {
  const data = scratch(files);
  putAway(data.remove);
  const craned = await serveDirectory(data.path, { args: ["--management-listen", "off", ...args] });
  putAway(craned.stop);
  return craned;
}

async function open({ port }: Craned, path: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await ask(port, path, { headers: { Accept: BROWSER, ...headers } });
  return { ...answer, markup: Buffer.from(answer.body, "latin1").toString("utf8") };
}

const tagsShown = (markup: string) => texts(markup, ".tag .title");
const commandsShown = (markup: string) => texts(markup, ".commands code");

describe("the pages", () => {
  let craned: Craned;
  beforeAll(async () => {
    craned = await serve(PAGE_SAMPLES);
  });

  test.each([
    [BROWSER, 200],
    ["text/html", 200],
    ["*/*", 404],
    ["application/json", 404],
    ["text/html;q=0", 404],
  ])("the front page is for browsers: Accept %p is answered %p", async (accept, status) => {
    const answer = await ask(craned.port, "/", { headers: { Accept: accept } });
    expect([answer.status, answer.headers.get("vary")]).toEqual([status, "Accept, Authorization"]);
    expect(answer.headers.get("content-type")).toStartWith(status === 200 ? "text/html" : "text/plain");
  });

  test.each([
    ["/", ["charts/app", "models/eyes", "team/app", "team/blind", "team/both", "team/listed", "team/old"]],
    ["/?q=EAM%2Fo", ["team/old"]],
    ["/?q=pulp+published", ["team/listed"]],
    ["/?q=secret", []],
    ["/?q=hush", []],
    ["/?in=team", ["team/app", "team/blind", "team/both", "team/listed", "team/old"]],
    ["/?in=team/&q=publ", ["team/listed"]],
    ["/?in=te", []],
    ["/?in=secret", []],
  ])("%s lists the repositories that fit and that everyone may see", async (path, names) => {
    const { markup } = await open(craned, path);
    expect(await texts(markup, ".repository .title a")).toEqual([...names]);
    expect(markup).not.toContain("secret/plans");
  });

  test("the front page tells of each repository what its file knows", async () => {
    const { markup } = await open(craned, "/");
    const facets = Object.fromEntries(
      (await texts(markup, ".repository .title a")).map((name, at) => [name, at] as const),
    );
    const shown = await texts(markup, ".repository .facets");
    const of = (name: string) => shown[facets[name] ?? -1];
    expect(of("team/app")).toBe("Imageamd64arm645 tagsupdated Mar 1, 2026");
    expect(of("charts/app")).toBe("Helm chart1 tag");
    expect(of("models/eyes")).toBe("Artifact1 tag");
    expect(of("team/listed")).toBe("2 tags");
    expect(of("team/blind")).toBe("1 tag or more");
    expect(of("team/old")).toBe("API v1 only1 tag");
    expect(await texts(markup, ".repository p")).toContain(`The app of <b>everybody</b>: "safe" & sound.`);
  });

  test.each([
    ["/", ["charts/ 1", "models/ 1", "team/ 5"]],
    ["/?q=app", ["charts/ 1", "team/ 1"]],
    ["/?in=team", []],
  ])("%s links to the namespaces of what it lists", async (path, namespaces) => {
    expect(await texts((await open(craned, path)).markup, ".spaces li")).toEqual(namespaces);
  });

  test.each([
    ["/?in=team", ["Repositories", "team"]],
    ["/r/team/app", ["Repositories", "team", "app"]],
    ["/r/team/app:latest", ["Repositories", "team", "app", "latest"]],
  ])("%s links to the pages above it", async (path, steps) => {
    expect(await texts((await open(craned, path)).markup, ".trail li")).toEqual(steps);
  });

  const SIGNATURE = `${NEWEST_DIGEST.replace(":", "-").slice(0, 19)}….sig`;
  test.each([
    ["", ["latest", "1.9.0", "1.10.0", "2.0.0-rc1", SIGNATURE]],
    ["?order=version", ["latest", "2.0.0-rc1", "1.10.0", "1.9.0", SIGNATURE]],
    ["?order=name", ["1.10.0", "1.9.0", "2.0.0-rc1", "latest", SIGNATURE]],
    ["?order=nonsense", ["latest", "1.9.0", "1.10.0", "2.0.0-rc1", SIGNATURE]],
    ["?q=1.&order=version", ["1.10.0", "1.9.0"]],
    ["?q=LATE", ["latest"]],
  ])("a repository's tags: %s", async (query, tags) => {
    expect(await tagsShown((await open(craned, `/r/team/app${query}`)).markup)).toEqual(tags);
  });

  test.each([
    ["team/listed", "version 5", ["latest", "1.0"]],
    ["team/blind", "may leave out tags", ["1.0"]],
    ["team/old", "API v1 only", ["latest"]],
    ["team/both", "version 5", ["new", "old"]],
  ])("%s says what it does not know", async (name, note, tags) => {
    const { markup, status } = await open(craned, `/r/${name}`);
    expect(status).toBe(200);
    expect((await texts(markup, ".note")).join()).toContain(note);
    expect((await tagsShown(markup)).toSorted()).toEqual(tags.toSorted());
  });

  test("a tag's page has its platforms, annotations and referrers", async () => {
    const { markup } = await open(craned, "/r/team/app:latest");
    expect(await texts(markup, "#platform-table tbody th")).toEqual(["linux/amd64", "linux/arm64", "attestation"]);
    expect(await texts(markup, ".facts .mono")).toEqual([expect.stringContaining(NEWEST_DIGEST)]);
    expect(await texts(markup, ".pairs a")).toEqual([
      "https://github.com/example/app",
      "0123456789abcdef0123456789abcdef01234567",
    ]);
    expect(markup).toContain(
      'href="https://github.com/example/app/commit/0123456789abcdef0123456789abcdef01234567" rel="noreferrer nofollow"',
    );
    expect(await texts(markup, ".pairs dd")).toContain("javascript:alert(1)");
    expect(await texts(markup, ".pairs dd")).toContain("<script>alert(2)</script>");
    expect((await texts(markup, "#referrer-table tbody th")).map((text) => text.replace("SPDX", "SPDX: "))).toEqual([
      "SBOM, SPDX: application/spdx+json",
      "cosign signatureby its tag",
    ]);
    expect(await texts(markup, "#resolution-table tbody td")).toEqual([
      `OCI index ${NEWEST_DIGEST.slice(7, 19)}`,
      "the best of the tag's types that the client accepts",
      "MANIFEST_UNKNOWN",
      "the tag is there, but in no type that the client accepts",
      "MANIFEST_UNKNOWN",
      "the tag is there, but in no type that the client accepts",
    ]);
  });

  test("a digest's page has its layers and its configuration", async () => {
    const { markup } = await open(craned, `/r/team/app@${AMD64_DIGEST}`);
    expect(await texts(markup, "#layer-table .step")).toEqual(["COPY app /app", "ENTRYPOINT /app"]);
    expect(await texts(markup, "#layer-table .number")).toEqual(["Number", "Size", "1", "3.4 MB"]);
    expect(await texts(markup, ".pairs dd")).toEqual(['/app --greeting "hello there"', "nobody", "MODE=production"]);
  });

  test("a redirect is explained where there is one", async () => {
    const { markup } = await open(craned, "/r/team/listed:1.0");
    expect((await texts(markup, "#resolution-table tbody td"))[0]).toBe(
      "redirect to http://cdn.test/team/listed/manifests/2/1.0",
    );
  });

  const HOST = { Host: "registry.example.com" };
  test.each([
    [
      "/r/team/app:latest",
      [
        "docker pull registry.example.com/team/app:latest",
        "podman pull registry.example.com/team/app:latest",
        "skopeo copy docker://registry.example.com/team/app:latest oci:app",
        "nerdctl pull registry.example.com/team/app:latest",
        "ctr images pull registry.example.com/team/app:latest",
        `docker pull registry.example.com/team/app@${NEWEST_DIGEST}`,
      ],
    ],
    [
      "/r/charts/app:0.1.0_5",
      [
        "helm pull oci://registry.example.com/charts/app --version 0.1.0+5",
        "helm install app oci://registry.example.com/charts/app --version 0.1.0+5",
        "oras pull registry.example.com/charts/app:0.1.0_5",
      ],
    ],
    ["/r/models/eyes:v1", ["oras pull registry.example.com/models/eyes:v1"]],
    ["/r/team/old:latest", ["docker pull registry.example.com/team/old:latest"]],
  ])("%s has the commands of its kind", async (path, commands) => {
    const shown = await commandsShown((await open(craned, path, HOST)).markup);
    expect(shown.slice(0, commands.length)).toEqual(commands);
  });

  test("commands for the loopback say that it speaks plain HTTP, and a Host that is none is not repeated", async () => {
    const { markup } = await open(craned, "/r/team/app:latest");
    expect(await commandsShown(markup)).toContain(
      `podman pull --tls-verify=false 127.0.0.1:${craned.port}/team/app:latest`,
    );
    const odd = await open(craned, "/r/team/app:latest", { Host: "a;rm" });
    expect(odd.markup).not.toContain("a;rm");
  });

  test.each([
    "/r/no/such",
    "/r/secret/plans",
    "/r/secret/plans:1.0",
    "/r/team/app:none",
    `/r/team/app@${digest("9")}`,
    `/r/team/app:${AMD64_DIGEST}`,
    "/r/team/app@latest",
    "/r/team/listed:none",
    "/r/",
    "/r/team/app:",
  ])("%s is not found", async (path) => {
    expect((await open(craned, path)).status).toBe(404);
  });

  test("a hidden repository's page is that of an unknown one", async () => {
    const [hidden, unknown] = [await open(craned, "/r/secret/plans"), await open(craned, "/r/secret/plots")];
    expect(hidden.body).toBe(unknown.body);
  });

  test("%3A is a colon, and nothing else is decoded", async () => {
    expect((await open(craned, "/r/team/app%3Alatest")).status).toBe(200);
    expect((await open(craned, "/r/team%2Fapp")).status).toBe(404);
  });

  test("a browser may run what the page brings itself, and nothing else", async () => {
    for (const path of ["/", "/r/team/app", "/r/team/app:latest", "/r/no/such"]) {
      const { headers, markup } = await open(craned, path);
      const hash = (text = "") => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toContain(`script-src ${hash(/<script>([\s\S]*?)<\/script>/.exec(markup)?.[1])};`);
      expect(policy).toContain(`style-src ${hash(/<style>([\s\S]*?)<\/style>/.exec(markup)?.[1])};`);
      expect(policy).toStartWith("default-src 'none'; ");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect([await count(markup, "script"), await count(markup, "b")]).toEqual([1, 0]);
      expect(markup).not.toMatch(/\s(?:on\w+|style)=/);
    }
  });
});

describe("when an image was made", () => {
  const CONFIG = "application/vnd.oci.image.config.v1+json";
  const made = (config: string, annotations: object = {}) => {
    const embedded = descriptorOf(CONFIG, config);
    const { data: _, ...link } = embedded;
    return { embedded, manifest: descriptorOf(OCI, { schemaVersion: 2, config: link, layers: [], annotations }) };
  };
  test.each<[string, string, object, string[]]>([
    ["a config", `{"created":"2026-03-01T10:00:00.123456789Z"}`, {}, ["Mar 1, 2026"]],
    ["blanks", `{\n  "os" : "x",\n  "created" :  "2026-03-01T10:00:00+02:00"\n}`, {}, ["Mar 1, 2026"]],
    ["a label of that name", `{"a":[{"created":"2001-01-01"}],"created":"2026-03-01T10:00:00Z"}`, {}, ["Mar 1, 2026"]],
    ["texts like it", `{"a":"{\\"","b":"\\"created","c":"created","created":"2026-03-01"}`, {}, ["Mar 1, 2026"]],
    [
      "an annotation",
      `{"created":"2026-03-01"}`,
      { "org.opencontainers.image.created": "2026-04-01" },
      ["Apr 1, 2026"],
    ],
    ["the history only", `{"history":[{"created":"2026-03-01"}]}`, {}, []],
    ["a reproducible build", `{"created":"1970-01-01T00:00:00Z"}`, {}, []],
    ["no date", `{"created":null}`, {}, []],
    ["no JSON", `{"created":`, {}, []],
    ["half a text", `{"created":"2026-03-01`, {}, []],
  ])("%s", async (_, config, annotations, dates) => {
    const { embedded, manifest } = made(config, annotations);
    const file = v6("app", { manifests: [manifest], configs: [embedded], tags: { v1: manifest.digest } });
    const { markup } = await open(await serve({ "app.json": file }), "/r/app:v1");
    expect(await texts(markup, ".facts time")).toEqual(dates);
  });
});

test("where all see the same, a page that has not changed is not sent again", async () => {
  const craned = await serve({ "chart.json": PAGE_SAMPLES["chart.json"] });
  const { headers } = await open(craned, "/");
  expect([headers.get("cache-control"), headers.get("vary")]).toEqual(["no-cache", "Accept"]);
  const again = await open(craned, "/", { "If-None-Match": headers.get("etag") ?? "" });
  expect([again.status, again.body]).toEqual([304, ""]);
});

/** Follows all links of the same server from `/` on. @returns the status of each address */
async function crawl(craned: Craned): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>();
  const waiting = ["/"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    const { status, markup } = await open(craned, path);
    seen.set(path, status);
    for (const [, href = ""] of markup.matchAll(/<a [^>]*href="([^"#]+)"/g)) {
      const url = new URL(href.replaceAll("&amp;", "&"), `${craned.origin}${path}`);
      if (url.origin === craned.origin) waiting.push(url.pathname + url.search);
    }
  }
  return seen;
}

test("every link leads somewhere, and no name is encoded in it", async () => {
  const seen = await crawl(await serve(PAGE_SAMPLES));
  expect([...seen].filter(([, status]) => status !== 200)).toEqual([]);
  expect([...seen.keys()].filter((path) => /%|crane/.test(path))).toEqual([]);
  expect([...seen.keys()]).toEqual(expect.arrayContaining(["/docs", "/r/team/app", `/r/team/app@${AMD64_DIGEST}`]));
});

test("management is linked up where it is on the same port", async () => {
  const seen = await crawl(await serve(PAGE_SAMPLES, "--management-on-registry-port", "yes"));
  expect([...seen].filter(([, status]) => status !== 200)).toEqual([]);
  expect([...seen.keys()]).toContain("/crane/repositories");
  const alone = await serve(PAGE_SAMPLES, "--management-on-registry-port", "yes", "--pages-enabled", "no");
  const { markup } = await open(alone, "/crane/repositories");
  expect(await texts(markup, ".bar nav a")).toEqual(["All repositories", "API v1", "API v2", "Metrics", "API"]);
  expect(await count((await open(alone, "/docs")).markup, 'a[href="./"]')).toBe(0);
});

test("title and notice are the operator's", async () => {
  const craned = await serve({}, "--pages-title", "Our <images>", "--pages-notice", "Down on Sunday");
  const { markup } = await open(craned, "/");
  expect(await texts(markup, "title, .brand, .notice")).toEqual(["Our <images>", "Our <images>", "Down on Sunday"]);
  expect(await texts(markup, "#status")).toEqual(["There are no repositories."]);
});

test("the pages can be turned off", async () => {
  const craned = await serve(PAGE_SAMPLES, "--pages-enabled", "no");
  expect((await open(craned, "/")).status).toBe(404);
  expect((await open(craned, "/r/team/app")).status).toBe(404);
});

test("where a password is asked for there are none by default; turned on, they ask for it and are private", async () => {
  const users = scratch({ htpasswd: `${ALICE}\n` });
  putAway(users.remove);
  const htpasswd = ["--auth-htpasswd", `${users.path}/htpasswd`];
  expect((await open(await serve(PAGE_SAMPLES, ...htpasswd), "/")).status).toBe(404);
  const craned = await serve(PAGE_SAMPLES, ...htpasswd, "--pages-enabled", "yes");
  for (const path of ["/", "/r/team/app", "/r/no/such"]) {
    const stranger = await open(craned, path);
    expect([stranger.status, stranger.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="craned"']);
  }
  const { status, headers } = await open(craned, "/", { Authorization: basic("alice", "secret") });
  expect([status, headers.get("cache-control"), headers.get("vary")]).toEqual([
    200,
    "private, no-store",
    "Accept, Authorization",
  ]);
});

test("thousands of tags and repositories come in pages of less than 200 KB", async () => {
  const tags = Array.from({ length: 5000 }, (_, at) => `${Math.floor(at / 100)}.${at % 100}`);
  const named = (name: string, more: object) => v5(name, { description: "d".repeat(10_000), ...more });
  const others = Array.from({ length: 120 }, (_, at) => [`${at}.json`, named(`app-${at}`, { schema2_data: [] })]);
  const craned = await serve({ ...Object.fromEntries(others), "tags.json": named("tags", { schema2_data: tags }) });
  const first = await open(craned, "/r/tags");
  expect(await texts(first.markup, "#status")).toEqual(["1 to 50 of 5,000 tags"]);
  expect((await tagsShown(first.markup)).slice(0, 2)).toEqual(["49.99", "49.98"]);
  const last = await open(craned, "/r/tags?page=100");
  expect((await tagsShown(last.markup)).at(-1)).toBe("0.0");
  const front = await open(craned, "/");
  expect(await count(front.markup, ".repository")).toBe(50);
  for (const { body } of [first, last, front]) expect(body.length).toBeLessThan(200_000);
});
