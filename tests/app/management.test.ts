/** The pages for administrators, asked over the network: what they show, and to whom. */
import { beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { type Craned, type Scratch, scratch, serveDirectory } from "../harness/craned.ts";
import { count, texts } from "../harness/markup.ts";
import { leftovers } from "../harness/programs.ts";
import { ask, type RawAnswer } from "../harness/raw.ts";
import { digest, hex, redirectFile } from "../harness/redirect-files.ts";

const [ID, OTHER_ID, DIGEST] = [hex("1"), hex("2"), digest("1")];
const JSON_PLEASE = { Accept: "application/json" };

const v1 = (name: string, more: object = {}) =>
  redirectFile(1, name, { images: [{ id: OTHER_ID }, { id: ID }], tags: { latest: ID, "1.0": OTHER_ID }, ...more });
const v2 = (name: string, more: object = {}) => redirectFile(5, name, { schema2_data: ["1.0", DIGEST], ...more });

const putAway = leftovers();
async function start(files: Scratch, ...args: readonly string[]): Promise<Craned> {
  const craned = await serveDirectory(files.path, { args });
  putAway(craned.stop);
  return craned;
}
function filesOf(files: Readonly<Record<string, unknown>>): Scratch {
  const made = scratch(files);
  putAway(made.remove);
  return made;
}

const page = async (craned: Craned, path = "", headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> =>
  ask(craned.managementPort, `/crane/repositories${path}`, { headers });

const utf8 = (answer: RawAnswer): string => Buffer.from(answer.body, "latin1").toString("utf8");

/** UTF-8 as it is in an answer that was read byte by byte. */
const asLatin1 = (text: string): string => Buffer.from(text).toString("latin1");

describe("the pages", () => {
  const files = filesOf({
    "a.json": v1("team/old"),
    "b.json": v2("team/new", { colour: "red" }),
    "c.json": v2("vault", { protected: true, colour: "black" }),
    "d.json": v1("cellar", { protected: true }),
    "e.json": v1("team/both"),
    "f.json": v2("team/both"),
    "g.json": v2("team/both"),
    "vaulted.json": v2("vault", { protected: true }),
  });
  let craned: Craned;
  beforeAll(async () => {
    craned = await start(files);
  });

  test("and all that is beside them are not to be guessed at, nor kept", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics", "/crane/repositories", "/nothing"]) {
      const { headers } = await ask(craned.managementPort, path);
      const said = [headers.get("x-content-type-options"), headers.get("cache-control")];
      expect([path, ...said]).toEqual([path, "nosniff", "no-store"]);
    }
    const foreign = await ask(craned.managementPort, "/readyz", { headers: { Host: "rebound.example" } });
    expect([foreign.status, foreign.headers.get("x-content-type-options")]).toEqual([403, "nosniff"]);
  });

  const V1 = {
    "team/both": { image_ids: [OTHER_ID, ID], tags: { latest: ID, "1.0": OTHER_ID }, protected: false },
    "team/old": { image_ids: [OTHER_ID, ID], tags: { latest: ID, "1.0": OTHER_ID }, protected: false },
  };
  const V2 = { "team/both": { protected: false }, "team/new": { protected: false } };

  test.each([
    ["", V1],
    ["/v1", V1],
    ["/v2", V2],
  ])("/crane/repositories%s is Crane's JSON for programs", async (path, expected) => {
    const answer = await page(craned, path, JSON_PLEASE);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(JSON.parse(answer.body)).toEqual(expected);
  });

  const FORMS: readonly [accept: string | undefined, form: "json" | "html"][] = [
    [undefined, "html"],
    ["*/*", "html"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"],
    ["text/html, application/json;q=0.9", "html"],
    ["image/png", "html"],
    ["application/json", "json"],
    ["Application/JSON; charset=utf-8", "json"],
    ["application/json, */*;q=0.5", "json"],
    ["text/html;q=0.5, application/json", "json"],
    ["application/json;q=0, text/html", "html"],
  ];
  test.each(FORMS)("Accept %p is answered in %s", async (accept, form) => {
    const { headers } = await page(craned, "/v2", accept === undefined ? {} : { Accept: accept });
    expect(headers.get("content-type")).toBe(form === "json" ? "application/json" : "text/html; charset=utf-8");
    expect(headers.get("vary")).toBe("Accept");
    expect(headers.get("cache-control")).toBe("no-store");
  });

  test.each([
    ["", ["team/both", "team/both", "team/new", "team/old"]],
    ["/v1", ["team/both", "team/old"]],
    ["/v2", ["team/both", "team/new"]],
    ["?q=NEW", ["team/new"]],
    ["?q=+old+", ["team/old"]],
    ["/v2?q=old", []],
    ["?q=cellar", []],
  ])("/crane/repositories%s lists what it is for", async (path, names) => {
    const markup = utf8(await page(craned, path));
    const rows = await texts(markup, "#list tbody th");
    expect(rows.map((row) => row.match(/^[a-z/]+?(?=\d|$)/)?.[0])).toEqual([...names]);
  });

  test("tell how many repositories are not for these eyes, and nothing of them", async () => {
    const markup = utf8(await page(craned));
    expect((await texts(markup, ".facts dd"))[0]).toContain("2 protected not shown to you");
    expect(markup).not.toMatch(/vault|cellar/);
  });

  test("tell which file is passed over for which", async () => {
    const markup = utf8(await page(craned));
    expect(await texts(markup, ".conflicts tbody th")).toEqual([`${files.path}/g.json`]);
    expect(await texts(markup, ".conflicts tbody td")).toEqual(["team/both", `${files.path}/f.json`]);
  });

  test("tell the warnings of the files that are shown", async () => {
    const markup = utf8(await page(craned));
    expect(await texts(markup, ".warnings h2")).toEqual(["1 file with warnings"]);
    expect(await texts(markup, ".warnings tbody th")).toEqual([`${files.path}/b.json`]);
    expect(await texts(markup, ".warnings tbody td")).toEqual(["colour", expect.stringContaining("not a field")]);
  });

  test("have the structure that assistive technology goes by", async () => {
    const markup = utf8(await page(craned));
    for (const selector of ["main", "header", "h1", "html[lang=en]", "title", "form[role=search] label[for=q]", "#q"])
      expect(`${selector}: ${await count(markup, selector)}`).toBe(`${selector}: 1`);
    expect(await count(markup, 'nav[aria-label="Main"] a[aria-current=page]')).toBe(1);
    expect(await count(markup, "#list thead th:not([scope=col])")).toBe(0);
    expect(await count(markup, "#list tbody th:not([scope=row])")).toBe(0);
    expect(await count(markup, 'time[datetime^="20"]')).toBe(1);
  });

  test("let a browser run what they bring themselves, and nothing else", async () => {
    const answer = await page(craned);
    const markup = utf8(answer);
    const policy = answer.headers.get("content-security-policy") ?? "";
    const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    const [script = ""] = /<script>([\s\S]*?)<\/script>/.exec(markup)?.slice(1) ?? [];
    const [style = ""] = /<style>([\s\S]*?)<\/style>/.exec(markup)?.slice(1) ?? [];
    expect(policy.split("; ")).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        `script-src ${hash(script)}`,
        `style-src ${hash(style)}`,
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]),
    );
    expect(policy).not.toContain("unsafe");
    expect(markup).not.toMatch(/\s(?:on\w+|style)=/);
    expect(markup.replaceAll(/<code>.*?<\/code>/g, "").replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(
      /https?:\/\//,
    );
  });

  test("have tags of any name", async () => {
    const odd = filesOf({ "odd.json": v1("odd", { tags: { ["__proto__"]: ID, constructor: OTHER_ID } }) });
    const { body } = await page(await start(odd), "", JSON_PLEASE);
    expect(body).toContain(`"tags":{"__proto__":"${ID}","constructor":"${OTHER_ID}"}`);
  });

  test("answer HEAD as GET, without the body", async () => {
    const [get, head] = [
      await page(craned),
      await ask(craned.managementPort, "/crane/repositories", { method: "HEAD" }),
    ];
    expect([head.status, head.body]).toEqual([200, ""]);
    expect(head.headers.get("content-length")).toBe(get.headers.get("content-length"));
  });

  test("show a repository that is protected to those who may see all", async () => {
    const open = await start(files, "--management-show-protected", "yes");
    expect(JSON.parse((await page(open, "/v2", JSON_PLEASE)).body)).toEqual({ ...V2, vault: { protected: true } });
    expect(Object.keys(JSON.parse((await page(open, "/v1", JSON_PLEASE)).body))).toContain("cellar");
    expect(await texts(utf8(await page(open, "?q=vault")), "#list .protected")).toEqual(["protected"]);
  });
});

