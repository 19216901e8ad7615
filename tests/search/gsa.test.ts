import { describe, expect, test } from "bun:test";
import { leftovers } from "../harness/programs.ts";
import {
  type Answer,
  gsaBody,
  gsaNamed,
  gsaResult,
  LIMITS,
  names,
  results,
  searchBy,
  startBackend,
} from "./backends.ts";

const afterwards = leftovers();

const serve = (answer: Answer) => startBackend(answer, afterwards);

describe("a Google Search Appliance", () => {
  test.each([
    ["/search", "app", "/search?q=app"],
    ["/search?x=1&y=2", "hi mom", "/search?x=1&y=2&q=hi+mom"],
    ["/search?q=old&site=a%20b&q=older", "a&b/c", "/search?q=a%26b%2Fc&site=a+b"],
    ["/search?x=1", "ü", "/search?x=1&q=%C3%BC"],
  ])("is asked at %s for %s", async (path, q, asked) => {
    const backend = serve(() => new Response(gsaBody()));
    expect(await searchBy("gsa", backend.origin + path, { q })).toEqual({ ok: true, results: [] });
    expect(backend.asked).toEqual([asked]);
  });

  const NAME = '<MT N="portal_name" V="team/app"/>';
  const result = (description: string) => ({
    name: "team/app",
    description,
    is_trusted: false,
    is_official: false,
    star_count: 0,
    should_filter: true,
  });
  test.each<[string, string, object[]]>([
    ["a name", gsaResult(NAME), [result("")]],
    ["a description", gsaResult(NAME, '<MT N="portal_short_description" V="A &amp; B"/>'), [result("A & B")]],
    ["them in any order", gsaResult("<MT V='A' N='portal_short_description'></MT>", NAME), [result("A")]],
    ["other tags", gsaResult('<MT N="x"/>', NAME, "<MT/>"), [result("")]],
    ["the last of two names", gsaResult('<MT N="portal_name" V="old/app"/>', NAME), [result("")]],
    ["no name", gsaResult('<MT N="portal_short_description" V="A"/>'), []],
    ["no name, after one with a name", gsaResult(NAME) + gsaResult("<MT/>"), [result("")]],
    [
      "no description, after one with one",
      gsaResult('<MT N="portal_short_description" V="A"/>') + gsaResult(NAME),
      [result("")],
    ],
    ["a name deeper down", gsaResult(`<X>${NAME}</X>`), []],
    ["a name that is not in a result", NAME, []],
    ["results in results", `<R>${gsaResult(NAME)}</R>`, []],
    ["names by those of Object's own", gsaResult('<__proto__ N="portal_name" V="team/app"/><constructor/>'), []],
    ["comments, instructions and CDATA", gsaResult(NAME, "<!-- <MT/> --><?x <MT/> ?><![CDATA[<MT/>]]>"), [result("")]],
    ["characters by number", gsaResult(NAME, '<MT N="portal_short_description" V="&#65;&#x1F600;"/>'), [result("A😀")]],
  ])("may say of a result %s", async (_, found, expected) => {
    const { origin } = serve(() => new Response(gsaBody(found)));
    expect(results(await searchBy("gsa", `${origin}/`, { q: "x" }))).toEqual(expected as never);
  });

  test("finds what is loaded and the client may see, in its order", async () => {
    const all = ["old/app", "secret/app", "none/app", "team/app", "half/app"].map(gsaNamed);
    const { origin } = serve(() => new Response(gsaBody(...all)));
    expect(names(await searchBy("gsa", `${origin}/`, { q: "x" }))).toEqual(["old/app", "team/app", "half/app"]);
    expect(names(await searchBy("gsa", `${origin}/`, { q: "x", n: 2 }))).toEqual(["old/app", "team/app"]);
  });

  test("may have found nothing", async () => {
    const { origin } = serve(() => new Response("<GSP VER='3.2'><TM>0.01</TM></GSP>"));
    expect(names(await searchBy("gsa", `${origin}/`, { q: "x" }))).toEqual([]);
  });

  const described = (declaration: string) =>
    `${declaration}<GSP><RES><R>${NAME}<MT N="portal_short_description" V="é"/></R></RES></GSP>`;
  test.each([
    ["UTF-8", Buffer.from(described(""))],
    ["UTF-8 with a byte order mark", Buffer.from(`\ufeff${described("<?xml version='1.0'?>")}`)],
    ["UTF-16", Buffer.from(`\ufeff${described("<?xml version='1.0' encoding='utf-16'?>")}`, "utf16le")],
    ["Latin-1", Buffer.from(described("<?xml version='1.0' encoding='iso-8859-1'?>"), "latin1")],
  ])("may speak %s", async (_, body) => {
    const { origin } = serve(() => new Response(body));
    expect(results(await searchBy("gsa", `${origin}/`, { q: "x" }))).toEqual([result("é")]);
  });

  const LAUGHS = `<!DOCTYPE GSP [<!ENTITY l0 "team/app">${Array.from(
    { length: 9 },
    (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`,
  ).join("")}]>`;
  test("is not followed to an entity that is elsewhere", async () => {
    const entity = `<!DOCTYPE GSP [<!ENTITY x SYSTEM "file:///etc/hostname">]>`;
    const body = `${entity}<GSP><RES><R>${NAME}<T>&x;</T></R></RES></GSP>`;
    const { origin } = serve(() => new Response(body));
    expect(results(await searchBy("gsa", `${origin}/`, { q: "x" }))).toEqual([result("")]);
  });

  test.each([
    ["nothing", ""],
    ["no XML", '{"response":{}}'],
    ["XML cut off", gsaBody(gsaNamed("team/app")).slice(0, -8)],
    ["a tag without a value", gsaBody(gsaResult('<MT N="portal_name"/>'))],
    ["an encoding that it does not keep to", Buffer.from(described(""), "latin1")],
    ["an encoding that nobody knows", described("<?xml version='1.0' encoding='x-none'?>")],
    ["a billion laughs", `${LAUGHS}<GSP><RES>${gsaNamed("&l9;")}</RES></GSP>`],
    ["a deep nest", `<GSP>${"<RES>".repeat(500_000)}${"</RES>".repeat(500_000)}</GSP>`],
    ["an attribute twice", gsaBody(gsaResult('<MT N="portal_name" N="x" V="team/app"/>'))],
    ["an end in the wrong order", "<GSP><RES></GSP></RES>"],
    ["two roots", "<GSP/><GSP/>"],
    ["a NUL", gsaBody(gsaNamed("team/\0app"))],
  ])("that answers %s is a bad gateway", async (_, body) => {
    const { origin } = serve(() => new Response(body));
    const searched = await searchBy("gsa", `${origin}/`, { q: "x" }, { ...LIMITS, bytes: 10_000_000 });
    expect(results(searched)).toEqual({ status: 502, reason: "its answer can't be read" });
  });
});
