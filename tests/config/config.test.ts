import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ListenAddress, parseAddressSet } from "../../lib/config/addresses.ts";
import { DEFAULT_CONFIG_PATH, type LoadedConfig, loadConfig, type Sources } from "../../lib/config/load.ts";
import { describeProblem } from "../../lib/config/problem.ts";
import { readTextFile } from "../../lib/config/reading.ts";
import { ALL_SETTINGS, flagOf, SECTIONS, sectionOf, variableOf } from "../../lib/config/schema.ts";

const FILE = "/etc/crane.conf";

/** Loads from what is given and nothing else. */
function load({ file, ...sources }: Partial<Sources> & { readonly file?: string } = {}): LoadedConfig {
  return loadConfig({
    flags: {},
    environment: {},
    readFile: () => (file === undefined ? { kind: "missing" } : { kind: "text", text: file }),
    ...sources,
  });
}

function configOf(sources: Parameters<typeof load>[0] = {}) {
  const loaded = load(sources);
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join("\n"));
  return loaded.config;
}

const problemsOf = (sources: Parameters<typeof load>[0]): readonly string[] => {
  const loaded = load(sources);
  return loaded.ok ? [] : loaded.problems.map(describeProblem);
};

const warningsOf = (sources: Parameters<typeof load>[0]): readonly string[] =>
  load(sources).warnings.map(describeProblem);

const addresses = (text: string) => parseAddressSet(text) ?? expect.unreachable();

const DEFAULTS = {
  general: {
    debug: false,
    dataDir: "/var/lib/crane/metadata/",
    pollingInterval: 60,
    endpoint: undefined,
    learnTags: false,
  },
  s3: undefined,
  server: {
    listen: [{ kind: "tcp", host: "0.0.0.0", port: 5000 }],
    workers: 1,
    tls: undefined,
    http2: false,
    trustedProxies: addresses(""),
    shutdownGrace: 10,
  },
  management: {
    listen: { kind: "tcp", host: "127.0.0.1", port: 5001 },
    isDefault: true,
    hosts: [],
    onRegistryPort: false,
    showProtected: false,
  },
  limits: { connections: 10_000, headerBytes: 16_384, idleTimeout: 75 },
  cdn: { urlMatch: undefined, urlReplace: undefined, signer: undefined },
  serveContent: {
    enable: false,
    contentDirV1: "/var/www/pub/docker/v1/web/",
    contentDirV2: "/var/www/pub/docker/v2/web/",
    useXSendfile: false,
    xAccelRedirect: undefined,
    linkRoots: ["/var/lib/pulp/published/docker/", "/var/lib/pulp/content/", "/var/www/pub/docker/"],
  },
  cors: { origins: [] },
  mirror: undefined,
  pages: { enabled: undefined, title: "Container registry", notice: "" },
  gsa: { url: undefined },
  solr: { url: undefined },
  auth: {
    htpasswd: undefined,
    realm: "craned",
    token: undefined,
    clientCa: undefined,
    clientCertHeader: undefined,
    clientCertFormat: undefined,
    clientCertVerifiedByProxy: false,
  },
  log: { format: undefined, level: "info", access: false, accessFormat: "structured", requestIds: false },
} as const;

