import { ICON, MARK } from "./brand.ts";
import { type Html, html, NOTHING, ownText, textOf } from "./html.ts";
import { policyOf } from "./policy.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** A link of the bar at the top. */
export interface NavigationLink {
  readonly href: string;
  readonly text: string;
}

/** The parts in which pages differ. */
interface PageShell {
  readonly title: string;
  readonly brand: string;
  /** Address that the brand links to, if any. */
  readonly home?: string;
  readonly navigation: readonly NavigationLink[];
  /** The link of this page, or of what it belongs to. */
  readonly current: string;
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
export function pageText({ title, brand, home, navigation, current, skipTo, body }: PageShell): string {
  const links = navigation.map(
    ({ href, text }) =>
      html`<li><a href="${href}"${href === current ? html` aria-current="page"` : NOTHING}>${text}</a></li>`,
  );
  const named = html`${MARK}${brand}`;
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
<header class="bar"><div><p class="brand">${home === undefined ? named : html`<a href="${home}">${named}</a>`}</p>
<nav aria-label="Main"><ul>${links}</ul></nav></div></header>
<main>${body}</main>
<script>${ownText(SCRIPT)}</script>
</body>
</html>
`);
}
