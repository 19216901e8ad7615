import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runCraned, scratch } from "../../harness/craned.ts";
import { leftovers, type Ran } from "../../harness/programs.ts";
import { digest, sha256 } from "../../harness/redirect-files.ts";
import { type Descriptor, layoutAt, publishArguments, type Site, siteAt } from "../layouts.ts";
import {
  type Answer,
  breakingHost,
  endingEarly,
  type FakeRegistry,
  refusal,
  type Seen,
  serveLayout,
  untilWritten,
} from "./fake-registry.ts";

setDefaultTimeout(60_000);

const work = scratch();
afterAll(work.remove);
const afterwards = leftovers();

const layout = layoutAt(join(work.path, "layout"));
const noise = Buffer.concat(Array.from({ length: 4096 }, (_, at) => Buffer.from(sha256(String(at)))));
const config = layout.blob("application/vnd.oci.image.config.v1+json", "{}");
const layer: Descriptor = layout.blob("application/vnd.oci.image.layer.v1.tar", noise);
const image = layout.manifest("oci", { config, layers: [layer] });
layout.finish([["1.0", image]]);
const LAYER = `blobs/${layer.digest}`;

let sites = 0;
const newSite = (): Site & { readonly directory: string } => {
  const directory = join(work.path, `site-${sites++}`);
  return { ...siteAt(directory), directory };
};

const whole = newSite();
await whole.published(layout.path);
const TREE = whole.tree();

function serve(answer?: Answer): FakeRegistry {
  const registry = serveLayout(layout.path, answer);
  afterwards(registry.stop);
  return registry;
}

/** Publishes all that the registry has, and says what came of it. */
async function publishFrom(source: string, ...more: readonly string[]): Promise<Ran & { readonly site: Site }> {
  const site = newSite();
  return { ...(await site.publish(source, ...more)), site };
}

async function succeeds(registry: FakeRegistry, ...more: readonly string[]): Promise<void> {
  const { code, err, site } = await publishFrom(registry.address, ...more);
  expect(code === 0 ? "" : err).toBe("");
  expect(site.tree()).toEqual(TREE);
}

/** @returns what is said of it */
async function fails(source: string, ...more: readonly string[]): Promise<string> {
  const { code, err, site } = await publishFrom(source, ...more);
  expect(code).toBe(1);
  expect(existsSync(join(site.metadata, "v2"))).toBe(false);
  return err.trim().split("\n").at(-1) ?? "";
}

/** Gives an answer so many times, and then no more. */
function first(times: number, path: string, answer: (seen: Seen) => Response): Answer {
  let left = times;
  return (seen) => (seen.path === path && left-- > 0 ? answer(seen) : undefined);
}

describe("a busy registry", () => {
  const busy = (status: number, retryAfter: string) => () =>
    refusal(status, "TOOMANYREQUESTS", "slow down", { "retry-after": retryAfter });

  test.each([
    ["tags/list", 429],
    ["manifests/1.0", 503],
    [LAYER, 429],
    [LAYER, 502],
  ])("is asked again for %s after a %i", async (path, status) => {
    const registry = serve(first(3, path, busy(status, "0")));
    await succeeds(registry);
    expect(registry.paths().filter((each) => each === path)).toHaveLength(4);
  });

  test("may say when by a date", async () => {
    await succeeds(serve(first(1, LAYER, busy(429, "Sun, 06 Nov 1994 08:49:37 GMT"))));
  });

  test.each(["tags/list", "manifests/1.0", LAYER])("is not asked for %s for ever", async (path) => {
    const registry = serve(first(99, path, busy(429, "0")));
    expect(await fails(registry.address)).toMatch(/^error: docker:.*: 429 TOOMANYREQUESTS: slow down$/);
    expect(registry.paths().filter((each) => each === path)).toHaveLength(5);
  });

  test("that asks to wait for an hour is not waited for", async () => {
    const registry = serve(first(1, "manifests/1.0", busy(429, "3600")));
    expect(await fails(registry.address)).toBe(
      `error: ${registry.address}:1.0: 429 TOOMANYREQUESTS: slow down; the registry asks to try again in 3600 s`,
    );
  });
});

