import { type Html, html } from "./html.ts";

/** A table that is scrolled sideways where the page is narrow, with the keyboard too. @param label of the region */
export const scrollable = (label: string, table: Html): Html =>
  html`<div class="wide" role="region" tabindex="0" aria-label="${label}">${table}</div>`;
