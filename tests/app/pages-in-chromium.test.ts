/** The pages in a real browser: search while one types, copying, accessibility, and no other host. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import axe from "axe-core";
import { openPage, type Page } from "../harness/chromium.ts";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { describeWith, leftovers } from "../harness/programs.ts";
import { AMD64_DIGEST, PAGE_SAMPLES } from "./page-samples.ts";

setDefaultTimeout(180_000);

const putAway = leftovers();

describeWith(["chromium"], "the pages in Chromium", () => {
  let page: Page;
  let craned: Craned;
  beforeAll(async () => {
    page = await openPage();
    const data = scratch({ ...PAGE_SAMPLES, "broken.json": "{" });
    putAway(data.remove);
    craned = await serveDirectory(data.path, {
      args: ["--management-on-registry-port", "yes", "--pages-notice", "Down on Sunday"],
    });
    putAway(craned.stop);
  });
  // Before the servers, which let its connections end in peace.
  afterAll(() => page.close());

  const textOf = (selector: string) =>
    page.view.evaluate<string>(`document.querySelector(${JSON.stringify(selector)})?.innerText`);

  const PAGES = [
    "/",
    "/?q=nothing+fits",
    "/?in=team",
    "/r/team/app",
    "/r/team/app:latest",
    `/r/team/app@${AMD64_DIGEST}`,
    "/r/charts/app:0.1.0_5",
    "/r/team/blind",
    "/r/team/old:latest",
    "/r/no/such",
    "/crane/repositories",
  ];
  const LOOKS = [
    { scheme: "light", width: 1280 },
    { scheme: "dark", width: 1280 },
    { scheme: "dark", width: 360 },
  ];
  test.each(LOOKS)("axe finds nothing, and nothing is wider than the screen: %p", async ({ scheme, width }) => {
    const { view } = page;
    await view.cdp("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await view.cdp("Emulation.setDeviceMetricsOverride", {
      width,
      height: 800,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    for (const path of PAGES) {
      await view.navigate(craned.origin + path);
      await view.evaluate(`(() => { ${axe.source} })()`);
      const findings = await view.evaluate<unknown>(
        `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`,
      );
      expect([path, findings]).toEqual([path, []]);
      expect(await view.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    }
  });

  test("the list follows what one types, and the address too", async () => {
    const { view, until } = page;
    await view.navigate(`${craned.origin}/`);
    await view.evaluate(`document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true }))`);
    await until(`document.activeElement.id === "q"`);
    await view.evaluate(`(() => {
      const box = document.getElementById("q");
      box.value = "charts";
      box.dispatchEvent(new Event("input", { bubbles: true }));
    })()`);
    await until(`document.querySelectorAll(".repository").length === 1`);
    expect(await textOf(".repository .title")).toBe("charts/app");
    expect(await textOf("#status")).toBe("1 repository with “charts” in the name or description");
    expect(await view.evaluate<string>("location.search")).toBe("?q=charts");
  });

  test("the order of tags stays while one searches them", async () => {
    const { view, until } = page;
    await view.navigate(`${craned.origin}/r/team/app?order=version`);
    await view.evaluate(`(() => {
      const box = document.getElementById("q");
      box.value = "1.";
      box.dispatchEvent(new Event("input", { bubbles: true }));
    })()`);
    await until(`document.querySelectorAll(".tag").length === 2`);
    expect(await textOf(".tag .title")).toBe("1.10.0");
    expect(await view.evaluate<string>("location.search")).toBe("?q=1.&order=version");
  });

  test("a button copies its command", async () => {
    const { view, until } = page;
    await view.cdp("Browser.grantPermissions", {
      permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"],
      origin: craned.origin,
    });
    await view.navigate(`${craned.origin}/r/team/app:latest`);
    await view.evaluate(`document.querySelector(".commands .copy").click()`);
    await until(`document.querySelector(".commands .copy").textContent === "Copied"`);
    expect(await view.evaluate<string>("navigator.clipboard.readText()")).toBe(
      `docker pull 127.0.0.1:${craned.port}/team/app:latest`,
    );
  });

  test("no other host was asked, and no policy complained", () => {
    const others = page.requests.filter((url) => !url.startsWith(`${craned.origin}/`) && !/^(?:data|about):/.test(url));
    expect(others).toEqual([]);
    expect(page.complaints.filter((text) => /Content.Security/i.test(text))).toEqual([]);
  });
});
