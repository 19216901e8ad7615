/** Configurations without end to whoever reads them, and what is wrong with what comes of it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "../../../lib/config/load.ts";
import { describeProblem } from "../../../lib/config/problem.ts";
import { ALL_SETTINGS, flagOf } from "../../../lib/config/schema.ts";
import { COMMAND, runCraned, scratch } from "../../harness/craned.ts";
import { randomOf } from "../random.ts";
import type { Finding, Outcome } from "../requests/engine.ts";
import { type HostileConfiguration, hostileConfiguration } from "./hostile-configuration.ts";

const MAX_FINDINGS = 20;
const MAX_MS = 2000;
/** How long a server may take to say that it listens, or why it does not. */
const PATIENCE_MS = 20_000;
const AT_ONCE = 2;

/** What a trace of calls looks like, which nobody should ever see. */
const TRACE = /^\s+at \S|\bBun v\d|\[native code\]|undefined is not|TypeError|RangeError/m;

const SPECIALS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

const load = ({ file, environment, flags }: HostileConfiguration): LoadedConfig =>
  loadConfig({ flags, environment, readFile: () => ({ kind: "text", text: file }) });

function wrongIn(loaded: LoadedConfig, { file }: HostileConfiguration): string | undefined {
  const problems = loaded.ok ? loaded.warnings : [...loaded.problems, ...loaded.warnings];
  if (!loaded.ok && loaded.problems.length === 0) return "neither a configuration nor a problem";
  const lines = file.split("\n").length;
  for (const problem of problems) {
    const text = describeProblem(problem);
    if (/hunter2.*@/.test(text)) return `the password in ${text}`;
    if (SPECIALS.test(text) || text.length > 600) return `the problem ${JSON.stringify(text)}`;
    if (problem.source.kind === "file" && !((problem.source.line ?? 1) <= lines)) return `the line of ${text}`;
  }
  if (!loaded.ok) return undefined;
  const { auth, cdn, cors, general, management, mirror, server, serveContent } = loaded.config;
  const headers = [auth.realm, auth.token?.realm, auth.token?.service, auth.clientCertHeader, general.endpoint];
  const sent = [...headers, cdn.urlMatch, cdn.urlReplace, serveContent.xAccelRedirect].filter(
    (each) => each !== undefined,
  );
  if (cors.origins.some((origin) => origin !== "*" && URL.parse(origin)?.origin !== origin)) return "the origins";
  const prefixes = [...(mirror?.registries.values() ?? []), mirror?.fallback ?? ""];
  if (prefixes.some((prefix) => !/^(?:[a-z\d][a-z\d._-]*\/)*$/.test(prefix))) return `the prefixes ${prefixes}`;
  if (sent.some((each) => /[^ -~]/.test(each))) return `what is sent in headers: ${JSON.stringify(sent)}`;
  const paths = [
    general.dataDir,
    ...serveContent.linkRoots,
    serveContent.contentDirV1 || "/",
    serveContent.contentDirV2 || "/",
  ];
  if (paths.some((path) => !/^[^\u0000-\u001f\u007f]+$/.test(path))) return `the paths ${JSON.stringify(paths)}`;
  const listens = [...server.listen, ...(management.listen === undefined ? [] : [management.listen])];
  const isSound = listens.every(
    (each) => each.kind === "unix" || (Number.isInteger(each.port) && each.port >= 0 && each.port < 65_536),
  );
  return isSound && server.workers >= 1 && server.workers <= 64
    ? undefined
    : `listens ${JSON.stringify(listens)}, ${server.workers} workers`;
}

/** Loads one configuration, and looks at what comes of it. */
export function tryConfiguration(configuration: HostileConfiguration): string | undefined {
  const from = performance.now();
  try {
    const wrong = wrongIn(load(configuration), configuration);
    return wrong ?? (performance.now() - from > MAX_MS ? `it took ${performance.now() - from} ms` : undefined);
  } catch (error) {
    return `thrown: ${error}`;
  }
}

/** JSON in ASCII. */
const shown = (configuration: HostileConfiguration): string =>
  JSON.stringify(configuration).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** @param count of configurations */
