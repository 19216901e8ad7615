import type { Parameter } from "../openapi/operation.ts";
import { type Html, html, NOTHING } from "../pages/html.ts";
import { line } from "./prose.ts";

/** A request that a form makes. */
interface Tried {
  readonly id: string;
  readonly methods: readonly string[];
  readonly path: string;
  readonly parameters: readonly Parameter[];
}

/** What is asked for if nobody says anything else; only what has to be given is. */
const startOf = ({ in: place, required, name, example }: Parameter): string =>
  (required === true || (place === "header" && name === "Accept")) && example !== undefined ? String(example) : "";

function field(id: string, parameter: Parameter): Html {
  const { name, in: place, required = false, description, schema, example } = parameter;
  const fieldId = `${id}-${name}`;
  const attributes = html`id="${fieldId}" name="${name}" data-in="${place}" aria-describedby="${fieldId}-about"${required ? html` required` : NOTHING}${parameter["x-multi-segment"] === true ? html` data-slashes` : NOTHING}`;
  const choices = schema["enum"];
  const input = Array.isArray(choices)
    ? html`<select ${attributes}>${choices.map((each) => html`<option${each === example ? html` selected` : NOTHING}>${String(each)}</option>`)}</select>`
    : html`<input ${attributes} value="${startOf(parameter)}" placeholder="${required || example === undefined ? "" : String(example)}" autocomplete="off" autocapitalize="none" spellcheck="false">`;
  return html`<div class="field"><label for="${fieldId}">${name} <small>${place}${required ? "" : ", optional"}</small></label>
${input}<p id="${fieldId}-about">${line(description)}</p></div>`;
}

/** The parameters of an operation, to be filled in and sent. The script does the sending. */
export function tryForm({ id, methods, path, parameters }: Tried): Html {
  const essential = parameters.filter(({ in: place, name }) => place !== "header" || name === "Accept");
  const rest = parameters.filter((each) => !essential.includes(each));
  const more =
    rest.length === 0
      ? NOTHING
      : html`<details class="more"><summary>Conditions and parts</summary>${rest.map((each) => field(id, each))}</details>`;
  const method =
    methods.length === 1
      ? html`<input type="hidden" name="method" value="${methods[0] ?? ""}">`
      : html`<select name="method" aria-label="Method">${methods.map((each) => html`<option>${each}</option>`)}</select>`;
  return html`<form class="try" data-path="${path}">
<h4>Try it</h4>${essential.map((each) => field(id, each))}${more}
<pre class="curl" tabindex="0" aria-label="The same with curl"></pre>
<p class="send">${method}<button>Send</button><button type="button" class="copy">Copy curl</button></p>
<div class="result" role="status" aria-live="polite"></div></form>`;
}
