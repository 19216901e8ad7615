/**
 * Configuration of web servers for trees of redirect files up to version 5: it sends each manifest with its Content-Type,
 * and answers a missing one with a registry's error. Version 6 needs none of this.
 */
import { MEDIA_TYPE } from "../core/media-types.ts";

/** The web servers that a snippet can be written for. */
export const WEB_SERVERS = ["nginx", "apache", "caddy"] as const;
export type WebServer = (typeof WEB_SERVERS)[number];

interface MediaTypeRule {
  readonly name: string;
  /** A regular expression on the path. */
  readonly path: string;
  readonly type: string;
}

const RULES: readonly MediaTypeRule[] = [
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

const USE =
  "For redirect files up to version 5; those of version 6, which publish writes by default, need nothing of a host.";

const KINDS = Object.keys(MEDIA_TYPE).join("|");
const DIGEST = "sha(?:256|512):[0-9a-f]+";

/** A registry's answer for an unknown manifest: docker 1.10 to 17.09 then falls back to v1. */
const UNKNOWN = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}';

function nginx(): string {
  const rules = RULES.map(({ name, path, type }) => {
    if (!name.startsWith("manifests-")) return `location ~ "${path}" {\n    types { }\n    default_type ${type};\n}\n`;
    // The header is not sent for a tag, for which the group is empty.
    return `location ~ "${path.replace("[^/]+", `(?:(?<craned_digest>${DIGEST})|[^/]+)`)}" {
    types { }
    default_type ${type};
    add_header Docker-Content-Digest $craned_digest;
    error_page 404 @craned_manifest_unknown;
}
`;
  });
  return `# For the server block that serves the published files.
# ${USE}
# The types are set by path: no file name ends in anything that would tell.
${rules.join("")}location ~ "/manifests/[^/]+$" {
    error_page 404 @craned_manifest_unknown;
}
location @craned_manifest_unknown {
    default_type application/json;
    return 404 '${UNKNOWN}';
}
location ~ "${OWN}" {
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
  return `# For the virtual host that serves the published files; it needs mod_mime, mod_env and mod_headers.
# ${USE}
# The types are set by path: no file name ends in anything that would tell.
${rules.join("")}<LocationMatch "/manifests/(?:${KINDS})/(?<digest>${DIGEST})$">
    Header set Docker-Content-Digest "%{MATCH_DIGEST}e"
</LocationMatch>
<LocationMatch "/manifests/(?:(?:${KINDS})/)?[^/]+$">
    ErrorDocument 404 ${JSON.stringify(UNKNOWN)}
    Header always set Content-Type application/json "expr=%{REQUEST_STATUS} == 404"
</LocationMatch>
<LocationMatch "${OWN}">
    Require all denied
</LocationMatch>
`;
}

function caddy(): string {
  const rules = RULES.map(
    ({ name, path, type }) => `@${name} path_regexp ${name} "${path}"\nheader @${name} Content-Type ${type}\n`,
  );
  return `# For the site block that serves the published files, beside its root and file_server.
# ${USE}
# The types are set by path: no file name ends in anything that would tell.
${rules.join("")}@craned path_regexp craned "${OWN}"
respond @craned 404
`;
}

const SNIPPETS: Readonly<Record<WebServer, () => string>> = { nginx, apache, caddy };

/** The snippet, in the web server's own language. */
export const serverConfig = (server: WebServer): string => SNIPPETS[server]();
