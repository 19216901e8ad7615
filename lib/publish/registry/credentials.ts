/** Who asks a registry: from the files in which docker, podman and skopeo keep logins. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { fields, readJson } from "../json-file.ts";
import { broken, codeOf } from "../publish-error.ts";

/** A login: a password, or a token that stands for one. */
export type Credentials =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | { readonly kind: "token"; readonly token: string };

/** How registries are asked. */
export interface RegistryAccess {
  /** These, whatever the files say. */
  readonly credentials: Credentials | undefined;
  /** Only this file, instead of the usual ones. */
  readonly authFile: string | undefined;
  /** False takes certificates that nobody vouches for, and connections without TLS. */
  readonly verifyTls: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const text = v.string("a string");

const authFile = fields({
  auths: v.optional(
    v.record(text, fields({ auth: v.optional(text), identitytoken: v.optional(text) }), "an object of logins"),
  ),
});

/** Reads `user:password`; a password may have colons. */
export function parseCredentials(userAndPassword: string): Credentials | undefined {
  const colon = userAndPassword.indexOf(":");
  if (colon < 1) return undefined;
  return { kind: "password", user: userAndPassword.slice(0, colon), password: userAndPassword.slice(colon + 1) };
}

/** The usual files, the most specific first. @see containers-auth.json(5) */
function usualFiles(environment: RegistryAccess["environment"]): readonly string[] {
  const { HOME, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG } = environment;
  const below = (directory: string | undefined, ...path: readonly string[]) =>
    directory === undefined || directory === "" ? undefined : join(directory, ...path);
  return [
    below(XDG_RUNTIME_DIR, "containers/auth.json"),
    below(XDG_CONFIG_HOME, "containers/auth.json") ?? below(HOME, ".config/containers/auth.json"),
    below(DOCKER_CONFIG, "config.json") ?? below(HOME, ".docker/config.json"),
  ].filter((path) => path !== undefined);
}

/** Old files name a registry by the URL of its v1 API. */
const plainKey = (key: string): string =>
  /^https?:\/\//.test(key) ? key.replace(/^https?:\/\//, "").replace(/\/.*$/, "") : key;

/** What a repository's login may be filed under: the whole name, its parents, the registry. */
function keysFor(account: string, name: string): readonly string[] {
  const parts = [account, ...name.split("/")];
  const keys = parts.map((_, at) => parts.slice(0, parts.length - at).join("/"));
  return account === "docker.io" ? [...keys, "index.docker.io"] : keys;
}

async function findIn(file: string, keys: readonly string[], isOptional: boolean): Promise<Credentials | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (isOptional && (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR")) return undefined;
    throw error;
  }
  const logins = new Map<string, { auth?: string | undefined; identitytoken?: string | undefined }>();
  for (const [key, login] of Object.entries(readJson(authFile, bytes, file).auths ?? {})) {
    if (login.auth || login.identitytoken) logins.set(plainKey(key), login);
  }
  for (const key of keys) {
    const login = logins.get(key);
    if (login === undefined) continue;
    if (login.identitytoken) return { kind: "token", token: login.identitytoken };
    const credentials = parseCredentials(Buffer.from(login.auth ?? "", "base64").toString());
    if (credentials === undefined) throw broken(file, `auths["${key}"].auth`, "user:password in base64", "other text");
    return credentials;
  }
  return undefined;
}

/**
 * Finds the login for a repository.
 *
 * @param account what the registry is called in the files
 * @returns undefined when nobody has logged in, and it is asked without a name
 * @throws {PublishError} when a file is broken; the system's error when one can't be read
 */
export async function findCredentials(
  { credentials, authFile: only, environment }: RegistryAccess,
  account: string,
  name: string,
): Promise<Credentials | undefined> {
  if (credentials !== undefined) return credentials;
  const keys = keysFor(account, name);
  const told = only ?? environment["REGISTRY_AUTH_FILE"];
  if (told !== undefined && told !== "") return await findIn(told, keys, false);
  for (const file of usualFiles(environment)) {
    const found = await findIn(file, keys, true);
    if (found !== undefined) return found;
  }
  return undefined;
}
