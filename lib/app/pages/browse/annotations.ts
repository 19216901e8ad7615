/** Annotations of manifests and labels of images: those that are known by their own names, the others as they are. */

import { timeIn } from "../../../core/redirect-file/created.ts";
import { cutText, dateOf } from "../format.ts";
import { type Html, html, NOTHING } from "../html.ts";

const PREFIX = "org.opencontainers.image.";

/** In the order of the page. @see OCI image-spec "Pre-Defined Annotation Keys" */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ["title", "Title"],
  ["description", "Description"],
  ["version", "Version"],
  ["created", "Created"],
  ["source", "Source"],
  ["revision", "Revision"],
  ["licenses", "Licences"],
  ["vendor", "Vendor"],
  ["authors", "Authors"],
  ["url", "Website"],
  ["documentation", "Documentation"],
  ["ref.name", "Reference"],
  ["base.name", "Base image"],
  ["base.digest", "Base image's digest"],
]);

const COMMIT = /^[0-9a-f]{7,64}$/;
/** Hosts whose commits are at `/commit/` below a repository. */
const FORGE = /^https:\/\/(?:github\.com|gitlab\.com|codeberg\.org)\/[\w.-]+\/[\w./-]+$/;

const MAX_OTHERS = 50;

/** Only web addresses become links. */
function linkTo(text: string): Html | undefined {
  if (!/^https?:\/\/[^\s]{1,1000}$/.test(text) || !URL.canParse(text)) return undefined;
  return html`<a href="${text}" rel="noreferrer nofollow">${text}</a>`;
}

function shownValue(name: string, text: string, all: Readonly<Record<string, string>>): Html {
  if (name === "created") {
    const time = timeIn(text);
    if (time !== undefined) return dateOf(time);
  }
  const source = all[`${PREFIX}source`]?.replace(/(?:\.git)?\/?$/, "") ?? "";
  if (name === "revision" && COMMIT.test(text) && FORGE.test(source)) {
    return html`<a href="${source}/commit/${text}" rel="noreferrer nofollow"><code>${text}</code></a>`;
  }
  return linkTo(text) ?? html`${cutText(text)}`;
}

/** A section of annotations or labels; nothing where there are none. */
export function annotationList(id: string, title: string, all: Readonly<Record<string, string>>): Html {
  const known = [...KNOWN].flatMap(([key, name]) => {
    const text = all[PREFIX + key];
    return text === undefined || text === ""
      ? []
      : [
          html`<div><dt>${name}</dt><dd>${shownValue(key, text, all)}</dd></div>
`,
        ];
  });
  const others = Object.entries(all)
    .filter(([key]) => !key.startsWith(PREFIX) || !KNOWN.has(key.slice(PREFIX.length)))
    .slice(0, MAX_OTHERS)
    .map(
      ([key, text]) => html`<div><dt><code>${key}</code></dt><dd>${linkTo(text) ?? cutText(text)}</dd></div>
`,
    );
  if (known.length + others.length === 0) return NOTHING;
  return html`<section class="card" aria-labelledby="${id}"><h2 id="${id}">${title}</h2><dl class="pairs">${[...known, ...others]}</dl></section>`;
}