describe("a transfer that breaks off", () => {
  /** What has been written of the layer so far. */
  const partialIn = (site: Site) => join(site.content, "team-app/.craned/partial", LAYER.replaceAll("/", "_"));
  const PART = 100_000;

  /** Publishes from a registry that is told where to. */
  async function publishTo(answerFor: (site: Site) => Answer) {
    const site = newSite();
    const registry = serve(answerFor(site));
    const { code, err } = await site.publish(registry.address);
    const ranges = registry.seen.filter(({ path }) => path === LAYER).map(({ header }) => header("range"));
    return { site, code, err, ranges };
  }

  test("goes on where it stopped", async () => {
    const { site, err, ranges } = await publishTo((to) => {
      const host = breakingHost(noise.subarray(0, PART), noise.length, () => untilWritten(partialIn(to), PART));
      afterwards(host.stop);
      return first(1, LAYER, () => new Response("", { status: 307, headers: { location: host.origin } }));
    });
    expect(site.tree(), err).toEqual(TREE);
    expect(ranges).toEqual([null, `bytes=${PART}-`]);
  });

  test("goes on as often as it gets further", async () => {
    const step = 30_000;
    const { site, err, ranges } = await publishTo((to) => ({ path, header }) => {
      const from = Number(/\d+/.exec(header("range") ?? "")?.[0] ?? 0);
      const end = from + step;
      if (path !== LAYER || end >= noise.length) return undefined;
      const headers = { "content-range": `bytes ${from}-${noise.length - 1}/${noise.length}` };
      const init = from === 0 ? {} : { status: 206, headers };
      return endingEarly(noise.subarray(from, end), () => untilWritten(partialIn(to), end), init);
    });
    expect(site.tree(), err).toEqual(TREE);
    expect(ranges.slice(1)).toEqual(Array.from({ length: ranges.length - 1 }, (_, at) => `bytes=${(at + 1) * step}-`));
    expect(ranges).toHaveLength(Math.ceil(noise.length / step));
  });

  test("begins anew with a registry that sends all again", async () => {
    let times = 0;
    const { site, err } = await publishTo((to) => ({ path }) => {
      if (path !== LAYER) return undefined;
      const size = PART * ++times;
      return times < 3
        ? endingEarly(noise.subarray(0, size), () => untilWritten(partialIn(to), size))
        : new Response(noise);
    });
    expect(site.tree(), err).toEqual(TREE);
  });

  test("begins anew with a registry that refuses to go on", async () => {
    let times = 0;
    const { site, err, ranges } = await publishTo((to) => ({ path, header }) => {
      if (path !== LAYER) return undefined;
      if (header("range") !== null) return new Response("", { status: 416 });
      return times++ > 0 ? undefined : endingEarly(noise.subarray(0, PART), () => untilWritten(partialIn(to), PART));
    });
    expect(site.tree(), err).toEqual(TREE);
    expect(ranges).toEqual([null, `bytes=${PART}-`, null]);
  });

  test("is refused when another part comes than was asked for", async () => {
    let times = 0;
    const { err } = await publishTo((to) => ({ path }) => {
      if (path !== LAYER) return undefined;
      if (times++ === 0) return endingEarly(noise.subarray(0, PART), () => untilWritten(partialIn(to), PART));
      return new Response(noise.subarray(99_999), { status: 206, headers: { "content-range": "bytes 99999-1/*" } });
    });
    expect(err.trim()).toEndWith("asked for the bytes from 100000 on, received bytes 99999-1/*");
  });

  test("is verified over the whole", async () => {
    let times = 0;
    const wrong = Buffer.from(noise.subarray(0, PART)).fill("x", 0, 1);
    const { site, code, err } = await publishTo((to) => ({ path }) => {
      if (path !== LAYER || times++ > 0) return undefined;
      return endingEarly(wrong, () => untilWritten(partialIn(to), PART));
    });
    expect(code).toBe(1);
    expect(err).toContain(`digest mismatch: expected ${layer.digest}, received sha256:`);
    expect(Object.keys(site.tree())).not.toContain(LAYER);
  });

  test("is not asked for again when the registry has fewer bytes", async () => {
    const registry = serve(({ path }) => (path === LAYER ? new Response("cut off") : undefined));
    const { code, err } = await publishFrom(registry.address);
    expect([code, err]).toEqual([1, expect.stringContaining(`size: expected ${noise.length} bytes, received 7 bytes`)]);
    expect(registry.paths().filter((path) => path === LAYER)).toHaveLength(1);
  });

  test("is given up when nothing more ever comes", async () => {
    const registry = serve(({ path, header }) =>
      path === LAYER && header("range") === null ? refusal(503, "UNAVAILABLE", "", { "retry-after": "0" }) : undefined,
    );
    expect(await fails(registry.address)).toBe(
      `error: ${registry.address}: the blob ${layer.digest}: 0 of ${noise.length} bytes: 503 UNAVAILABLE`,
    );
  });

  test("reads manifests again from their beginning", async () => {
    const bytes = readFileSync(layout.fileOf(image)).subarray(0, 10);
    const host = breakingHost(bytes, 1000, async () => {});
    afterwards(host.stop);
    const broken = () => new Response("", { status: 307, headers: { location: host.origin } });
    await succeeds(serve(first(1, "manifests/1.0", broken)));
  });
});

