/** `bun run drill:clients`: asks real clients for all they can do, and writes docs/clients.md. Installs nothing. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../../tests/harness/craned.ts";
import { whereIs } from "../../tests/harness/programs.ts";
import { apptainer } from "./apptainer.ts";
import { buildah, podman } from "./containers-storage.ts";
import { crane } from "./crane.ts";
import { ctr } from "./ctr.ts";
import { docker } from "./docker.ts";
import { ABSENT } from "./expected.ts";
import { oras } from "./oras.ts";
import { regctl } from "./regctl.ts";
import { ask, type Cell, type Client, SCENARIOS, type Scenario, type Session } from "./scenarios.ts";
import { type Sites, startSites } from "./sites.ts";
import { skopeo } from "./skopeo.ts";
import { type Column, documentOf } from "./table.ts";

const CLIENTS: readonly Client[] = [docker, ctr, skopeo, podman, buildah, oras, crane, regctl, apptainer];
const SCENARIO_LIST = Object.entries(SCENARIOS) as readonly (readonly [keyof typeof SCENARIOS, Scenario])[];

/** Replaces ports, directories and long digests in a message, so that the page changes only with the outcome. */
function settled(cell: Cell, { demo, closed, serving, mirror }: Sites, directory: string): Cell {
  if (!("message" in cell)) return cell;
  let { message } = cell;
  for (const host of [demo, closed, serving, mirror]) message = message.replaceAll(host, "HOST");
  return { ...cell, message: message.replaceAll(directory, "DIRECTORY").replaceAll(ABSENT, "sha256:0…0") };
}

async function askAll(
  { ways, isTerse }: Session,
  sites: Sites,
  directory: string,
): Promise<Readonly<Record<string, Cell>>> {
  const cells: [string, Cell][] = [];
  for (const [scenario, what] of SCENARIO_LIST) {
    const cell = settled(await ask(what, ways[scenario], isTerse), sites, directory);
    console.log(`  ${cell.outcome.padEnd(8)} ${what.title}${"message" in cell ? `: ${cell.message}` : ""}`);
    cells.push([scenario, cell]);
  }
  return Object.fromEntries(cells);
}

async function columnOf(client: Client, sites: Sites, directory: string): Promise<Column> {
  const { name, source } = client;
  const missing = client.programs.filter((program) => whereIs(program) === null);
  if (missing.length > 0) {
    console.log(`${name}: no ${missing.join(", no ")} here; get it by ${source}`);
    return { name, source, absent: `no ${missing.join(", no ")} there` };
  }
  mkdirSync(directory);
  const session = await client.open(sites, directory).catch((error: Error) => error);
  if (session instanceof Error) {
    console.log(`${name}: ${session.message}`);
    return { name, source, absent: session.message };
  }
  console.log(`${name} ${session.version}`);
  try {
    return { name, source, version: session.version, cells: await askAll(session, sites, directory) };
  } finally {
    await session.close?.();
  }
}

const work = scratch();
const sites = await startSites();
const columns: Column[] = [];
try {
  for (const client of CLIENTS)
    columns.push(await columnOf(client, sites, join(work.path, client.name.replace(" ", "-"))));
} finally {
  await sites.stop();
  work.remove();
}
const path = join(import.meta.dir, "../../docs/clients.md");
await Bun.write(path, documentOf(columns, new Date().toISOString().slice(0, 10)));
const isWrong = columns.some(
  (column) => "cells" in column && Object.values(column.cells).some((cell) => cell.outcome === "wrong"),
);
const isIncomplete = columns.some((column) => "absent" in column);
process.exitCode = isWrong || isIncomplete ? 1 : 0;
