/** A real browser, headless, with a profile of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whereIs } from "./programs.ts";

/** One page, and all that it asked the network for or complained of. */
export interface Page {
  readonly view: Bun.WebView;
  /** URLs in their order; a redirect's target too, even where it is not followed. */
  readonly requests: readonly string[];
  /** What the browser said of errors and of what a policy forbids. */
  readonly complaints: readonly string[];
  /** Evaluates an expression until it is true; the test's own time limit ends it. */
  readonly until: (expression: string) => Promise<void>;
  readonly close: () => void;
}

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens an empty page. */
export async function openPage({ width = 1280, height = 900 } = {}): Promise<Page> {
  const directory = mkdtempSync(join(tmpdir(), "craned-chromium-"));
  const view = new Bun.WebView({
    width,
    height,
    dataStore: { directory },
    backend: { type: "chrome", path: whereIs("chromium") ?? "chromium", argv: FLAGS },
  });
  await view.navigate("about:blank");
  const requests: string[] = [];
  const complaints: string[] = [];
  await view.cdp("Network.enable");
  await view.cdp("Log.enable");
  view.addEventListener<{ request: { url: string } }>("Network.requestWillBeSent", ({ data }) => {
    requests.push(data.request.url);
  });
  view.addEventListener<{ entry: { text: string } }>("Log.entryAdded", ({ data }) => complaints.push(data.entry.text));
  return {
    view,
    requests,
    complaints,
    async until(expression) {
      while ((await view.evaluate<boolean>(`Boolean(${expression})`)) !== true) await Bun.sleep(20);
    },
    close() {
      view.close();
      Bun.WebView.closeAll();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
