/** Finds the login for a registry in the files and helper programs of docker, podman and skopeo. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { codeOf, isAbsent } from "../../system-error.ts";
import { fields, optional, readJson } from "../json-file.ts";
import { broken } from "../publish-error.ts";
import { type Credentials, parseCredentials, type RegistryAccess } from "./access.ts";
import { askHelper } from "./credential-helper.ts";

const text = v.string("a string");

const logins = v.record(text, fields({ auth: optional(text), identitytoken: optional(text) }), "an object of logins");

const authFile = fields({
  auths: optional(logins),
  credHelpers: optional(v.record(text, text, "an object of names of helpers")),
  credsStore: optional(text),
});

type AuthFile = v.InferOutput<typeof authFile>;

/** A file of logins, and what is in it when it was read. */
interface Logins extends AuthFile {
  readonly file: string;
  /** Name of a field in messages. */
  readonly field: (key: string) => string;
}

/** The file that docker wrote before 1.7 has logins only. */
const OLD_FILE = ".dockercfg";

/** The usual files, the most specific first. @see containers-auth.json(5) */
function usualFiles(environment: RegistryAccess["environment"]): readonly string[] {
  const { HOME, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG } = environment;
  const below = (directory: string | undefined, ...path: readonly string[]) =>
    directory === undefined || directory === "" ? undefined : join(directory, ...path);
  return [
    below(XDG_RUNTIME_DIR, "containers/auth.json") ?? `/run/containers/${process.getuid?.() ?? 0}/auth.json`,
    below(XDG_CONFIG_HOME, "containers/auth.json") ?? below(HOME, ".config/containers/auth.json"),
    below(DOCKER_CONFIG, "config.json") ?? below(HOME, ".docker/config.json"),
    below(HOME, OLD_FILE),
  ].filter((path) => path !== undefined);
}

/** Old files name a registry by the URL of its v1 API. */
const plainKey = (key: string): string =>
  /^https?:\/\//.test(key) ? key.replace(/^https?:\/\//, "").replace(/\/.*$/, "") : key;

/** The keys of a repository's login: the whole name, its parents, the registry. */
function keysFor(account: string, name: string): readonly string[] {
  const parts = [account, ...name.split("/")];
  const keys = parts.map((_, at) => parts.slice(0, parts.length - at).join("/"));
  return account === "docker.io" ? [...keys, "index.docker.io"] : keys;
}

/** The name of a registry at credential helpers, which is a URL for Docker Hub. */
const serverOf = (account: string): string => (account === "docker.io" ? "https://index.docker.io/v1/" : account);

async function readLogins(file: string, isOptional: boolean): Promise<Logins | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (isOptional && (isAbsent(error) || codeOf(error) === "EACCES")) return undefined;
    throw error;
  }
  // Some programs make the file before they have something to write.
  if (bytes.length === 0) return undefined;
  if (!file.endsWith(`/${OLD_FILE}`)) {
    return { ...readJson(authFile, bytes, file), file, field: (key) => `auths["${key}"].auth` };
  }
  const auths = readJson(logins, bytes, file);
  return { auths, credHelpers: undefined, credsStore: undefined, file, field: (key) => `["${key}"].auth` };
}

async function findIn(
  { auths = {}, credHelpers = {}, credsStore, file, field }: Logins,
  keys: readonly string[],
  account: string,
): Promise<Credentials | undefined> {
  const byKey = new Map(Object.entries(auths).map(([key, login]) => [plainKey(key), login]));
  for (const key of keys) {
    const helper = credHelpers[key] ?? (key === account ? credHelpers[serverOf(account)] : undefined);
    const kept =
      helper === undefined ? undefined : await askHelper(helper, serverOf(account), `${file}: credHelpers["${key}"]`);
    if (kept !== undefined) return kept;
    const { auth, identitytoken } = byKey.get(key) ?? {};
    if (identitytoken) return { kind: "token", token: identitytoken };
    if (!auth) continue;
    const credentials = parseCredentials(Buffer.from(auth, "base64").toString().replace(/\0+$/, ""));
    if (credentials === undefined) throw broken(file, field(key), "user:password in base64", "other text");
    return credentials;
  }
  return credsStore ? await askHelper(credsStore, serverOf(account), `${file}: credsStore`) : undefined;
}

/**
 * Finds the login for a repository.
 *
 * @param account what the registry is called in the files
 * @returns undefined when there is none, for anonymous requests
 * @throws {PublishError} when a file or a helper is broken; the system's error when one can't be read
 */
export async function findCredentials(
  { credentials, authFile: only, environment }: RegistryAccess,
  account: string,
  name: string,
): Promise<Credentials | undefined> {
  if (credentials !== undefined) return credentials;
  const keys = keysFor(account, name);
  const given = only ?? environment["REGISTRY_AUTH_FILE"];
  const isGiven = given !== undefined && given !== "";
  for (const file of isGiven ? [given] : usualFiles(environment)) {
    const read = await readLogins(file, !isGiven);
    const credentials = read === undefined ? undefined : await findIn(read, keys, account);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}
