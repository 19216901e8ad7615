/** The commands that pull a manifest, and how they look on a page. */
import { isDigest, type Reference } from "../../../core/reference.ts";
import { type Html, html } from "../html.ts";
import type { Purpose } from "./manifest-details.ts";

/** The registry as a client names it. */
export interface RegistryHost {
  readonly host: string;
  /** Whether it is only reached by plain HTTP, of which clients other than docker have to be told. */
  readonly isPlain: boolean;
}

/** A command, and the program that it runs. */
interface Command {
  readonly tool: string;
  readonly line: string;
}

const HOST = /^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d+)?$/i;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/i;

/** Reads where the registry is from a request: its Host, unless the configuration names another one. */
export function registryOf(endpoint: string | undefined, request: Request): RegistryHost {
  const sent = endpoint ?? request.headers.get("host") ?? "";
  const host = HOST.test(sent) ? sent : "registry.example.com";
  // A proxy in front may speak TLS, but hardly on the loopback.
  return { host, isPlain: LOOPBACK.test(host) && request.url.startsWith("http:") };
}

/** `name:tag`, or `name@digest` */
export const referenceText = (name: string, reference: Reference): string =>
  `${name}${isDigest(reference) ? "@" : ":"}${reference}`;

/** Joins the words that are there. */
const line = (...words: readonly (string | false)[]): string => words.filter((word) => word !== false).join(" ");

/** The commands for one reference. */
export function commandsFor(
  { host, isPlain }: RegistryHost,
  name: string,
  reference: Reference,
  purpose: Purpose,
): readonly Command[] {
  const full = `${host}/${referenceText(name, reference)}`;
  const last = name.slice(name.lastIndexOf("/") + 1);
  const oras: Command = { tool: "oras", line: line("oras pull", isPlain && "--plain-http", full) };
  const skopeo: Command = {
    tool: "skopeo",
    line: line("skopeo copy", isPlain && "--src-tls-verify=false", `docker://${full}`, `oci:${last}`),
  };
  switch (purpose) {
    case "chart": {
      // Helm writes the plus of a version as an underscore in a tag.
      const version = isDigest(reference) ? false : `--version ${reference.replaceAll("_", "+")}`;
      const url = `oci://${host}/${name}${isDigest(reference) ? `@${reference}` : ""}`;
      return [
        { tool: "helm pull", line: line("helm pull", url, version, isPlain && "--plain-http") },
        { tool: "helm install", line: line("helm install", last, url, version, isPlain && "--plain-http") },
        oras,
      ];
    }
    case "artifact":
    case "signature":
      return [oras, skopeo];
    case "image":
      return [
        { tool: "docker", line: `docker pull ${full}` },
        { tool: "podman", line: line("podman pull", isPlain && "--tls-verify=false", full) },
        skopeo,
        { tool: "nerdctl", line: line("nerdctl", isPlain && "--insecure-registry", "pull", full) },
        { tool: "ctr", line: line("ctr images pull", isPlain && "--plain-http", full) },
      ];
  }
}

/** A button that copies a text, where the script runs. @param what names the text for those who don't see it */
export const copyButton = (text: string, what: string): Html =>
  html`<button type="button" class="copy" value="${text}" aria-label="Copy ${what}">Copy</button>`;

/** A list of commands. */
export const commandList = (commands: readonly Command[]): Html =>
  html`<dl class="commands">${commands.map(
    ({ tool, line: text }) =>
      html`<div><dt>${tool}</dt><dd><code>${text}</code>${copyButton(text, `the command for ${tool}`)}</dd></div>
`,
  )}</dl>`;
