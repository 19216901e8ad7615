import { ICON } from "./brand.ts";
import { type Html, html, ownText, textOf } from "./html.ts";

/** What makes one page differ from another. */
interface Shell {
  readonly title: string;
  readonly style: string;
  readonly script: string;
  /** Leads those who don't use a mouse past what all pages begin with. */
  readonly skip: { readonly to: string; readonly text: string };
  readonly body: Html;
}

/** A whole HTML document; search engines are told to leave it alone. */
export function pageText({ title, style, script, skip, body }: Shell): string {
  return textOf(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${ownText(style)}</style>
</head>
<body>
<a class="skip" href="${skip.to}">${skip.text}</a>
${body}
<script>${ownText(script)}</script>
</body>
</html>
`);
}
