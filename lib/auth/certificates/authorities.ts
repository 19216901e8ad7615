import { readFileSync } from "node:fs";
import { type Authorities, parseAuthorities } from "./chain.ts";
import type { Config } from "../../config/config.ts";

/** The authorities of the file that the configuration names, if it does, or what is wrong with the file. */
export type ReadAuthorities =
  | { readonly ok: true; readonly authorities: Authorities | undefined }
  | { readonly ok: false; readonly problem: string };

/** Reads `auth.client_ca`. */
export function readAuthorities({ clientCa }: Config["auth"]): ReadAuthorities {
  if (clientCa === undefined) return { ok: true, authorities: undefined };
  const refuse = (expected: string, received: string): ReadAuthorities => ({
    ok: false,
    problem: `${clientCa}: auth.client_ca: expected ${expected}, received ${received}`,
  });
  let text: string;
  try {
    text = readFileSync(clientCa, "latin1");
  } catch (error) {
    return refuse("a file that can be read", error instanceof Error ? error.message : String(error));
  }
  const result = parseAuthorities(text);
  return result.ok ? result : refuse(result.expected, result.received);
}
