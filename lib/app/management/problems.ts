import { type Conflict, comparePaths } from "../../core/catalog/catalog.ts";
import { type Fault, visible } from "../../core/redirect-file/fault.ts";
import { counted, countOf, pathOf } from "../pages/format.ts";
import { type Html, html, NOTHING } from "../pages/html.ts";
import { scrollable } from "../pages/table.ts";

/** The faults of a file or a directory, and their effect. */
export interface RedirectFileProblem {
  readonly faults: readonly Fault[];
  /** Whether what it said before is served meanwhile. */
  readonly servesLastGood: boolean;
}

/** A page is read by people; `craned check` tells all. */
const MAX_SHOWN = 100;
/** Few enough to be read before everything else. */
const MAX_OPEN = 5;

function faultRows(path: string, { faults, servesLastGood }: RedirectFileProblem): readonly Html[] {
  const served = servesLastGood ? "its last good state" : "nothing";
  return faults.map(
    ({ field, expected, received }) => html`<tr><th scope="row">${pathOf(path)}</th>
<td>${field === "" ? html`<span class="quiet">whole file</span>` : html`<code>${visible(field)}</code>`}</td>
<td>${visible(expected)}</td><td>${visible(received)}</td><td>${served}</td></tr>
`,
  );
}

const conflictRow = ({ path, servedFrom, name }: Conflict): Html =>
  html`<tr><th scope="row">${pathOf(path)}</th><td>${name}</td><td>${pathOf(servedFrom)}</td></tr>
`;

/** A heading that opens a table. */
function section(
  id: "faults" | "conflicts",
  title: string,
  count: number,
  head: Html,
  rows: readonly Html[],
  note: Html,
): Html {
  return html`<section class="card problems ${id}" aria-labelledby="${id}"><details${count <= MAX_OPEN ? html` open` : NOTHING}>
<summary><h2 id="${id}">${title}</h2></summary>${note}
${scrollable(
  `${title}, as a table`,
  html`<table><thead><tr>${head}</tr></thead>
<tbody>${rows}</tbody></table>`,
)}</details></section>
`;
}

const cutNote = (count: number): Html =>
  count > MAX_SHOWN
    ? html`<p class="note">These are the first ${counted(MAX_SHOWN)}; <code>craned check</code> tells all.</p>`
    : NOTHING;

/** The files and directories in error, in the order of their paths. */
export function faultSection(problems: ReadonlyMap<string, RedirectFileProblem>): Html {
  if (problems.size === 0) return NOTHING;
  const sorted = [...problems].sort(([a], [b]) => comparePaths(a, b)).slice(0, MAX_SHOWN);
  const head = html`<th scope="col">Path</th><th scope="col">Field</th><th scope="col">Expected</th>
<th scope="col">Received</th><th scope="col">Served meanwhile</th>`;
  const rows = sorted.flatMap(([path, problem]) => faultRows(path, problem));
  return section(
    "faults",
    `${countOf(problems.size, "file")} in error`,
    problems.size,
    head,
    rows,
    cutNote(problems.size),
  );
}

/** The files that are passed over because another with their name comes first. */
export function conflictSection(conflicts: readonly Conflict[]): Html {
  if (conflicts.length === 0) return NOTHING;
  const head = html`<th scope="col">Path</th><th scope="col">Repository</th><th scope="col">Served from</th>`;
  const rows = conflicts.slice(0, MAX_SHOWN).map(conflictRow);
  const title = `${countOf(conflicts.length, "file")} passed over`;
  return section("conflicts", title, conflicts.length, head, rows, cutNote(conflicts.length));
}
