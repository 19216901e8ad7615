/** Settings of this machine for registries: certificates of docker and podman, and podman's registries.conf. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import * as v from "valibot";
import { codeOf, isAbsent } from "../../system-error.ts";
import { fields, listOf, optional } from "../json-file.ts";
import { broken } from "../publish-error.ts";
import type { RegistryAccess } from "./access.ts";
import type { RegistryAddress } from "./address.ts";

/** TLS options of a connection. */
export interface TlsSettings {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

async function unlessMissing<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === "EACCES") return undefined;
    throw error;
  }
}

/** Lists the directories of podman and docker, which have one directory per registry. @see containers-certs.d(5) */
function certificateDirectories({ HOME }: RegistryAccess["environment"]): readonly string[] {
  const own = HOME ? [join(HOME, ".config/containers/certs.d")] : [];
  return [...own, "/etc/containers/certs.d", "/etc/docker/certs.d"];
}

/** Authorities in `*.crt`, and a client's certificate in `*.cert` with its `*.key`. */
async function certificatesFor(
  host: string,
  environment: RegistryAccess["environment"],
): Promise<Omit<TlsSettings, "rejectUnauthorized">> {
  for (const above of certificateDirectories(environment)) {
    const directory = join(above, host);
    const names = (await unlessMissing(readdir(directory)))?.sort();
    if (names === undefined) continue;
    const read = (name: string) => readFile(join(directory, name), "utf8");
    const authorities = await Promise.all(names.filter((name) => name.endsWith(".crt")).map(read));
    const certificate = names.find((name) => name.endsWith(".cert"));
    const key = certificate?.replace(/cert$/, "key");
    if (key !== undefined && !names.includes(key)) throw broken(join(directory, key), "", "a file", "nothing");
    return {
      ...(authorities.length > 0 && { ca: [...rootCertificates, ...authorities] }),
      ...(certificate !== undefined && key !== undefined && { cert: await read(certificate), key: await read(key) }),
    };
  }
  return {};
}

const text = v.string("a string");
const flag = optional(v.boolean("true or false"));

/** How podman lets files name its own logins; others are programs. */
const OWN_LOGINS = "containers-auth.json";

const registriesFile = fields({
  "credential-helpers": listOf(text, "an array of names"),
  /** In files of the first version. */
  registries: optional(fields({ insecure: optional(fields({ registries: listOf(text, "an array of registries") })) })),
  registry: listOf(
    fields({
      prefix: optional(text),
      location: optional(text),
      insecure: flag,
      blocked: flag,
      mirror: listOf(v.unknown(), "an array of mirrors"),
    }),
    "an array of registries",
  ),
});

const ENTRY = { prefix: undefined, location: undefined, insecure: undefined, blocked: undefined, mirror: [] };

type RegistryEntry = v.InferOutput<typeof registriesFile>["registry"][number] & { readonly file: string };

/** Every `[[registry]]`, of podman's own files or else of the system's. @see containers-registries.conf(5) */
async function registryEntries(
  { HOME }: RegistryAccess["environment"],
  warn: (text: string) => void,
): Promise<readonly RegistryEntry[]> {
  for (const above of [...(HOME ? [join(HOME, ".config/containers")] : []), "/etc/containers"]) {
    const dropIns = (await unlessMissing(readdir(join(above, "registries.conf.d")))) ?? [];
    const names = dropIns.filter((name) => name.endsWith(".conf")).sort();
    const entries: RegistryEntry[] = [];
    let isThere = false;
    for (const file of ["registries.conf", ...names.map((name) => `registries.conf.d/${name}`)].map((each) =>
      join(above, each),
    )) {
      const content = await unlessMissing(readFile(file, "utf8"));
      if (content === undefined) continue;
      isThere = true;
      const read = v.safeParse(registriesFile, parseToml(content, file));
      if (!read.success) throw broken(file, v.getDotPath(read.issues[0]) ?? "", read.issues[0].message, "other");
      const { registry, registries, "credential-helpers": helpers } = read.output;
      const programs = helpers.filter((name) => name !== OWN_LOGINS).join(", ");
      if (programs !== "") warn(`${file}: credential-helpers: ${programs}: not heeded (give --src-creds)`);
      const insecure = registries?.insecure?.registries ?? [];
      entries.push(
        ...registry.map((each) => ({ ...each, file })),
        ...insecure.map((location) => ({ ...ENTRY, location, insecure: true, file })),
      );
    }
    if (isThere) return entries;
  }
  return [];
}

function parseToml(content: string, file: string): unknown {
  try {
    return Bun.TOML.parse(content);
  } catch {
    throw broken(file, "", "TOML", "other text");
  }
}

/** The most specific entry for a repository, such as `registry.example/team`. */
function entryFor(entries: readonly RegistryEntry[], repository: string): RegistryEntry | undefined {
  const [host = ""] = repository.split("/");
  const covers = ({ prefix, location }: RegistryEntry) => {
    const covered = prefix ?? location ?? "";
    if (covered.startsWith("*.")) return host.replace(/:\d+$/, "").endsWith(covered.slice(1));
    return covered !== "" && (repository === covered || repository.startsWith(`${covered}/`));
  };
  const length = ({ prefix, location = "" }: RegistryEntry) => (prefix ?? location).length;
  // Of two for the same, the later file counts.
  const [first] = entries
    .filter(covers)
    .toReversed()
    .sort((a, b) => length(b) - length(a));
  return first;
}

/**
 * Finds how a registry is reached from this machine.
 *
 * @param warn receives settings that are ignored
 * @throws {PublishError} when a file is broken
 */
export async function hostSettings(
  { host, account, name }: RegistryAddress,
  { verifyTls, environment }: RegistryAccess,
  warn: (text: string) => void,
): Promise<TlsSettings> {
  const entry = entryFor(await registryEntries(environment, warn), `${account}/${name}`);
  const location = entry?.location || account;
  const unread = [
    ...(entry?.blocked === true ? ["blocked"] : []),
    ...((entry?.mirror.length ?? 0) > 0 ? ["mirror"] : []),
    ...(location !== (entry?.prefix ?? location) ? ["location"] : []),
  ];
  if (entry !== undefined && unread.length > 0) {
    warn(`${entry.file}: ${unread.join(", ")} of ${entry.prefix ?? location}: not heeded, ${host} itself is asked`);
  }
  return {
    rejectUnauthorized: verifyTls && entry?.insecure !== true,
    ...(await certificatesFor(account, environment)),
  };
}
