/** The search that is built in, as v1 clients ask it. */
import { beforeAll, describe, expect, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import { v1, v2 } from "../harness/redirect-files.ts";

const FILES: Readonly<Record<string, object>> = {
  "exact.json": v2("nginx"),
  "last.json": v2("team/nginx"),
  "start.json": v2("nginx-proxy/front"),
  "start-later.json": v2("team/nginx-ui"),
  "within.json": v2("team/my-nginx"),
  "described.json": v2("web/server", { description: "Serves what Nginx serves", star_count: 1000 }),
  "part-of-word.json": v2("web/other", { description: "no xnginx here" }),
  "secret.json": v2("secret/nginx", { protected: true, description: "hidden coffee" }),

  "many-stars.json": v2("pub/leaf-b", { star_count: 9 }),
  "official.json": v2("pub/leaf-d", { star_count: 9, is_official: true }),
  "few-stars.json": v2("pub/leaf-a", { star_count: 2, is_official: true }),
  "no-stars.json": v2("pub/leaf-c"),

  "both-v1.json": v1("old/both", { description: "on both, said on v1", star_count: 3 }),
  "both-v2.json": v2("old/both"),
  "newer-v1.json": v1("old/newer"),
  "newer-v2.json": v2("old/newer", { description: "said on v2" }),
  "half-v1.json": v1("old/half", { protected: true, description: "for few" }),
  "half-v2.json": v2("old/half"),
  "legacy.json": v1("old/legacy", { is_trusted: true, description: "Café crème, ° 1" }),
};

const MANY = Array.from({ length: 120 }, (_, at) => `many/a${String(at).padStart(3, "0")}`);

interface Result {
  readonly name: string;
}

const afterwards = leftovers();
let craned: Craned;
beforeAll(async () => {
  const data = scratch({ ...FILES, ...Object.fromEntries(MANY.map((name, at) => [`many/${at}.json`, v2(name)])) });
  afterwards(data.remove);
  craned = await serveDirectory(data.path);
  afterwards(craned.stop);
});

async function search(query: string): Promise<{ query: string; num_results: number; results: readonly Result[] }> {
  const answer = await ask(craned.port, `/v1/search?${query}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/json");
  // The harness reads bytes as Latin-1.
  return JSON.parse(Buffer.from(answer.body, "latin1").toString("utf8"));
}

const NGINX = ["nginx", "team/nginx", "nginx-proxy/front", "team/nginx-ui", "team/my-nginx", "web/server"];
const LEAVES = ["pub/leaf-d", "pub/leaf-b", "pub/leaf-a", "pub/leaf-c"];

const ROWS: readonly (readonly [what: string, query: string, names: readonly string[]])[] = [
  ["a name comes before its parts, they before descriptions", "q=nginx", NGINX],
  ["case makes no difference", "q=NGINX", NGINX],
  ["stars come before the alphabet, the official among equals first", "q=leaf", LEAVES],
  ["a slash is a part of names", "q=team/n", ["team/nginx", "team/nginx-ui"]],
  ["a word of a description may be begun", "q=serv", ["web/server"]],
  ["a word of a description may not be cut into", "q=erves", []],
  ["every word has to be found", "q=nginx+team", ["team/nginx", "team/nginx-ui", "team/my-nginx"]],
  ["words may be found in name and description", "q=server%20nginx", ["web/server"]],
  ["words are told apart by any blank", "q=%09team%0a%20front", []],
  ["a name on both APIs is one result", "q=both", ["old/both"]],
  ["a name that is protected on one API is found by the other", "q=old/half", ["old/half"]],
  ["what is said of a protected repository is not searched", "q=few", []],
  ["a protected repository is not found", "q=secret", []],
  ["a protected description is not found", "q=coffee", []],
  ["accents are letters", "q=Caf%C3%89", ["old/legacy"]],
  ["an accent may be written in two ways", "q=cre%CC%80me", ["old/legacy"]],
  ["nothing is a pattern", "q=.*", []],
  ["a word of signs is a word", "q=%C2%B0", ["old/legacy"]],
  ["blanks alone find nothing", "q=+", []],
  ["bytes that are no text find nothing", "q=%FF%00", []],
  ["an array is a text", "q=[1]", []],
  ["an object is a text", "q=%7B%22a%22:1%7D", []],
  ["the first q counts", "q=both&q=leaf", ["old/both"]],
  ["n is the most results", "q=nginx&n=2", NGINX.slice(0, 2)],
  ["n may be more than there are", "n=25&q=nginx", NGINX],
  ["a page is as long as n", "q=nginx&n=2&page=2", NGINX.slice(2, 4)],
  ["the last page may be shorter", "q=nginx&n=4&page=2", NGINX.slice(4)],
  ["behind the last page is nothing", "q=nginx&n=4&page=3", []],
  ["no page is too far", "q=nginx&n=100&page=999999999", []],
  ["page=0 is no count", "q=nginx&page=0", NGINX],
  ["page=x is no count", "q=nginx&page=x", NGINX],
  ["a page has 25 results", "q=many", MANY.slice(0, 25)],
  ["the next page has the rest", "q=many&page=2", MANY.slice(25, 50)],
  ["n may be 100", "q=many&n=100", MANY.slice(0, 100)],
  ["n is never more than 100", "q=many&n=101", MANY.slice(0, 100)],
  ["pages of more than 100 are none", "q=many&n=1000&page=2", MANY.slice(100)],
  ...["0", "-1", "1.5", "x", "", "1e1", "99999999999999999999", "%31%20"].map(
    (n) => [`n=${n} is no count`, `q=nginx&n=${n}`, NGINX] as const,
  ),
];

describe("search", () => {
  test.each(ROWS.map((row) => [...row] as const))("%s: %s", async (_, query, names) => {
    const { num_results, results } = await search(query);
    expect(results.map(({ name }) => name)).toEqual([...names]);
    expect(num_results).toBe(names.length);
  });

  test("tells what the redirect file says", async () => {
    expect(await search("q=creme+legacy")).toMatchObject({ results: [] });
    expect(await search("q=legacy")).toEqual({
      query: "legacy",
      num_results: 1,
      results: [
        {
          name: "old/legacy",
          description: "Café crème, ° 1",
          is_trusted: true,
          is_official: false,
          star_count: 0,
          should_filter: false,
        } as Result,
      ],
    });
  });

  test("tells nothing where the file says nothing", async () => {
    const { results } = await search("q=team/nginx&n=1");
    const nothing = { description: "", is_trusted: false, is_official: false, star_count: 0, should_filter: false };
    expect(results).toEqual([{ name: "team/nginx", ...nothing } as Result]);
  });

  test("tells of a name on both APIs what either says, but not to those who may not see it", async () => {
    expect((await search("q=both")).results).toMatchObject([{ description: "on both, said on v1", star_count: 3 }]);
    expect((await search("q=newer")).results).toMatchObject([{ description: "said on v2" }]);
    expect((await search("q=half")).results).toMatchObject([{ description: "" }]);
  });

  test("repeats the query as it was meant", async () => {
    expect((await search("q=a%26n=1+%E2%98%83")).query).toBe("a&n=1 ☃");
  });
});
