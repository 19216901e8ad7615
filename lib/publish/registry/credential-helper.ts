/** Programs that keep logins for docker. @see docker-credential-helpers, "Development" */
import * as v from "valibot";
import { visible } from "../../core/redirect-file/fault.ts";
import { fields, readJson } from "../json-file.ts";
import { broken, PublishError } from "../publish-error.ts";
import type { Credentials } from "./access.ts";

/** One that asks a person may take its time. */
const PATIENCE_MS = 60_000;

const MAX_SHOWN = 300;

const text = v.string("a string");

const answer = fields({ Username: text, Secret: text });

/** The user of a login that is a token. */
const TOKEN_USER = "<token>";

const NOT_FOUND = /credentials not found in native keychain/;

/**
 * Asks a helper for the login to a registry.
 *
 * @param field where the helper is named, for errors
 * @returns undefined when it has none
 * @throws {PublishError} when it is not there, fails, or answers something else
 */
export async function askHelper(helper: string, server: string, field: string): Promise<Credentials | undefined> {
  const name = `docker-credential-${helper}`;
  const path = /^[\w.-]+$/.test(helper) ? Bun.which(name) : null;
  if (path === null) throw broken(field, "", `the program ${name} in PATH (or give --src-creds)`, "none");
  const asked = Bun.spawn([path, "get"], {
    stdin: Buffer.from(`${server}\n`),
    stdout: "pipe",
    stderr: "pipe",
    timeout: PATIENCE_MS,
  });
  const [out, err, code] = await Promise.all([
    new Response(asked.stdout).text(),
    new Response(asked.stderr).text(),
    asked.exited,
  ]);
  if (code !== 0) {
    if (NOT_FOUND.test(out) || NOT_FOUND.test(err)) return undefined;
    throw new PublishError(`${field}: ${name} failed: ${visible((out || err).trim().slice(0, MAX_SHOWN)) || code}`);
  }
  const { Username, Secret } = readJson(answer, Buffer.from(out), `the answer of ${name}`);
  return Username === TOKEN_USER
    ? { kind: "token", token: Secret }
    : { kind: "password", user: Username, password: Secret };
}
