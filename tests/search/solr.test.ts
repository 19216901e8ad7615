import { describe, expect, test } from "bun:test";
import { leftovers } from "../harness/programs.ts";
import { type Answer, docs, names, results, searchBy, startBackend } from "./backends.ts";

const afterwards = leftovers();

const serve = (answer: Answer) => startBackend(answer, afterwards);

describe("Solr", () => {
  test.each([
    ["/select?q={0}&wt=json", "app", "/select?q=app&wt=json"],
    ["/select?q={0}", "hi mom", "/select?q=hi%20mom"],
    ["/select?q={0}", "team/app", "/select?q=team/app"],
    ["/select?q={0}", "a&b=c#d+e%", "/select?q=a%26b%3Dc%23d%2Be%25"],
    ["/select?q={0}", "ü☃", "/select?q=%C3%BC%E2%98%83"],
    ["/select?q={0}", "$& $1 {0} {{", "/select?q=%24%26%20%241%20%7B0%7D%20%7B%7B"],
    ["/select?q={{!prefix+f=name}}{0}&again={0}", "x", "/select?q={!prefix+f=name}x&again=x"],
    ["/select?q={0}&y={{0}}", "x", "/select?q=x&y={0}"],
    ["/select?q={0}", "\ud800", "/select?q=%EF%BF%BD"],
  ])("is asked at %s for %s", async (template, q, asked) => {
    const backend = serve(() => docs());
    expect(await searchBy("solr", backend.origin + template, { q })).toEqual({ ok: true, results: [] });
    expect(backend.asked).toEqual([asked]);
  });

  const FULL = { ir_automated: true, ir_official: true, ir_stars: 7 };
  const said = { is_trusted: true, is_official: true, star_count: 7, should_filter: false };
  const unsaid = { is_trusted: false, is_official: false, star_count: 0, should_filter: false };
  test.each<[string, object, object]>([
    ["all that it may say", { ir_description: "A", ...FULL }, { description: "A", ...said }],
    ["an abstract", { publishedAbstract: "B", ...FULL }, { description: "B", ...said }],
    ["both", { ir_description: "A", publishedAbstract: "B" }, { description: "A", ...unsaid }],
    ["no more than a name", {}, { description: "", ...unsaid }],
    ["that it is built by machine", { ir_automated: true }, { description: "", ...unsaid, is_trusted: true }],
    ["that it is official", { ir_official: true }, { description: "", ...unsaid, is_official: true }],
    ["fewer stars than none", { ir_stars: -1 }, { description: "", ...unsaid }],
    ["its kind", { documentKind: "ImageRepository" }, { description: "", ...unsaid, should_filter: true }],
    [
      "what makes no sense",
      { ir_description: ["A"], ir_automated: "true", ir_official: 1, ir_stars: -1.5 },
      { description: "", ...unsaid },
    ],
  ])("may say of a repository %s", async (_, fields, result) => {
    const { origin } = serve(() => docs({ allTitle: "team/app", ...fields }));
    const searched = await searchBy("solr", `${origin}/?q={0}`, { q: "x" });
    expect(results(searched)).toEqual([{ name: "team/app", ...result }] as never);
  });

  const image = (name: unknown) => ({ documentKind: "ImageRepository", allTitle: name });
  const CERTIFIED = { documentKind: "CertifiedSoftware", allTitle: "title/only" };
  test.each<[string, readonly unknown[], readonly string[]]>([
    ["in its order", [image("team/app"), image("old/app")], ["team/app", "old/app"]],
    ["of either API", [image("old/app"), image("half/app")], ["old/app", "half/app"]],
    ["that are loaded", [image("team/none"), image("team/app"), image("Team/App")], ["team/app"]],
    ["that the client may see", [image("secret/app"), image("team/app")], ["team/app"]],
    ["with a name", [{}, { allTitle: null }, { allTitle: ["team/app"] }, { allTitle: "old/app" }], ["old/app"]],
    ["by the names of Object's own", [image("constructor"), image("__proto__")], []],
  ])("finds repositories %s", async (_, documents, found) => {
    const { origin } = serve(() => docs(...documents));
    expect(names(await searchBy("solr", `${origin}/?q={0}`, { q: "x" }))).toEqual(found as never);
  });

  // The answer does not depend on what is loaded, so it tells nothing of protected repositories.
  test.each<[string, readonly unknown[], readonly string[]]>([
    ["of no kind", [{ allTitle: "team/none" }, { allTitle: "secret/app" }], ["team/none", "secret/app"]],
    ["of another kind", [{ ...image("team/none"), documentKind: "Article" }], ["team/none"]],
    [
      "of certified software, by the commands that pull it",
      [{ ...CERTIFIED, c_pull_command: ["docker pull team/app", "docker pull other.test/a", "x/y", 1, " "] }],
      ["team/app", "other.test/a", "x/y"],
    ],
    ["of certified software only if it can be pulled", [CERTIFIED, { ...CERTIFIED, c_pull_command: "team/app" }], []],
  ])("finds what is nothing of this registry's, as Crane does: %s", async (_, documents, found) => {
    const { origin } = serve(() => docs(...documents));
    expect(names(await searchBy("solr", `${origin}/?q={0}`, { q: "x" }))).toEqual(found as never);
  });

  test("gives a page of 25 results, or of what is asked for up to 100", async () => {
    const { origin } = serve(() => docs(...Array.from({ length: 250 }, (_, at) => ({ allTitle: `n${at}` }))));
    const page = async (query: object) => names(await searchBy("solr", `${origin}/?q={0}`, { q: "x", ...query }));
    const from = (first: number, count: number) => Array.from({ length: count }, (_, at) => `n${first + at}`);
    expect(await page({})).toEqual(from(0, 25));
    expect(await page({ n: 10, page: 3 })).toEqual(from(20, 10));
    expect(await page({ n: 1000, page: 2 })).toEqual(from(100, 100));
    expect(await page({ n: 100, page: 3 })).toEqual(from(200, 50));
    expect(await page({ page: 11 })).toEqual([]);
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "<html>"],
    ["JSON cut off", '{"response":{"docs":[{"allTitle":"team/app"}'],
    ["no object", "[]"],
    ["no response", "{}"],
    ["no documents", '{"response":{}}'],
    ["documents that are none", '{"response":{"docs":["team/app"]}}'],
    ["a deep nest", "[".repeat(50_000)],
    ["Latin-1", Buffer.from('{"response":{"docs":[{"allTitle":"\u00e9"}]}}', "latin1")],
  ])("that answers %s is a bad gateway", async (_, body) => {
    const { origin } = serve(() => new Response(body));
    const searched = await searchBy("solr", `${origin}/?q={0}`, { q: "x" });
    expect(results(searched)).toEqual({ status: 502, reason: "its answer can't be read" });
  });
});