describe("the configuration", () => {
  test("is the defaults when nobody says anything", () => {
    expect(load()).toEqual({ ok: true, config: DEFAULTS, warnings: [], sourceOf: expect.any(Function) });
  });

  test("takes every key from a file", () => {
    const file = `
[general]
debug: yes
data_dir: S3://metadata//registry
data_dir_polling_interval = 5
endpoint: crane.example.org:5001
learn_tags: true
[s3]
endpoint: https://s3.example.com
region: eu-west-1
timeout: 9
[cdn]
url_match: http://static.example.com
url_replace: https://edge.example.org
url_auth_secret: 0badc0ffEE
url_auth_secret_file:
url_auth_ttl: 42
url_auth_param: tok
url_auth_algo: sha1
signer: akamai
cloudfront_key_pair_id:
cloudfront_private_key:
s3_region:
s3_access_key_id:
s3_secret_access_key:
s3_secret_access_key_file:
s3_session_token:
s3_session_token_file:
[serve_content]
enable: true
content_dir_v1: /srv/v1
content_dir_v2: /srv/v2
use_x_sendfile: on
x_accel_redirect: /internal/
link_roots: /srv/master, /srv/with space,
  /srv/units
[gsa]
url: https://gsa.example.com/search?x=1&y=2
[solr]
url: http://solr.example.com/select?q={0}&wt=json
[server]
host:
port: 5000
listen:
workers: 64
http2: true
tls_certificate: /etc/pki/crane.crt
tls_key: /etc/pki/crane.key
trusted_proxies: 10.0.0.0/8, 192.0.2.1
shutdown_grace: 0
[limits]
connections: 5000
header_bytes: 65536
idle_timeout: 2
[auth]
htpasswd:
realm: Example's registry
token_realm: https://auth.example.org/token
token_service: registry.example.org
token_issuer: Example's tokens
token_jwks: /etc/crane.jwks
client_ca: /etc/pki/ca.crt
client_cert_header: X-Client-Cert
client_cert_format: nginx
client_cert_verified_by_proxy: true
[log]
format: json
level: WARN
access: 1
access_format: combined
request_ids: yes
[management]
listen: unix:/run/craned/management.sock
hosts: Crane.example.org, localhost.localdomain
on_registry_port: on
show_protected: true
[cors]
origins: https://UI.example.org:8443 http://localhost/
[mirror]
docker.io = hub/
registry.example.org:5000: other/two/
* =
[pages]
enabled: no
title: Images of Example
notice: Closed
  on Sundays
`;
    const loaded = load({ file });
    expect(loaded).toEqual({
      ok: true,
      warnings: [],
      sourceOf: expect.any(Function),
      config: {
        general: {
          debug: true,
          dataDir: "s3://metadata/registry",
          pollingInterval: 5,
          endpoint: "crane.example.org:5001",
          learnTags: true,
        },
        s3: {
          connection: { endpoint: "https://s3.example.com", region: "eu-west-1", keys: undefined },
          timeout: 9,
        },
        server: {
          listen: [{ kind: "tcp", host: "0.0.0.0", port: 5000 }],
          workers: 64,
          http2: true,
          tls: { certificate: "/etc/pki/crane.crt", key: "/etc/pki/crane.key" },
          trustedProxies: addresses("10.0.0.0/8, 192.0.2.1"),
          shutdownGrace: 0,
        },
        limits: { connections: 5000, headerBytes: 65_536, idleTimeout: 2 },
        cdn: {
          urlMatch: "http://static.example.com",
          urlReplace: "https://edge.example.org",
          signer: { kind: "akamai", secret: "0badc0ffEE", ttl: 42, param: "tok", algo: "sha1" },
        },
        serveContent: {
          enable: true,
          contentDirV1: "/srv/v1",
          contentDirV2: "/srv/v2",
          useXSendfile: true,
          xAccelRedirect: "/internal/",
          linkRoots: ["/srv/master", "/srv/with space", "/srv/units"],
        },
        gsa: { url: "https://gsa.example.com/search?x=1&y=2" },
        solr: { url: "http://solr.example.com/select?q={0}&wt=json" },
        auth: {
          htpasswd: undefined,
          realm: "Example's registry",
          token: {
            realm: "https://auth.example.org/token",
            service: "registry.example.org",
            issuer: "Example's tokens",
            jwks: "/etc/crane.jwks",
          },
          clientCa: "/etc/pki/ca.crt",
          clientCertHeader: "X-Client-Cert",
          clientCertFormat: "nginx",
          clientCertVerifiedByProxy: true,
        },
        log: { format: "json", level: "warn", access: true, accessFormat: "combined", requestIds: true },
        management: {
          listen: { kind: "unix", path: "/run/craned/management.sock" },
          isDefault: false,
          hosts: ["crane.example.org", "localhost.localdomain"],
          onRegistryPort: true,
          showProtected: true,
        },
        cors: { origins: ["https://ui.example.org:8443", "http://localhost"] },
        mirror: {
          registries: new Map([
            ["docker.io", "hub/"],
            ["registry.example.org:5000", "other/two/"],
          ]),
          fallback: "",
        },
        pages: { enabled: false, title: "Images of Example", notice: "Closed on Sundays" },
      },
    });
    for (const { name } of ALL_SETTINGS) expect(file).toContain(`\n${name.slice(name.indexOf(".") + 1)}`);
  });

  test("takes a file of passwords where there are no tokens", () => {
    const { auth } = configOf({ file: "[auth]\nhtpasswd: /etc/crane.htpasswd\ntoken_realm:" });
    expect(auth).toEqual({ ...DEFAULTS.auth, htpasswd: "/etc/crane.htpasswd" });
  });

  test("takes the strongest source that says something", () => {
    const name = "general.data_dir";
    const flags = { [name]: "/flag" };
    const environment = { CRANE_GENERAL_DATA_DIR: "/environment" };
    const file = "[general]\ndata_dir: /file";
    expect(configOf({ flags, environment, file }).general.dataDir).toBe("/flag");
    expect(configOf({ environment, file }).general.dataDir).toBe("/environment");
    expect(configOf({ file }).general.dataDir).toBe("/file");
    expect(configOf({ file: "[general]" }).general.dataDir).toBe("/var/lib/crane/metadata/");
  });

  test.each(ALL_SETTINGS.map((setting) => [setting.name, setting] as const))(
    "takes %s from every source",
    (_, setting) => {
      // A control character is good for no kind of value, so each source that is heard is named.
      const [section, key] = setting.name.split(".");
      const about = `${setting.name}: expected ${setting.expected}, received`;
      const [flag] = problemsOf({ flags: { [setting.name]: "\u0001" } });
      const [variable] = problemsOf({ environment: { [variableOf(setting)]: "\u0001" } });
      const [line] = problemsOf({ file: `[${section}]\n${key}: \u0001` });
      expect(flag).toStartWith(`${flagOf(setting)}: ${about}`);
      expect(variable).toStartWith(`${variableOf(setting)}: ${about}`);
      expect(line).toStartWith(`${FILE}:2: ${about}`);
    },
  );

  const EMPTY: readonly [file: string, read: (config: ReturnType<typeof configOf>) => unknown, value: unknown][] = [
    ["[general]\nendpoint:", (config) => config.general.endpoint, undefined],
    ["[general]\ndata_dir:", (config) => config.general.dataDir, "/var/lib/crane/metadata/"],
    ["[cdn]\nurl_auth_secret:\nurl_auth_algo:", (config) => config.cdn.signer, undefined],
    ["[server]\ntls_certificate:\ntls_key:", (config) => config.server.tls, undefined],
    ["[gsa]\nurl:\n[solr]\nurl:", (config) => config.solr.url, undefined],
    ["[server]\ntrusted_proxies:", (config) => config.server.trustedProxies.blocks, []],
    ["[serve_content]\ncontent_dir_v1:", (config) => config.serveContent.contentDirV1, ""],
    ["[serve_content]\nlink_roots:", (config) => config.serveContent.linkRoots, []],
    ["[mirror]", (config) => config.mirror, undefined],
  ];
  test.each(EMPTY)("%j is no fault", (file, read, value) => {
    expect(read(configOf({ file }))).toEqual(value);
  });

  test("gives a section what [DEFAULT] and interpolation give it", () => {
    const file = "[DEFAULT]\nroot = /srv\nurl_auth_ttl = 9\n[general]\ndata_dir: %(root)s/%(__name__)s\n[cdn]\n";
    expect(configOf({ file }).general.dataDir).toBe("/srv/general");
    expect(configOf({ file }).cdn).toEqual(configOf().cdn);
    expect(configOf({ file: `${file}url_auth_secret: 00` }).cdn.signer?.ttl).toBe(9);
    expect(warningsOf({ file })).toEqual([]);
  });

  const LISTEN: readonly [file: string, listen: readonly ListenAddress[]][] = [
    ["host: [::1]", [{ kind: "tcp", host: "::1", port: 5000 }]],
    ["host: ::", [{ kind: "tcp", host: "::", port: 5000 }]],
    ["listen: 10.0.0.1:80,[2001:db8::1]:0  registry.example.org:443\n unix:/run/crane d.sock", []],
    [
      "listen: 10.0.0.1:80,[2001:db8::1]:0  registry.example.org:443\n unix:/run/craned.sock",
      [
        { kind: "tcp", host: "10.0.0.1", port: 80 },
        { kind: "tcp", host: "2001:db8::1", port: 0 },
        { kind: "tcp", host: "registry.example.org", port: 443 },
        { kind: "unix", path: "/run/craned.sock" },
      ],
    ],
  ];
  test.each(LISTEN)("%j listens on %j", (server, listen) => {
    const loaded = load({ file: `[server]\n${server}` });
    expect(loaded.ok ? loaded.config.server.listen : []).toEqual(listen as (typeof loaded.config.server)["listen"]);
  });

  test("says whether the address of management was chosen", () => {
    expect(configOf().management.isDefault).toBe(true);
    expect(configOf({ file: "[management]\nlisten: 127.0.0.1:5001" }).management.isDefault).toBe(false);
    expect(configOf({ file: "[management]\nlisten: OFF" }).management.listen).toBeUndefined();
  });

  test("takes 0 as an interval of polling, as Crane did", () => {
    expect(configOf({ file: "[general]\ndata_dir_polling_interval: 0" }).general.pollingInterval).toBe(0);
  });

  const LEVELS: readonly [file: string, level: string][] = [
    ["[general]\ndebug: true", "debug"],
    ["[general]\ndebug: true\n[log]\nlevel: error", "error"],
    ["[log]\nlevel: debug", "debug"],
  ];
  test.each(LEVELS)("%j logs at level %s", (file, level) => {
    expect(configOf({ file }).log.level).toBe(level as "debug");
  });
});