describe("what is not what it should be", () => {
  test("names the blob, what was expected and what came", async () => {
    const wrong = Buffer.from(noise).fill("x", 5, 6);
    const registry = serve(({ path }) => (path === LAYER ? new Response(wrong) : undefined));
    expect(await fails(registry.address)).toBe(
      `error: ${registry.address}: the blob ${layer.digest}: digest mismatch: expected ${layer.digest}, received ${sha256(wrong)}`,
    );
  });

  test("is refused when it is longer", async () => {
    const longer = Buffer.concat([noise, Buffer.from("!")]);
    const registry = serve(({ path }) => (path === LAYER ? new Response(longer) : undefined));
    expect(await fails(registry.address)).toContain(`${noise.length} bytes for ${layer.digest}`);
  });

  test("is a manifest with another digest than the registry says", async () => {
    const other = digest("0");
    const registry = serve(({ path }) =>
      path === "manifests/1.0"
        ? new Response(readFileSync(layout.fileOf(image)), {
            headers: { "content-type": image.mediaType, "docker-content-digest": other },
          })
        : undefined,
    );
    expect(await fails(registry.address)).toBe(
      `error: ${registry.address}:1.0: digest mismatch: expected ${other}, received ${image.digest}`,
    );
  });

  test("is a manifest with other bytes than its digest stands for", async () => {
    const registry = serve(({ path }) => (path.startsWith("manifests/sha256") ? new Response("{}") : undefined));
    const address = `${registry.address}@${image.digest}`;
    expect(await fails(address, "--tag", "1.0")).toBe(
      `error: ${address}: digest mismatch: expected ${image.digest}, received ${sha256("{}")}`,
    );
  });

  test.each([
    ["manifests/1.0", (at: string) => `${at}:1.0: 404: the registry has no such manifest`],
    [LAYER, (at: string) => `${at}: the blob ${layer.digest}: 404 NAME_UNKNOWN: no such thing`],
    ["tags/list", (at: string) => `${at}: the list of tags: 404 NAME_UNKNOWN: no such thing`],
  ])("is %s that is not there", async (missing, message) => {
    const registry = serve(({ path }) =>
      path === missing ? refusal(404, "NAME_UNKNOWN", "no such thing") : undefined,
    );
    expect(await fails(registry.address)).toBe(`error: ${message(registry.address)}`);
  });

  test("may be a page for people, of which only the status is told", async () => {
    const page = () => new Response("<html>\u001b[2J</html>", { status: 403 });
    const registry = serve(({ path }) => (path === "manifests/1.0" ? page() : undefined));
    expect(await fails(registry.address)).toBe(
      `error: ${registry.address}:1.0: 403 (asked without a login: see --src-creds)`,
    );
  });

  test("can't move the cursor of who reads about it", async () => {
    const registry = serve(({ path }) => (path === "manifests/1.0" ? refusal(400, "A\n", "\u001b[2J") : undefined));
    expect(await fails(registry.address)).toEndWith("400 A\\u{a}: \\u{1b}[2J");
  });
});

