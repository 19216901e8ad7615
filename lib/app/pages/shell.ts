import { type Bar, bar } from "./bar.ts";
import { ICON } from "./brand.ts";
import { type Html, html, ownText, textOf } from "./html.ts";
import { policyOf } from "./policy.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** The parts in which pages differ. */
interface PageShell extends Bar {
  readonly title: string;
  /** Id of what follows what all pages begin with. */
  readonly skipTo: string;
  readonly body: Html;
}

/** Headers of every page: it runs its own script, wears its own style, and is not to be embedded or guessed at. */
export const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  // A search box is a form like any other where the script does not run.
  "Content-Security-Policy": policyOf({ script: SCRIPT, style: STYLE, sendsForms: true }),
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** A whole HTML document; search engines are told to leave it alone. */
export function pageText({ title, skipTo, body, ...shown }: PageShell): string {
  return textOf(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${ownText(STYLE)}</style>
</head>
<body>
<a class="skip" href="#${skipTo}">Skip to the content</a>
${bar(shown)}
<main>${body}</main>
<script>${ownText(SCRIPT)}</script>
</body>
</html>
`);
}