describe("files in error", () => {
  const hostile = `"><img src=x onerror=alert(1)>'&amp;\u202e\u001b[2J`;
  const files = filesOf({
    "good.json": v2("good"),
    [`${hostile}.json`]: { ...v2("bad"), url: "</code><script>alert(2)</script>", schema2_data: { "<b>": 1 } },
    "broken.json": "{",
  });
  let craned: Craned;
  let markup: string;
  beforeAll(async () => {
    craned = await start(files);
    markup = utf8(await page(craned));
  });

  test("are told with path, field, and what was expected", async () => {
    expect(await texts(markup, ".faults h2")).toEqual(["2 files in error"]);
    const paths = await texts(markup, ".faults tbody th");
    const cells = await texts(markup, ".faults tbody td");
    const shown = `"><img src=x onerror=alert(1)>'&amp;\\u{202e}\\u{1b}[2J`;
    expect(paths).toEqual([`${files.path}/${shown}.json`, `${files.path}/${shown}.json`, `${files.path}/broken.json`]);
    expect(cells.slice(0, 2)).toEqual(["url", "an absolute http or https URL without a query"]);
    expect(cells[2]).toBe('"</code><script>alert(2)</script>"');
    expect(cells.slice(4, 6)).toEqual(["schema2_data", expect.stringContaining("array")]);
  });

  test("are text, whatever they are called and whatever they say", async () => {
    expect(await count(markup, "img")).toBe(0);
    expect(await count(markup, "script")).toBe(1);
    expect(await count(markup, "b")).toBe(0);
    expect(markup).not.toContain("\u202e");
    expect(markup).not.toContain("\u001b");
  });

  test("that were good before are told to be served still, and leave when they are mended", async () => {
    files.write("good.json", { ...v2("good"), version: 7 });
    await craned.logged((line) => line.includes("/good.json") && line.includes("version"));
    const broken = utf8(await page(craned));
    expect(await texts(broken, ".faults tbody td")).toContain("its last good state");
    expect(await texts(broken, "#list tbody th")).toEqual([expect.stringContaining("good")]);
    const before = /datetime="([^"]+)"/.exec(broken)?.[1] ?? "";

    files.write("good.json", v2("good"));
    await craned.logged((line) => line.includes('"mended":1'));
    const mended = utf8(await page(craned));
    expect(await texts(mended, ".faults h2")).toEqual(["2 files in error"]);
    expect(Date.parse(/datetime="([^"]+)"/.exec(mended)?.[1] ?? "")).toBeGreaterThan(Date.parse(before));
  });

  test("what somebody searches for is text too", async () => {
    const found = utf8(await page(craned, "?q=%22%3E%3Cscript%3Ealert(3)%3C/script%3E"));
    expect(await count(found, "script")).toBe(1);
    expect(found).toContain('value="&quot;&gt;&lt;script&gt;alert(3)&lt;/script&gt;"');
  });
});

