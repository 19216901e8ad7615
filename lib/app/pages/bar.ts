/** The bar at the top of all pages: of Swagger UI too, which has a style of its own. */
import { MARK } from "./brand.ts";
import { type Html, html, NOTHING } from "./html.ts";

/** A link of the bar. */
export interface NavigationLink {
  readonly href: string;
  readonly text: string;
}

export interface Bar {
  readonly brand: string;
  /** Address that the brand links to, if any. */
  readonly home?: string | undefined;
  readonly navigation: readonly NavigationLink[];
  /** The link of this page, or of what it belongs to. */
  readonly current: string;
}

export function bar({ brand, home, navigation, current }: Bar): Html {
  const links = navigation.map(
    ({ href, text }) =>
      html`<li><a href="${href}"${href === current ? html` aria-current="page"` : NOTHING}>${text}</a></li>`,
  );
  const named = html`${MARK}${brand}`;
  return html`<header class="bar"><div><p class="brand">${home === undefined ? named : html`<a href="${home}">${named}</a>`}</p>
<nav aria-label="Main"><ul>${links}</ul></nav></div></header>`;
}

/** Style of the bar, which needs the palette. */
export const BAR_STYLE = `.bar { background: var(--card); border-bottom: 1px solid var(--line); }
.bar > div { max-width: 76rem; margin: 0 auto; padding: 0 1.5rem; display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 2rem; }
.brand { margin: 0; padding: .75rem 0; display: flex; align-items: center; gap: .6rem; font-weight: 650; letter-spacing: .01em; }
.brand a { display: flex; align-items: center; gap: .6rem; color: inherit; text-decoration: none; }
.brand svg { width: 1.6rem; height: 1.6rem; color: var(--accent); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem; margin: 0; padding: 0; list-style: none; }
nav a, nav .here { display: block; padding: .35rem .8rem; border-radius: 999px; color: var(--quiet); text-decoration: none; }
nav a:hover { background: var(--accent-ground); color: var(--ink); }
nav a[aria-current] { background: var(--accent-ground); color: var(--accent); font-weight: 600; }
@media (max-width: 40rem) { .bar > div { padding-inline: 1rem; } .bar nav a { padding-inline: .6rem; } }
`;
