import { type Conflict, comparePaths } from "../../core/catalog/catalog.ts";
import { type FileFault, visible, type Warning } from "../../core/redirect-file/fault.ts";
import { counted, countOf, pathOf } from "../pages/format.ts";
import { type Html, html, NOTHING } from "../pages/html.ts";
import { scrollable } from "../pages/table.ts";

/** A page is read by people; `craned check` tells all. */
const MAX_SHOWN = 100;
/** Few enough to be read before everything else. */
const MAX_OPEN = 5;

const fieldCell = (field: string): Html =>
  html`<td>${field === "" ? html`<span class="quiet">whole file</span>` : html`<code>${visible(field)}</code>`}</td>`;

function faultRows(path: string, { faults, servesLastGood }: FileFault): readonly Html[] {
  const served = servesLastGood ? "its last good state" : "nothing";
  return faults.map(
    ({ field, expected, received }) => html`<tr><th scope="row">${pathOf(path)}</th>
${fieldCell(field)}
<td>${visible(expected)}</td><td>${visible(received)}</td><td>${served}</td></tr>
`,
  );
}

const warningRows = (path: string, warnings: readonly Warning[]): readonly Html[] =>
  warnings.map(
    ({
      field,
      message,
    }) => html`<tr><th scope="row">${pathOf(path)}</th>${fieldCell(field)}<td>${visible(message)}</td></tr>
`,
  );

const conflictRow = ({ path, servedFrom, name }: Conflict): Html =>
  html`<tr><th scope="row">${pathOf(path)}</th><td>${name}</td><td>${pathOf(servedFrom)}</td></tr>
`;

/** A heading that opens a table. */
function section(
  id: "faults" | "conflicts" | "warnings",
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

/** The first files in the order of their paths. */
const firstOf = <Of>(byPath: ReadonlyMap<string, Of>): readonly (readonly [path: string, Of])[] =>
  [...byPath].sort(([a], [b]) => comparePaths(a, b)).slice(0, MAX_SHOWN);

/** The files and directories in error. */
export function faultSection(faults: ReadonlyMap<string, FileFault>): Html {
  if (faults.size === 0) return NOTHING;
  const head = html`<th scope="col">Path</th><th scope="col">Field</th><th scope="col">Expected</th>
<th scope="col">Received</th><th scope="col">Served meanwhile</th>`;
  const rows = firstOf(faults).flatMap(([path, fault]) => faultRows(path, fault));
  return section("faults", `${countOf(faults.size, "file")} in error`, faults.size, head, rows, cutNote(faults.size));
}

/** The files that are served, but say something that is ignored or may surprise. */
export function warningSection(warnings: ReadonlyMap<string, readonly Warning[]>): Html {
  if (warnings.size === 0) return NOTHING;
  const head = html`<th scope="col">Path</th><th scope="col">Field</th><th scope="col">Warning</th>`;
  const rows = firstOf(warnings).flatMap(([path, each]) => warningRows(path, each));
  const title = `${countOf(warnings.size, "file")} with warnings`;
  return section("warnings", title, warnings.size, head, rows, cutNote(warnings.size));
}

/** The files that are passed over because another with their name comes first. */
export function conflictSection(conflicts: readonly Conflict[]): Html {
  if (conflicts.length === 0) return NOTHING;
  const head = html`<th scope="col">Path</th><th scope="col">Repository</th><th scope="col">Served from</th>`;
  const rows = conflicts.slice(0, MAX_SHOWN).map(conflictRow);
  const title = `${countOf(conflicts.length, "file")} passed over`;
  return section("conflicts", title, conflicts.length, head, rows, cutNote(conflicts.length));
}
