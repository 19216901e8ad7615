/** What was measured with: the machine, and the versions of all that took part. */
import { cpus, loadavg, release, totalmem } from "node:os";

const VERSIONS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ["nginx", ["nginx", "-v"]],
  ["wrk", ["wrk", "-v"]],
  ["skopeo", ["skopeo", "--version"]],
];

/** The first version number that a program says of itself, or undefined if it is not installed. */
async function versionOf([program = "", ...flags]: readonly string[]): Promise<string | undefined> {
  if (Bun.which(program) === null) return undefined;
  const { stdout, stderr } = await Bun.$`${[program, ...flags]}`.nothrow().quiet();
  return /\d+\.\d+(\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? "of an unknown version";
}

/** More runnable processes than this were there before anything was measured: the figures are worth little. */
const QUIET = 0.5;

/** @returns lines of Markdown */
export async function describeMachine(): Promise<readonly string[]> {
  const { model = "an unknown processor" } = cpus()[0] ?? {};
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const programs = [`Bun ${Bun.version}`];
  for (const [name, command] of VERSIONS) {
    const version = await versionOf(command);
    programs.push(version === undefined ? `no ${name}` : `${name} ${version}`);
  }
  const [running = 0] = loadavg();
  const hardware = `${cpus().length} cores of an ${model.trim()}, ${memory}, Linux ${release().replace(/-.*/, "")}`;
  return [
    `${hardware}; ${programs.join(", ")}.`,
    ...(running > QUIET ? [`The machine was not quiet: ${running.toFixed(1)} processes ran beside.`] : []),
  ];
}
