import { answerOf, type OpenApiDocument, type PathOperation } from "../openapi/document.ts";
import type { Answered, Header, Media, Reference } from "../openapi/operation.ts";
import { type Html, html, NOTHING } from "../pages/html.ts";
import { line, prose } from "./prose.ts";

const REASONS: Readonly<Record<string, string>> = {
  "200": "OK",
  "201": "Created",
  "206": "Partial Content",
  "302": "Found",
  "304": "Not Modified",
  "400": "Bad Request",
  "401": "Unauthorized",
  "404": "Not Found",
  "405": "Method Not Allowed",
  "412": "Precondition Failed",
  "414": "URI Too Long",
  "416": "Range Not Satisfiable",
  "429": "Too Many Requests",
  "431": "Request Header Fields Too Large",
  "500": "Internal Server Error",
  "502": "Bad Gateway",
  "503": "Service Unavailable",
  "504": "Gateway Timeout",
};

function headerRow([name, { description, required, schema }]: readonly [string, Header]): Html {
  const value = "const" in schema ? html` <code>${String(schema["const"])}</code>` : NOTHING;
  const when = required === true ? NOTHING : html` <small>not always</small>`;
  return html`<div><dt><code>${name}</code>${when}</dt><dd>${line(description)}${value}</dd></div>`;
}

/** The first example; errors have one for each code, which differ in little else. */
function exampleOf({ example, examples = {} }: Media): unknown {
  return example ?? Object.values(examples)[0]?.value;
}

function body([type, media]: readonly [string, Media]): Html {
  const example = exampleOf(media);
  if (example === undefined) return html`<p class="type"><code>${type}</code></p>`;
  const text = type.startsWith("text/") ? String(example) : JSON.stringify(example, null, 2);
  return html`<p class="type"><code>${type}</code></p><pre tabindex="0">${text}</pre>`;
}

/** What fits into a line: of several cases, what each is called. */
function gist(description: string): Html {
  const cases = description.split("\n\n");
  return line(cases.length === 1 ? description : cases.map((each) => each.split(":", 1)[0] ?? "").join(", "));
}

function answer(status: string, { description, headers = {}, content = {} }: Answered): Html {
  return html`<details class="answer"><summary><span class="status s${status.slice(0, 1)}">${status}</span>
<span class="what"><b>${REASONS[status] ?? ""}</b> <span class="gist">${gist(description)}</span></span></summary>
<div>${prose(description)}<dl class="headers">${Object.entries(headers).map(headerRow)}</dl>${Object.entries(content).map(body)}</div></details>`;
}

/** All that an operation may be answered, and what any other method is. */
export function answers(document: OpenApiDocument, { responses }: PathOperation, others: Reference): Html {
  const all: readonly (readonly [string, Answered | Reference])[] = [...Object.entries(responses), ["405", others]];
  const sorted = [...all].sort(([one], [other]) => Number(one) - Number(other));
  const shown = sorted.map(([status, value]) => {
    const known = answerOf(document, value);
    return known === undefined ? NOTHING : answer(status, known);
  });
  return html`<h4>Answers</h4><div class="answers">${shown}</div>`;
}
