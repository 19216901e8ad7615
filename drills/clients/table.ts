/** Makes docs/clients.md of the outcomes. */
import { type Cell, SCENARIOS } from "./scenarios.ts";

/** All cells of one client; without any, why there are none. */
export type Column = { readonly name: string; readonly source: string } & (
  | { readonly version: string; readonly cells: Readonly<Record<string, Cell>> }
  | { readonly absent: string }
);

const MARK: Readonly<Record<Cell["outcome"], string>> = {
  works: "✓",
  refused: "✓",
  lacks: "–",
  limited: "(✗)",
  wrong: "**✗**",
};

const escaped = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll(/\s+/g, " ");

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  return [line(heads), `|${heads.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

function cellsOf(columns: readonly Column[], scenario: string): readonly (readonly [name: string, cell: Cell])[] {
  return columns.flatMap((column) => {
    const cell = "cells" in column ? column.cells[scenario] : undefined;
    return cell === undefined ? [] : [[column.name, cell] as const];
  });
}

const SCENARIO_LIST = Object.entries(SCENARIOS) as readonly (readonly [string, { readonly title: string }])[];

function matrix(columns: readonly Column[]): string {
  const present = columns.filter((column) => "cells" in column);
  const rows = SCENARIO_LIST.map(([scenario, { title }]) => [
    title,
    ...cellsOf(present, scenario).map(([, { outcome }]) => MARK[outcome]),
  ]);
  return table(["", ...present.map(({ name }) => name)], rows);
}

function remarks(columns: readonly Column[], outcome: "limited" | "wrong"): readonly (readonly string[])[] {
  return SCENARIO_LIST.flatMap(([scenario, { title }]) =>
    cellsOf(columns, scenario).flatMap(([name, cell]) => {
      if (cell.outcome !== outcome || !("message" in cell)) return [];
      return [[name, title, "why" in cell ? cell.why : "", `\`${cell.message}\``]];
    }),
  );
}

function complaints(columns: readonly Column[]): readonly (readonly string[])[] {
  return SCENARIO_LIST.flatMap(([scenario, { title }]) =>
    cellsOf(columns, scenario).flatMap(([name, cell]) =>
      cell.outcome === "refused" ? [[title, name, `\`${cell.message}\``]] : [],
    ),
  );
}

function wanting(columns: readonly Column[]): readonly string[] {
  const reasons = new Map<string, string[]>();
  for (const [scenario, { title }] of SCENARIO_LIST) {
    for (const [name, cell] of cellsOf(columns, scenario)) {
      if (cell.outcome !== "lacks") continue;
      const key = `${name}: ${cell.why}`;
      reasons.set(key, [...(reasons.get(key) ?? []), title]);
    }
  }
  return [...reasons].map(([key, titles]) => `- ${key} (${titles.join("; ")})`);
}

function versions(columns: readonly Column[]): string {
  const rows = columns.map((column) => [
    column.name,
    "version" in column ? column.version : `not run: ${column.absent}`,
    column.source,
  ]);
  return table(["client", "version", "where it is from"], rows);
}

/** @param date in ISO 8601 */
export function documentOf(columns: readonly Column[], date: string): string {
  const wrong = remarks(columns, "wrong");
  return `# Clients

Real clients against \`craned\`, as \`bun run drill:clients\` found them on ${date}. It writes this page; a cell that
fails ends it with exit code 1.

${versions(columns)}

All requests are plain HTTP on the loopback. Four registries answer: \`craned demo\`, with a repository of version 6 and
one of version 5, whose static host knows nothing of registries; \`craned serve\` with a password file, over the same
files, with one repository that is \`protected\`, for clients with a certificate; \`craned serve\` that serves the content
itself; and \`craned serve\` with a \`[mirror]\` table, as a mirror of another registry. A pull counts when every manifest,
configuration and layer has arrived with the right hash.

${matrix(columns)}

✓ works; where the answer has to be no, the client says so · – the client has nothing for it · (✗) a limit of the
client · **✗** wrong

No client here speaks v1 any more, but for searches. How docker 1.9 falls back on v1 is
[a test](../tests/clients/docker-v1.test.ts) that sends its requests. The same images from hosts that give every file
the wrong type are [another](../tests/clients/any-host.test.ts). helm, cosign and OpenTofu, each for one kind of artifact,
have [tests](../tests/clients/artifacts.test.ts) as well.
${wrong.length === 0 ? "" : `\n## What is wrong\n\n${table(["client", "asked for", "", "says"], wrong)}\n`}
## Limits of clients

${table(["client", "asked for", "why", "says"], remarks(columns, "limited"))}

A redirect file of version 6 ends the limits of oras and apptainer at tags: craned then sends the digest itself.

## Messages

\`HOST\` is the registry's.

${table(["asked for", "client", "says"], complaints(columns))}

## What clients have nothing for

${wanting(columns).join("\n")}
`;
}
