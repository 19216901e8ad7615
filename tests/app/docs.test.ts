/** Swagger UI in a real browser: it works without a network, and says where redirects lead. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { openPage, type Page } from "../harness/chromium.ts";
import { scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { describeWith, leftovers } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import { v5 } from "../harness/redirect-files.ts";

setDefaultTimeout(120_000);

const putAway = leftovers();

test("the page lets nothing run but files of this server, and is the same until it changes", async () => {
  const data = scratch();
  putAway(data.remove);
  const craned = await serveDirectory(data.path, { args: ["--management-listen", "off"] });
  putAway(craned.stop);
  const { headers, status, body } = await ask(craned.port, "/docs");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self'; ");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  const links = [...body.matchAll(/<(?:link|script)[^>]* (?:src|href)="(?!data:)([^"]*)"/g)].map(
    ([, link = ""]) => link,
  );
  expect(links.length).toBe(4);
  for (const link of links) {
    const first = await ask(craned.port, `/${link}`);
    const again = await ask(craned.port, `/${link}`, {
      headers: { "If-None-Match": first.headers.get("etag") ?? "" },
    });
    expect([link, first.status, again.status]).toEqual([link, 200, 304]);
  }
});

describeWith(["chromium"], "the page in Chromium", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage({ height: 1200 });
  });
  // Before the servers, which let its connections end in peace.
  afterAll(() => page.close());

  const MANIFEST = `document.getElementById("operations-v2-getManifest")`;
  const RESULT = `${MANIFEST}.querySelector(".live-responses-table tbody .response-col_status")`;

  /** Opens the operation by its link. */
  async function openManifest(origin: string): Promise<void> {
    await page.view.navigate(`${origin}/docs#/v2/getManifest`);
    await page.until(`${MANIFEST}?.querySelector(".execute")`);
  }

  /** Fills in the name, sends the request and returns what the page shows. */
  async function execute(name: string): Promise<{ status: string; shown: string; curl: string }> {
    const { view, until } = page;
    const field = `${MANIFEST}.querySelector('tr[data-param-name="name"] input')`;
    await view.evaluate(`${MANIFEST}.querySelector(".btn-clear")?.click()`);
    // Looking and setting are one step: the page draws the field again while it is made ready.
    await until(`!${RESULT} && ((field) => {
      if (!field || field.disabled) return false;
      // React sees a value only if it is set past its own setter.
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, ${JSON.stringify(name)});
      return field.dispatchEvent(new Event("input", { bubbles: true }));
    })(${field})`);
    // Swagger UI takes the value over some time after the last key, or when the field is left.
    await view.evaluate(`${field}.dispatchEvent(new FocusEvent("focusout", { bubbles: true }))`);
    await view.evaluate(`${MANIFEST}.querySelector(".execute").click()`);
    await until(RESULT);
    const textOf = (selector: string) => view.evaluate<string>(`${MANIFEST}.querySelector("${selector}").innerText`);
    return {
      status: await view.evaluate<string>(`${RESULT}.innerText`),
      shown: await textOf(".live-responses-table"),
      curl: await textOf(".request-snippets"),
    };
  }

  test("a manifest is tried out, and no other host is asked", async () => {
    const demo = await startCraned(["demo", "--port", "0"]);
    putAway(demo.stop);
    const document = await (await fetch(`${demo.origin}/openapi.json`)).text();
    expect(document).not.toContain('"/metrics"');
    await openManifest(demo.origin);
    const { status, shown, curl } = await execute("demo/hello");
    expect(status).toStartWith("200");
    expect(shown).toContain('"mediaType": "application/vnd.oci.image.index.v1+json"');
    expect(curl).toContain(`${demo.origin}/v2/demo/hello/manifests/latest`);
    const unknown = await execute("no/such");
    expect(unknown.status).toStartWith("404");
    expect(unknown.shown).toContain('"code": "NAME_UNKNOWN"');
    expect(page.requests.filter((url) => !url.startsWith(`${demo.origin}/`) && !/^(?:data|about):/.test(url))).toEqual(
      [],
    );
    expect(page.complaints.filter((text) => /Content.Security/i.test(text))).toEqual([]);
  });

  test("a redirect to another host is explained, and the other host is not asked", async () => {
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
    const data = scratch({ "app.json": v5("app", { url, oci_index_data: ["latest"] }) });
    putAway(data.remove);
    const craned = await serveDirectory(data.path, { args: ["--management-listen", "off"] });
    putAway(craned.stop);
    await openManifest(craned.origin);
    const { status, shown } = await execute("app");
    expect(status).toStartWith("302");
    expect(shown).toContain(`${url}/manifests/index/latest`);
    expect(shown).toContain("redirect to another host");
    expect(asked).toEqual([]);
  });

  test("the page is dark or light as the system is", async () => {
    const data = scratch();
    putAway(data.remove);
    const craned = await serveDirectory(data.path, { args: ["--management-listen", "off"] });
    putAway(craned.stop);
    const { view, until } = page;
    await view.navigate(`${craned.origin}/docs`);
    await until(`document.querySelector(".swagger-ui .info")`);
    for (const value of ["dark", "light"]) {
      await view.cdp("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
      const ground = "getComputedStyle(document.documentElement).backgroundColor";
      await until(`(/^rgb\\(([0-6]?\\d),/.test(${ground})) === ${value === "dark"}`);
    }
  });
});
