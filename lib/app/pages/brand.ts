import { html } from "./html.ts";

/** The crane, in the colour of the text around it. */
export const MARK = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M4 21h8M8 21V4h12M8 10l6-6M18 4v5"/><path d="M15.5 12h5v5h-5z"/></svg>`;

/** The same for the browser's tab. */
export const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%233a86d6' stroke-width='2.4' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M4 21h8M8 21V4h12M8 10l6-6M18 4v5M15.5 12h5v5h-5z'/%3E%3C/svg%3E";