describe("CRANE_DEBUG", () => {
  const isDebug = (environment: Sources["environment"], file?: string) =>
    configOf({ environment, ...(file === undefined ? {} : { file }) }).general.debug;

  test("turns debugging on, whatever the file says", () => {
    expect(isDebug({ CRANE_DEBUG: "True" }, "[general]\ndebug: false")).toBe(true);
  });

  test("turns it on only with the word true, and never off", () => {
    expect(isDebug({ CRANE_DEBUG: "false" }, "[general]\ndebug: true")).toBe(true);
    expect(isDebug({ CRANE_DEBUG: "1" })).toBe(false);
    expect(warningsOf({ environment: { CRANE_DEBUG: "1" } })).toEqual([
      'CRANE_DEBUG: general.debug: expected true, or it is ignored, received "1"',
    ]);
  });

  test("is weaker than the variable that names its key, and than a flag", () => {
    expect(isDebug({ CRANE_DEBUG: "true", CRANE_GENERAL_DEBUG: "no" })).toBe(false);
    expect(configOf({ environment: { CRANE_DEBUG: "true" }, flags: { "general.debug": "false" } }).general.debug).toBe(
      false,
    );
  });
});

describe("the file", () => {
  const directory = mkdtempSync(join(tmpdir(), "craned-config-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "crane.conf");
  writeFileSync(path, Buffer.from("# caf\xe9\r\n[server]\r\nport: 7\r\n", "latin1"));
  const from = (sources: Partial<Sources>) => load({ readFile: readTextFile, ...sources });

  test("is read from where --config says, else CRANE_CONFIG_PATH, else the usual place", () => {
    const asked: string[] = [];
    const readFile: Sources["readFile"] = (each) => {
      asked.push(each);
      return { kind: "text", text: "" };
    };
    const environment = { CRANE_CONFIG_PATH: "/environment" };
    load({ readFile, configPath: "/flag", environment });
    load({ readFile, environment });
    load({ readFile, environment: { CRANE_CONFIG_PATH: "" } });
    expect(asked).toEqual(["/flag", "/environment", DEFAULT_CONFIG_PATH]);
  });

  test("may be of any encoding that keeps ASCII", () => {
    const loaded = from({ configPath: path });
    expect(loaded.ok && loaded.config.server.listen).toEqual([{ kind: "tcp", host: "0.0.0.0", port: 7 }]);
  });

  test("must exist when somebody asks for it", () => {
    const missing = join(directory, "missing.conf");
    const faultsOf = (sources: Partial<Sources>) => {
      const loaded = from(sources);
      return loaded.ok ? [] : loaded.problems.map(describeProblem);
    };
    expect(faultsOf({ configPath: missing })).toEqual([
      `--config: expected a file that can be read, received "${missing}": there is no such file`,
    ]);
    expect(faultsOf({ environment: { CRANE_CONFIG_PATH: missing } })).toEqual([
      `CRANE_CONFIG_PATH: expected a file that can be read, received "${missing}": there is no such file`,
    ]);
    expect(faultsOf({ configPath: directory })).toEqual([
      `--config: expected a file that can be read, received "${directory}": EISDIR`,
    ]);
  });

  test("must be readable in the usual place, if it is there", () => {
    expect(problemsOf({ readFile: () => ({ kind: "unreadable", reason: "EACCES" }) })).toEqual([
      '/etc/crane.conf: expected a file that can be read, received "/etc/crane.conf": EACCES',
    ]);
  });
});

describe("the table of settings", () => {
  test("has every section, and names that tell settings apart", () => {
    expect(new Set(["mirror", ...ALL_SETTINGS.map(sectionOf)])).toEqual(new Set(SECTIONS.map(({ name }) => name)));
    for (const nameOf of [variableOf, flagOf]) expect(new Set(ALL_SETTINGS.map(nameOf)).size).toBe(ALL_SETTINGS.length);
    expect(flagOf({ ...ALL_SETTINGS[1], name: "general.data_dir" } as (typeof ALL_SETTINGS)[number])).toBe(
      "--data-dir",
    );
  });
});
