/** The page of the document, in a real browser: it can be read, tried, and keeps to this server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { OpenApiDocument } from "../lib/app/openapi/document.ts";
import { openPage, type Page } from "./harness/chromium.ts";
import { type Craned, scratch, serveDirectory, startCraned } from "./harness/craned.ts";
import { describeWith, leftovers } from "./harness/programs.ts";
import { ask } from "./harness/raw.ts";

const putAway = leftovers();

describe("the page as it is sent", () => {
  const data = scratch();
  putAway(data.remove);
  let craned: Craned;
  beforeAll(async () => {
    craned = await serveDirectory(data.path);
    putAway(craned.stop);
  });

  test("lets nothing run or be asked but its own", async () => {
    const { headers, status } = await ask(craned.port, "/docs");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(policy).toStartWith("default-src 'none'; script-src 'sha256-");
    expect(policy).toContain("; connect-src 'self'; ");
  });

  test("names no other host, and is not large", async () => {
    const body = await (await fetch(`${craned.origin}/docs`)).text();
    expect(body.match(/(?:src|href|action)="(?!#|\/(?!\/)|data:)[^"]*"/g)).toBeNull();
    expect(body.length).toBeLessThan(200_000);
  });

  test("has a section for each operation of the document", async () => {
    const document: OpenApiDocument = JSON.parse(await (await fetch(`${craned.origin}/openapi.json`)).text());
    const body = await (await fetch(`${craned.origin}/docs`)).text();
    const operations = Object.values(document.paths).flatMap(({ get, post }) =>
      [get, post].flatMap((each) => each?.operationId ?? []),
    );
    expect([...body.matchAll(/class="operation" id="(\w+)"/g)].map(([, id]) => id).sort()).toEqual(operations.sort());
  });
});

describeWith(["chromium"], "the page in Chromium", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  // Before the servers, which let its connections end in peace.
  afterAll(() => page.close());

  const result = (id: string) => page.view.evaluate<string>(`document.querySelector("#${id} .result").innerText`);

  /** Opens a route's section, fills in what is given, and sends. */
  async function tryOut(id: string, values: Readonly<Record<string, string>> = {}): Promise<string> {
    const { view, until } = page;
    await view.scrollTo(`#${id}`);
    if (!(await view.evaluate<boolean>(`document.getElementById("${id}").open`))) await view.click(`#${id} > summary`);
    for (const [name, value] of Object.entries(values)) {
      await view.evaluate(`(() => {
        const field = document.querySelector('#${id} form [name="${name}"]');
        field.value = ${JSON.stringify(value)};
        field.dispatchEvent(new Event("input", { bubbles: true }));
      })()`);
    }
    await view.evaluate(`document.querySelector("#${id} .result").setAttribute("aria-busy", "asked")`);
    await view.scrollTo(`#${id} form .send`);
    await view.click(`#${id} form .send button`);
    await until(`document.querySelector("#${id} .result").getAttribute("aria-busy") === "false"`);
    return await result(id);
  }

  test("expands a route, tries it out and reads the answer, and asks nobody else", async () => {
    const demo = await startCraned(["demo", "--port", "0"]);
    putAway(demo.stop);
    await page.view.navigate(`${demo.origin}/docs`);
    expect(await tryOut("listTags")).toMatch(/^200 OK\n(?:.|\n)*"name": "demo\/hello"/);
    expect(await tryOut("listTags", { name: "no/such" })).toMatch(/^404 Not Found\n(?:.|\n)*"code": "NAME_UNKNOWN"/);
    const pulled = await tryOut("getManifest");
    expect(pulled).toContain(`${demo.origin}/static/v2/demo-hello/manifests/index/latest`);
    expect(pulled).toContain('"mediaType": "application/vnd.oci.image.index.v1+json"');
    const head = await tryOut("checkV2", { method: "HEAD" });
    expect(head).toContain("docker-distribution-api-version");
    expect(head).not.toContain("{");
    const curl = await page.view.evaluate<string>(`document.querySelector("#checkV2 .curl").textContent`);
    expect(curl).toBe(`curl -I '${demo.origin}/v2/'`);
    expect(page.requests.filter((url) => !url.startsWith(`${demo.origin}/`) && !url.startsWith("data:"))).toEqual([]);
    expect(page.complaints.filter((text) => /Content.Security/i.test(text))).toEqual([]);
  }, 60_000);

  test("a redirect to another host is told, and the other host is not asked", async () => {
    const asked: string[] = [];
    const other = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => {
        asked.push(url);
        return new Response();
      },
    });
    putAway(() => other.stop(true));
    const url = `http://127.0.0.1:${other.port}/app`;
    const data = scratch({
      "app.json": { version: 5, repository: "app", "repo-registry-id": "app", url, oci_index_data: ["latest"] },
    });
    putAway(data.remove);
    const craned = await serveDirectory(data.path);
    putAway(craned.stop);
    await page.view.navigate(`${craned.origin}/docs`);
    expect(await tryOut("getManifest", { name: "app" })).toMatch(/^302 Found\n(?:.|\n)*another host/);
    expect(asked).toEqual([]);
  }, 60_000);

  test("a password that was entered is sent, and not shown", async () => {
    const hash = await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 });
    const data = scratch({ htpasswd: `alice:${hash}\n` });
    putAway(data.remove);
    const craned = await serveDirectory(data.path, { args: ["--auth-htpasswd", `${data.path}/htpasswd`] });
    putAway(craned.stop);
    await page.view.navigate(`${craned.origin}/docs`);
    expect(await tryOut("checkV2")).toMatch(/^401 Unauthorized\n(?:.|\n)*"code": "UNAUTHORIZED"/);
    await page.view.evaluate(`(() => {
      const form = document.getElementById("credentials");
      form.elements.user.value = "alice";
      form.elements.password.value = "secret";
      form.dispatchEvent(new Event("input", { bubbles: true }));
    })()`);
    expect(await tryOut("checkV2")).toMatch(/^200 OK\n/);
    const curl = await page.view.evaluate<string>(`document.querySelector("#checkV2 .curl").textContent`);
    expect(curl).toBe(`curl -i -u 'alice' '${craned.origin}/v2/'`);
  }, 60_000);

  test.each([
    ["wide", 1280],
    ["narrow", 360],
  ])(
    "nothing sticks out of a %s page",
    async (_, width) => {
      const demo = await startCraned(["demo", "--port", "0"]);
      putAway(demo.stop);
      await page.view.resize(width, 800);
      await page.view.navigate(`${demo.origin}/docs`);
      await page.view.evaluate(`document.querySelectorAll("details").forEach((each) => { each.open = true; })`);
      const overflow = await page.view.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(overflow).toBe(0);
    },
    60_000,
  );
});