describe("a list of tags in pages", () => {
  const listed = (tags: readonly string[] | null, next?: string) =>
    Response.json({ name: "team/app", tags }, { headers: next === undefined ? {} : { link: next } });

  test("is read to its end", async () => {
    const registry = serve(({ path, query }) => {
      if (path !== "tags/list") return undefined;
      const last = query.get("last");
      if (last === null) return listed([], '</v2/team/app/tags/list?last=a&n=1>; rel="next"');
      return last === "a" ? listed(["1.0"], "<?last=b>; title=x; rel=next") : listed(null);
    });
    await succeeds(registry);
    expect(registry.paths().filter((path) => path === "tags/list")).toHaveLength(3);
  });

  test("may lead to another scheme and port of the same host", async () => {
    const registry = serve(({ path, query }) =>
      path !== "tags/list" || query.has("last")
        ? undefined
        : listed([], "<https://127.0.0.1:1/v2/team/app/tags/list?last=a>; rel=next"),
    );
    await succeeds(registry);
  });

  test("is asked for in smaller pages when it is refused", async () => {
    const asked: (string | null)[] = [];
    const registry = serve(({ path, query }) => {
      if (path !== "tags/list") return undefined;
      asked.push(query.get("n"));
      return query.has("n") ? refusal(400, "PAGINATION_NUMBER_INVALID", "too many") : undefined;
    });
    await succeeds(registry);
    expect(asked).toEqual(["1000", "100", null]);
  });

  test("may have tags that can't be published, which are left out", async () => {
    const registry = serve(({ path }) => (path === "tags/list" ? listed(["1.0", "two words", "gone"]) : undefined));
    const { code, err, site } = await publishFrom(registry.address);
    expect([code, err.match(/^skipped .*$/gm)]).toEqual([
      2,
      [
        `skipped two words: ${registry.address}: "two words" is no tag: give one with --tag <tag>=two words`,
        `skipped gone: ${registry.address}:gone: 404: the registry has no such manifest`,
      ],
    ]);
    expect(site.tree()).toEqual(TREE);
  });

  test("that breaks off for good among the tags publishes nothing", async () => {
    const registry = serve(({ path }) => {
      if (path === "tags/list") return listed(["1.0", "ill"]);
      return path === "manifests/ill" ? refusal(503, "UNAVAILABLE", "", { "retry-after": "0" }) : undefined;
    });
    expect(await fails(registry.address)).toBe(`error: ${registry.address}:ill: 503 UNAVAILABLE`);
  });

  test.each([
    ["leads in a circle", () => "<list?last=a>; rel=next", "the pages lead in a circle"],
    ["never ends", (n: number) => `<list?last=${n}>; rel=next`, "expected at most 10000 pages, received more"],
    ["leads elsewhere", () => "<http://127.0.0.2/>; rel=next", "the next page is not at this registry"],
  ])("is given up when it %s", async (_, link, message) => {
    let count = 0;
    const registry = serve(({ path }) => (path === "tags/list" ? listed(["1.0"], link(count++)) : undefined));
    expect(await fails(registry.address)).toBe(`error: ${registry.address}: the list of tags: ${message}`);
  });
});

