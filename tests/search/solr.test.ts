import { describe, expect, test } from "bun:test";
import { leftovers } from "../harness/programs.ts";
import { type Answer, type Backend, docs, names, results, searchBy, startBackend } from "./backends.ts";

const afterwards = leftovers();

function serve(answer: Answer): Backend {
  const backend = startBackend(answer);
  afterwards(backend.stop);
  return backend;
}

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

  const CERTIFIED = { documentKind: "CertifiedSoftware", allTitle: "secret/app" };
  test.each<[string, readonly unknown[], readonly string[]]>([
    ["in its order", [{ allTitle: "team/app" }, { allTitle: "old/app" }], ["team/app", "old/app"]],
    ["of either API", [{ allTitle: "old/app" }, { allTitle: "half/app" }], ["old/app", "half/app"]],
    ["that are loaded", [{ allTitle: "team/none" }, { allTitle: "team/app" }, { allTitle: "Team/App" }], ["team/app"]],
    ["that the client may see", [{ allTitle: "secret/app" }, { allTitle: "team/app" }], ["team/app"]],
    ["whatever the kind", [{ allTitle: "secret/app", documentKind: "ImageRepository" }], []],
    ["with a name", [{}, { allTitle: null }, { allTitle: ["team/app"] }, { allTitle: "old/app" }], ["old/app"]],
    [
      "of certified software by how it is pulled",
      [
        {
          ...CERTIFIED,
          c_pull_command: ["docker pull team/app", "docker pull old/app", "docker pull other.test/a", 1],
        },
      ],
      ["team/app", "old/app"],
    ],
    ["of certified software that can be pulled", [CERTIFIED, { ...CERTIFIED, c_pull_command: "team/app" }], []],
    ["by the names of Object's own", [{ allTitle: "constructor" }, { allTitle: "__proto__" }], []],
  ])("finds repositories %s", async (_, documents, found) => {
    const { origin } = serve(() => docs(...documents));
    expect(names(await searchBy("solr", `${origin}/?q={0}`, { q: "x" }))).toEqual(found as never);
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
