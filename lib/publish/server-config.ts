/** What a web server has to be told, so that it sends each manifest as what it is. */
import { MEDIA_TYPE } from "../core/media-types.ts";

/** The web servers that a snippet can be written for. */
export const WEB_SERVERS = ["nginx", "apache", "caddy"] as const;
export type WebServer = (typeof WEB_SERVERS)[number];

interface Rule {
  readonly name: string;
  /** A regular expression on the path. */
  readonly path: string;
  readonly type: string;
}

const RULES: readonly Rule[] = [
  ...Object.entries(MEDIA_TYPE).map(([kind, type]) => ({
    name: `manifests-${kind}`,
    path: `/manifests/${kind}/[^/]+$`,
    type,
  })),
  { name: "tags", path: "/tags/list$", type: "application/json" },
  { name: "v1", path: "/[0-9a-f]{64}/(ancestry|json)$", type: "application/json" },
  { name: "blobs", path: "/blobs/[^/]+$", type: "application/octet-stream" },
  { name: "v1-layers", path: "/[0-9a-f]{64}/layer$", type: "application/octet-stream" },
];

const OWN = "/\\.craned(/|$)";

function nginx(): string {
  const rules = RULES.map(({ path, type }) => `location ~ "${path}" {\n    types { }\n    default_type ${type};\n}\n`);
  return `# For the server block that serves the published files.
# The types are set by path: no file name ends in anything that would tell.
${rules.join("")}location ~ "${OWN}" {
    return 404;
}
`;
}

function apache(): string {
  // A tag may end in .gz, which must not become an encoding; or in .var or .cgi, which no module may take for its own.
  const guard = `    SetHandler default-handler
    RemoveEncoding .gz .tgz .Z .bz2 .xz .br .zst
    SetEnv no-gzip 1
    SetEnv no-brotli 1
`;
  const rules = RULES.map(
    ({ path, type }) => `<LocationMatch "${path}">\n    ForceType ${type}\n${guard}</LocationMatch>\n`,
  );
  return `# For the virtual host that serves the published files; it needs mod_mime and mod_env.
# The types are set by path: no file name ends in anything that would tell.
${rules.join("")}<LocationMatch "${OWN}">
    Require all denied
</LocationMatch>
`;
}

function caddy(): string {
  const rules = RULES.map(
    ({ name, path, type }) => `@${name} path_regexp ${name} "${path}"\nheader @${name} Content-Type ${type}\n`,
  );
  return `# For the site block that serves the published files, beside its root and file_server.
# The types are set by path: no file name ends in anything that would tell.
${rules.join("")}@craned path_regexp craned "${OWN}"
respond @craned 404
`;
}

const SNIPPETS: Readonly<Record<WebServer, () => string>> = { nginx, apache, caddy };

/** The snippet, in the web server's own language. */
export const serverConfig = (server: WebServer): string => SNIPPETS[server]();