describe("a redirect", () => {
  const LOGIN = ["--src-creds", "me:secret"];
  const WITH_LOGIN: Answer = ({ header }) =>
    header("authorization") === null
      ? new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="here"' } })
      : undefined;

  test.each([301, 302, 303, 307, 308])("%i to another host does not take the login along", async (status) => {
    const elsewhere = serve();
    const registry = serve((seen, origin) => {
      const challenge = WITH_LOGIN(seen, origin);
      if (challenge !== undefined || !seen.path.startsWith("blobs/")) return challenge;
      return new Response("", { status, headers: { location: `${elsewhere.origin}/v2/team/app/${seen.path}?signed` } });
    });
    await succeeds(registry, ...LOGIN);
    expect(elsewhere.paths().toSorted()).toEqual([`blobs/${config.digest}`, LAYER].toSorted());
    expect(elsewhere.seen.map(({ header }) => header("authorization"))).toEqual([null, null]);
  });

  test("within the registry does", async () => {
    const registry = serve((seen, origin) => {
      const challenge = WITH_LOGIN(seen, origin);
      if (challenge !== undefined || seen.path !== LAYER || seen.query.has("again")) return challenge;
      return new Response("", { status: 307, headers: { location: "?again" } });
    });
    await succeeds(registry, ...LOGIN);
  });

  test.each([
    ["in a circle", "?", "the registry redirects more than 10 times"],
    ["to a file", "file:///etc/passwd", "302: the registry redirects to nothing that can be asked"],
    ["to nowhere", "", "the registry redirects more than 10 times"],
  ])("%s is not followed", async (_, location, message) => {
    const registry = serve(({ path }) =>
      path === LAYER ? new Response("", { status: 302, headers: { location } }) : undefined,
    );
    expect(await fails(registry.address)).toBe(`error: ${registry.address}: the blob ${layer.digest}: ${message}`);
  });
});

test("an address without docker:// is told from a file", async () => {
  expect(await fails("127.0.0.1:1/team/app:1.0")).toBe(
    "error: 127.0.0.1:1/team/app:1.0: no such file or directory; an image of a registry is docker://127.0.0.1:1/team/app:1.0",
  );
});

test("nobody there is said so, with the name of who was asked", async () => {
  const registry = serve();
  await registry.stop();
  expect(await fails(registry.address)).toBe(
    `error: ${registry.address}: ${new URL(registry.origin).host} can't be reached: ECONNREFUSED`,
  );
});

test.each([
  ["docker://app:1.0", "expected docker://<host>[:<port>]/<name>[:<tag>][@<digest>], received no host"],
  ["docker://team/app", "expected docker://<host>[:<port>]/<name>[:<tag>][@<digest>], received team"],
  ["docker://a_b.example/app", "expected docker://<host>[:<port>]/<name>[:<tag>][@<digest>], received a_b.example"],
  [
    "docker://me:secret@example.com/app",
    "expected docker://<host>[:<port>]/<name>[:<tag>][@<digest>], received ***@example.com",
  ],
  ["docker://example.com/App", "name: expected a repository name, such as team/app, received App"],
  ["docker://example.com/", "name: expected a repository name, such as team/app, received "],
  ["docker://example.com/app:-", "tag: expected a tag, received -"],
  ["docker://example.com/app@sha256:1", "digest: expected a digest, received sha256:1"],
])("%s is no address", async (address, message) => {
  expect(await fails(address)).toBe(`error: ${address.replace("me:secret", "***")}: ${message}`.trim());
});

test("a login that is none is a mistake in the command line", async () => {
  const site = newSite();
  for (const more of [["--src-creds", "me"], ["--src-tls-verify=no"]]) {
    const { code } = await runCraned(publishArguments(site.directory, "docker://127.0.0.1:1/app", more));
    expect(code).toBe(2);
  }
});