test("a data directory that is not there is told, and is no error of the page", async () => {
  const craned = await serveDirectory("/nowhere/to/be/found");
  putAway(craned.stop);
  const answer = await page(craned);
  expect(answer.status).toBe(200);
  expect((await texts(utf8(answer), ".facts dd")).slice(1)).toEqual(["1", "not yet", "/nowhere/to/be/found"]);
});

describe("ten thousand repositories", () => {
  const COUNT = 10_000;
  const name = (index: number) => `team/app-${String(index).padStart(5, "0")}`;
  const files = filesOf({});
  let craned: Craned;
  beforeAll(async () => {
    for (let index = 0; index < COUNT; index++) files.write(`${index}.json`, v2(name(index)));
    craned = await start(files);
  }, 60_000);

  test("come a hundred at a time", async () => {
    const answer = await page(craned);
    expect(answer.body.length).toBeLessThan(100_000);
    expect(await count(answer.body, "#list tbody tr")).toBe(100);
    expect(await texts(answer.body, "#status")).toEqual(["1 to 100 of 10,000 repositories"]);
  });

  test("are all reached by the links from page to page", async () => {
    const seen: string[] = [];
    for (let path: string | undefined = ""; path !== undefined; ) {
      const { body }: RawAnswer = await page(craned, path);
      seen.push(...[...body.matchAll(/<th scope="row">([a-z0-9/-]+)/g)].map(([, each = ""]) => each));
      path = /href="\/crane\/repositories(\?[^"]*)" rel="next"/.exec(body)?.[1];
    }
    expect(seen).toEqual(Array.from({ length: COUNT }, (_, index) => name(index)));
  }, 30_000);

  test("are searched all, and the search goes along from page to page", async () => {
    const { body } = await page(craned, "?q=app-007");
    expect(await texts(body, "#status")).toEqual(["100 repositories with “app-007” in the name"].map(asLatin1));
    const [, next = ""] = /href="\/crane\/repositories(\?[^"]*)" rel="next"/.exec(
      (await page(craned, "?q=app-00")).body,
    ) ?? [""];
    expect(next.replaceAll("&amp;", "&")).toBe("?q=app-00&page=2");
  });

  test.each(["0", "-1", "101", "1e9", "999999999", "x", ""])("page %p is the nearest there is", async (number) => {
    const [told] = await texts((await page(craned, `?page=${number}`)).body, "#status");
    expect(told).toBe(
      Number(number) > 100 && number !== "1e9"
        ? "9,901 to 10,000 of 10,000 repositories"
        : "1 to 100 of 10,000 repositories",
    );
  });

  test("are all in the JSON", async () => {
    const json = JSON.parse((await page(craned, "/v2", JSON_PLEASE)).body);
    expect(Object.keys(json).length).toBe(COUNT);
  });
});