export function fuzzConfigurations(count: number, seed: number): Outcome {
  const findings: Finding[] = [];
  const from = performance.now();
  let inputs = 0;
  for (; inputs < count && findings.length < MAX_FINDINGS; inputs++) {
    const configuration = hostileConfiguration(randomOf(seed, inputs));
    const what = tryConfiguration(configuration);
    if (what !== undefined) findings.push({ what, input: shown(configuration) });
  }
  return { name: "configurations: read", inputs, seconds: (performance.now() - from) / 1000, findings };
}

/** Flags in front of which nothing goes: what would read a whole machine, or listen to the world. */
const SAFE = new Set(["general.data_dir", "server.host", "server.port"]);

const flagsOf = ({ flags }: HostileConfiguration): readonly string[] =>
  ALL_SETTINGS.filter(({ name }) => flags[name] !== undefined && !SAFE.has(name)).map(
    (setting) => `${flagOf(setting)}=${flags[setting.name]}`,
  );

interface Trial {
  readonly configuration: HostileConfiguration;
  /** Of the configuration's file. */
  readonly path: string;
  readonly dataDir: string;
}

/** `craned check` ends, with 0 or 1, and says why in lines that are its own. */
async function tryCheck({ configuration, path, dataDir }: Trial): Promise<string | undefined> {
  const args = ["check", ...flagsOf(configuration), "--config", path, "--data-dir", dataDir];
  const ran = await runCraned(args, configuration.environment);
  const { code: exitCode, out: stdout, err: stderr } = ran;
  if (TRACE.test(stdout + stderr)) return `a trace: ${stdout}${stderr}`;
  if (stderr !== "") return `on stderr: ${stderr}`;
  const strange = stdout
    .trimEnd()
    .split("\n")
    .find((line) => !/^(?:error: |warning: |The configuration is in error|\/.*redirect files)/.test(line));
  if (strange !== undefined) return `the line ${strange}`;
  if (exitCode !== 0 && exitCode !== 1) return `exit code ${exitCode}`;
  return (exitCode === 1) === /^error: /m.test(stdout) ? undefined : `exit code ${exitCode} with ${stdout}`;
}

/** `craned serve` listens, and ends with 0 when it is told to; or it says why not, and ends with 1. */
async function tryServe({ configuration, path, dataDir }: Trial): Promise<string | undefined> {
  const args = [
    "serve",
    ...flagsOf(configuration),
    "--config",
    path,
    "--data-dir",
    dataDir,
    "--host",
    "127.0.0.1",
    "--port",
    "0",
  ];
  const env = { PATH: process.env["PATH"] ?? "", ...configuration.environment };
  const child = Bun.spawn([...COMMAND, ...args], { stdout: "pipe", stderr: "pipe", env });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  let text = "";
  let isListening = false;
  for await (const chunk of child.stderr) {
    text += Buffer.from(chunk).toString();
    if (isListening || !text.includes("listening on")) continue;
    isListening = true;
    child.kill("SIGTERM");
  }
  const exitCode = await child.exited;
  clearTimeout(timer);
  if (TRACE.test(text)) return `a trace: ${text}`;
  if (text.includes("listening on"))
    return exitCode === 0 ? undefined : `listened, and ended with ${exitCode}: ${text}`;
  // With a log that leaves out what is no warning it can't be told that it listens.
  if (child.signalCode === "SIGKILL")
    return /"level"|level|CRANE_LOG/i.test(shown(configuration)) ? undefined : `says nothing: ${text}`;
  return exitCode === 1 && text !== "" ? undefined : `ended with ${exitCode}: ${text}`;
}

/** @param count of configurations, each checked, and each second one served */
export async function fuzzCommands(count: number, seed: number): Promise<Outcome> {
  const place = scratch();
  const dataDir = join(place.path, "data");
  mkdirSync(dataDir);
  const findings: Finding[] = [];
  const from = performance.now();
  let inputs = 0;
  const lane = async (_: unknown, number: number) => {
    while (inputs < count && findings.length < MAX_FINDINGS) {
      const index = inputs++;
      const configuration = hostileConfiguration(randomOf(seed, index));
      const path = place.write(`${number}.conf`, configuration.file);
      const trial = { configuration, path, dataDir };
      const wrong = [await tryCheck(trial), index % 2 === 0 ? await tryServe(trial) : undefined];
      findings.push(
        ...wrong.filter((each) => each !== undefined).map((what) => ({ what, input: shown(configuration) })),
      );
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  } finally {
    place.remove();
  }
  return { name: "configurations: checked and served", inputs, seconds: (performance.now() - from) / 1000, findings };
}
