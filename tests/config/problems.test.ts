import { describe, expect, test } from "bun:test";
import { loadConfig, type Sources } from "../../lib/config/load.ts";
import { describeProblem } from "../../lib/config/problem.ts";

const NUL = String.fromCharCode(0);

function report(file: string, sources: Partial<Sources> = {}) {
  const loaded = loadConfig({ flags: {}, environment: {}, readFile: () => ({ kind: "text", text: file }), ...sources });
  return {
    problems: loaded.ok ? [] : loaded.problems.map(describeProblem),
    warnings: loaded.warnings.map(describeProblem),
  };
}

const DATA_PLACE = "a path, or s3://bucket/prefix";
const BOOLEAN = "true or false (or yes, no, on, off, 1, 0)";
const CIDR = "IP addresses or CIDR blocks, separated by commas or spaces";
const LISTEN = "addresses such as 0.0.0.0:5000, [::]:5000 or unix:/run/craned.sock, separated by commas or spaces";
const ORIGINS = "origins such as https://ui.example.com, separated by commas or spaces, or *";
const PREFIX = "a prefix of repository names that ends with a slash, such as hub/, or nothing";
const URL_PART = "a part of a URL, in ASCII and without spaces or quotes";
const URL_PART_BEFORE_QUERY = "a part of a URL without query, in ASCII and without spaces or quotes";
const VISIBLE = "printable ASCII without spaces";
const ENDPOINT = "host or host:port";
const HOST = "an IP address or a host name";
const SECRET = "an even number of hexadecimal digits";
const REALM = "printable ASCII without double quotes and backslashes";

const BAD: readonly [key: string, value: string, expected: string, received?: string][] = [
  ["general.debug", "maybe", BOOLEAN],
  ["general.debug", "", BOOLEAN],
  ["general.data_dir", `/a${NUL}b`, DATA_PLACE, '"/a\\u0000b"'],
  ["general.data_dir", "/a\n /b", DATA_PLACE, '"/a\\n/b"'],
  ["general.data_dir", "/caf\ufffd", DATA_PLACE],
  ["general.data_dir", "s3://", DATA_PLACE],
  ["general.data_dir", "s3:/bucket/prefix", DATA_PLACE],
  ["general.data_dir", "S3://b!/x", DATA_PLACE],
  ["general.data_dir", "s3://bucket/a/../b", DATA_PLACE],
  ["s3.endpoint", "s3.example.com", "an absolute http or https URL"],
  ["s3.region", "eu west", "the name of a region, such as us-east-1"],
  ["s3.timeout", "0", "a whole number from 1 to 3600"],
  ["general.data_dir_polling_interval", "1.5", "a whole number from 0 to 2147483"],
  ["general.data_dir_polling_interval", "1 h", "a whole number from 0 to 2147483"],
  ["general.data_dir_polling_interval", "2147484", "a whole number from 0 to 2147483"],
  ["general.endpoint", "https://crane.example.org", ENDPOINT],
  ["general.endpoint", "crane.example.org:65536", ENDPOINT],
  ["general.endpoint", "crane.example.org:", ENDPOINT],
  ["general.endpoint", "2001:db8::1", ENDPOINT],
  ["general.endpoint", "[10.0.0.1]:80", ENDPOINT],
  ["general.endpoint", "a\n X-Evil: 1", ENDPOINT, '"a\\nX-Evil: 1"'],
  ["cdn.url_match", "http://a b", URL_PART],
  ["cdn.url_replace", 'http://a"', URL_PART_BEFORE_QUERY, '"http://a\\""'],
  ["cdn.url_replace", "http://é", URL_PART_BEFORE_QUERY],
  ["cdn.url_replace", "http://a/?b=", URL_PART_BEFORE_QUERY],
  ["cdn.url_replace", "http://a/#b", URL_PART_BEFORE_QUERY],
  ["cdn.signer", "fastly", "akamai, cloudfront or s3"],
  ["cdn.url_auth_secret", "abc", SECRET, "a value that is not shown"],
  ["cdn.url_auth_secret", "hunter", SECRET, "a value that is not shown"],
  ["cdn.url_auth_secret", "%(hunter)s", "%(name)s to name a key of the same section", "a value that is not shown"],
  ["cdn.url_auth_ttl", "0", "a whole number from 1 to 2147483647"],
  ["cdn.url_auth_ttl", "", "a whole number from 1 to 2147483647"],
  ["cdn.url_auth_param", "a&b", 'letters, digits, "_", "-", "." or "~"'],
  ["cdn.url_auth_algo", "sha512", "sha256, sha1 or md5"],
  ["cdn.cloudfront_key_pair_id", "K1&x=2", "letters and digits"],
  ["cdn.cloudfront_private_key", "\u0001", "a path", '"\\u0001"'],
  ["cdn.s3_region", "us east", "the name of a region, such as us-east-1"],
  ["cdn.s3_access_key_id", "a/b", "printable ASCII without spaces and slashes"],
  ["cdn.s3_secret_access_key", "hunter 2", VISIBLE, "a value that is not shown"],
  ["cdn.s3_session_token", "hunter 2", VISIBLE, "a value that is not shown"],
  ["serve_content.enable", "enabled", BOOLEAN],
  ["serve_content.content_dir_v1", "\u0001", "a path", '"\\u0001"'],
  ["serve_content.content_dir_v2", "\u0085x", "a path", '"\\u0085x"'],
  ["serve_content.use_x_sendfile", "2", BOOLEAN],
  ["serve_content.x_accel_redirect", "internal/", "a path in URLs, which begins with a slash"],
  ["gsa.url", "ftp://gsa", "an absolute http or https URL"],
  ["gsa.url", "http://", "an absolute http or https URL"],
  ["gsa.url", "http://a:b", "an absolute http or https URL"],
  ["solr.url", "http://solr/select", "an absolute http or https URL that contains {0}"],
  ["solr.url", "/select?q={0}", "an absolute http or https URL that contains {0}"],
  ["server.host", "a b", HOST],
  ["server.host", "10.0.0.256", HOST],
  ["server.port", "http", "a whole number from 0 to 65535"],
  ["server.port", "65536", "a whole number from 0 to 65535"],
  ["server.port", "-1", "a whole number from 0 to 65535"],
  ["server.port", "0x50", "a whole number from 0 to 65535"],
  ["server.workers", "0", "a whole number from 1 to 64"],
  ["server.workers", "65", "a whole number from 1 to 64"],
  ["server.tls_certificate", "\u007f", "a path", '"\\u007f"'],
  ["server.trusted_proxies", "10.0.0.0/33", CIDR],
  ["server.trusted_proxies", "10.0.0.1 localhost", CIDR],
  ["server.shutdown_grace", "-1", "a whole number from 0 to 2147483"],
  ["auth.htpasswd", "\u0001", "a path", '"\\u0001"'],
  ["auth.realm", 'a"b', REALM, '"a\\"b"'],
  ["auth.client_ca", "\u0001", "a path", '"\\u0001"'],
  ["auth.client_cert_header", "X Cert", "the name of an HTTP header"],
  ["auth.client_cert_format", "iis", "nginx, apache, rfc9440, traefik or envoy"],
  ["auth.client_cert_verified_by_proxy", "believe me", BOOLEAN],
  ["log.format", "xml", "text or json"],
  ["log.level", "trace", "debug, info, warn or error"],
  ["log.access", "2", BOOLEAN],
  ["server.listen", "5000", LISTEN],
  ["server.listen", "0.0.0.0:5000, [10.0.0.1]:80", LISTEN],
  ["server.listen", "localhost:65536", LISTEN],
  ["server.listen", "unix:relative.sock", LISTEN],
  ["server.listen", `unix:/${"x".repeat(107)}`, LISTEN, `"unix:/${"x".repeat(74)}…"`],
  ["management.listen", "5001", "an address such as 127.0.0.1:5001, unix:/path, or off"],
  ["management.hosts", "crane.example.org:5001", "host names without ports, separated by commas or spaces"],
  ["management.on_registry_port", "maybe", BOOLEAN],
  ["cors.origins", "ui.example.org", ORIGINS],
  ["cors.origins", "https://ui.example.org/path", ORIGINS],
  ["cors.origins", "https://ui.example.org https://*.example.org?", ORIGINS],
  ["pages.enabled", "perhaps", BOOLEAN],
  ["pages.title", "a\u0007b", "text without control characters", '"a\\u0007b"'],
  ["serve_content.link_roots", "/srv, srv", "absolute paths of directories, separated by commas or line breaks"],
  ["mirror.docker.io", "hub", PREFIX],
  ["mirror.docker.io", "Hub/", PREFIX],
  ["mirror.docker.io", "hub//", PREFIX],
  ["mirror.a b", "hub/", "the host of a registry, or *, as key", '"a b"'],
  ["mirror.docker.io", "80", PREFIX],
  ["server.trusted_proxies", "everybody", CIDR],
  ["server.trusted_proxies", `${"1".repeat(100)}`, CIDR, `"${"1".repeat(80)}…"`],
];

describe("a bad value", () => {
  test.each(BAD)("of %s: %j", (name, value, expected, received = `"${value}"`) => {
    const [section, ...key] = name.split(".");
    const { problems } = report(`[${section}]\n\n${key.join(".")}: ${value}`);
    expect(problems[0]).toBe(`/etc/crane.conf:3: ${name}: expected ${expected}, received ${received}`);
  });

  test("names the flag or the variable that it came from", () => {
    const sources = { flags: { "server.port": "a" }, environment: { CRANE_SERVER_WORKERS: "b" } };
    expect(report("", sources).problems).toEqual([
      '--port: server.port: expected a whole number from 0 to 65535, received "a"',
      'CRANE_SERVER_WORKERS: server.workers: expected a whole number from 1 to 64, received "b"',
    ]);
  });

  test("of a weaker source is not asked for", () => {
    expect(report("[server]\nport: x", { flags: { "server.port": "1" } }).problems).toEqual([]);
  });

  test("never gives a secret away", () => {
    const file = "[cdn]\nurl_auth_secret: hunter2\nurl_auth_secret hunter2\nurl_auth_secret:\nhunter2\n hunter2";
    const { problems, warnings } = report(file, { environment: { CRANE_CDN_URL_AUTH_SECRET: "hunter2" } });
    expect(problems.length).toBe(3);
    expect([...problems, ...warnings].join("\n")).not.toContain("hunter2");
  });

  test("is told with all the others", () => {
    const file = "nothing\n[general]\ndebug: x\nnonsense\n[server]\nport: x\ntls_key: /key\n[sever]\n";
    expect(report(file)).toEqual({
      problems: [
        "/etc/crane.conf:1: expected a [section] before anything else, received another line",
        '/etc/crane.conf:4: expected "key: value", "[section]" or a comment, received a line without ":" or "="',
        `/etc/crane.conf:3: general.debug: expected ${BOOLEAN}, received "x"`,
        '/etc/crane.conf:6: server.port: expected a whole number from 0 to 65535, received "x"',
        "/etc/crane.conf:7: server.tls_certificate: expected a path, since server.tls_key is given, received nothing",
      ],
      warnings: ['/etc/crane.conf:8: expected a known section (the nearest is server), received "sever"'],
    });
  });
});

describe("a URL's password is not shown", () => {
  test.each([
    ["gsa.url", "ftp://user:hunter2@gsa.example.com/", "ftp://***@gsa.example.com/"],
    ["gsa.url", "https://user:hunt@er2@gsa.example.com/a b", "https://***@gsa.example.com/a b"],
    ["gsa.url", "https://user:hunt/er2@gsa example.com", "https://***@gsa example.com"],
    ["solr.url", "https://hunter2@solr.example.com/", "https://***@solr.example.com/"],
    ["cdn.url_replace", "user:hunter2@edge?", "***@edge?"],
    ["general.endpoint", "user:hunter2@crane.example.org", "***@crane.example.org"],
    ["cors.origins", "https://a.example.org, https://u:hunter2@b.example.org", "https://***@b.example.org"],
    ["auth.token_realm", `https://u:hunter2${"x".repeat(90)}@h/ `, null],
  ])("of %s", (name, value, shown) => {
    const { problems } = report("", { flags: { [name]: `${value}\u0001` } });
    expect(problems.join()).not.toContain("hunt");
    if (shown !== null) expect(problems[0]).toEndWith(`received "${shown}\\u0001"`);
  });
});

describe("a removed setting", () => {
  const REMOVED: readonly [name: string, replacement: string][] = [
    ["admin.allow", "management.listen, the address where the repository pages are served"],
    ["admin.show_protected", "management.show_protected"],
    ["metrics.allow", "management.listen, the address where metrics are served"],
    ["health.allow", "management.listen, the address where readiness is served"],
  ];
  test.each(REMOVED)("%s is an error that names what replaces it, and nothing else", (name, replacement) => {
    const [section = "", key = ""] = name.split(".");
    const why = `${name}: expected ${replacement}, as this setting was removed, received`;
    expect(report(`[${section}]\n${key}: 10.0.0.0/8`)).toEqual({
      problems: [`/etc/crane.conf:2: ${why} "10.0.0.0/8"`],
      warnings: [],
    });
    const variable = `CRANE_${section}_${key}`.toUpperCase();
    expect(report("", { environment: { [variable]: "" } })).toEqual({
      problems: [`${variable}: ${why} ""`],
      warnings: [],
    });
    const flag = `--${section}-${key.replace("_", "-")}`;
    expect(report("", { flags: { [name]: "yes" } })).toEqual({ problems: [`${flag}: ${why} "yes"`], warnings: [] });
  });
});

describe("addresses to listen on", () => {
  test("exclude host and port, wherever those are given", () => {
    const file = "[server]\nlisten: unix:/run/craned.sock\nhost: 127.0.0.1\n";
    const why = "expected nothing, since server.listen is given, received";
    expect(report(file, { flags: { "server.port": "7" } }).problems).toEqual([
      `/etc/crane.conf:3: server.host: ${why} "127.0.0.1"`,
      `--port: server.port: ${why} "7"`,
    ]);
  });

  test.each([
    ["127.0.0.1:5000", "127.0.0.1:5000"],
    ["0.0.0.0:5000", "127.0.0.1:5000"],
    ["127.0.0.1:1 [::1]:5000", "[::]:5000"],
    ["unix:/run/craned.sock", "unix:/run/craned.sock"],
  ])("%s leave no room for management on %s", (listen, management) => {
    const { problems } = report(`[server]\nlisten: ${listen}\n[management]\nlisten: ${management}`);
    expect(problems).toEqual([
      `/etc/crane.conf:4: management.listen: expected another address than the registry's, received "${management}"`,
    ]);
  });

  test("leave room for management elsewhere, or where its default is not asked for", () => {
    for (const file of ["[server]\nport: 5001", "[server]\nport: 0\n[management]\nlisten: 0.0.0.0:0"]) {
      expect(report(file).problems).toEqual([]);
    }
  });
});

describe("rewriting", () => {
  test.each([
    ["url_match", "url_replace"],
    ["url_replace", "url_match"],
  ])("with %s alone is a warning", (given, missing) => {
    const warning = `/etc/crane.conf:2: cdn.${missing}: expected a value, or cdn.${given} is ignored, received nothing`;
    expect(report(`[cdn]\n${given}: http://a/\n${missing}:`)).toEqual({ problems: [], warnings: [warning] });
  });
});

describe("a certificate", () => {
  const missing = "server.tls_key: expected a path, since server.tls_certificate is given, received nothing";

  test("needs its key", () => {
    expect(report("[server]\ntls_certificate: /crt\ntls_key:").problems).toEqual([`/etc/crane.conf:2: ${missing}`]);
    expect(report("", { flags: { "server.tls_certificate": "/crt" } }).problems).toEqual([
      `--tls-certificate: ${missing}`,
    ]);
  });

  test("may have it from another source", () => {
    const flags = { "server.tls_certificate": "/crt" };
    expect(report("[server]\ntls_key: /key", { flags }).problems).toEqual([]);
  });
});

describe("an unknown name", () => {
  const UNKNOWN: readonly [file: string, warning: string | undefined][] = [
    [
      "[general]\nendpont: a",
      '2: general.endpont: expected a known key (the nearest is general.endpoint), received "endpont"',
    ],
    ["[general]\nport: 1", '2: general.port: expected a known key (the nearest is server.port), received "port"'],
    ["[General]\ndebug: x", '1: expected a known section (the nearest is general), received "General"'],
    ["[a\u0007]\n", '1: expected a known section (the nearest is s3), received "a\\u0007"'],
    [
      `[log]\n${"k".repeat(99)}: 1`,
      `2: log.${"k".repeat(76)}…: expected a known key (the nearest is auth.token_jwks), received "${"k".repeat(80)}…"`,
    ],
    ["[DEFAULT]\nroot: /srv", undefined],
  ];
  test.each(UNKNOWN)("in the file, %j, is a warning", (file, warning) => {
    const { problems, warnings } = report(file);
    expect(problems).toEqual([]);
    expect(warnings).toEqual(warning === undefined ? [] : [`/etc/crane.conf:${warning}`]);
  });

  test("in the environment is a warning if it has a section's name in front", () => {
    const environment = {
      CRANE_GENERAL_DATADIR: "/a",
      CRANE_SERVE_CONTENT_ENABLED: "true",
      CRANE_CONFIG_PATH: "/etc/crane.conf",
      CRANE_SERVICE_HOST: "10.0.0.1",
      CRANE_PORT: "tcp://10.0.0.1:5000",
      CRANE_LOG_LEVEL: "warn",
      CRANE_MIRROR_DOCKER_IO: "hub/",
      PATH: "/bin",
    };
    expect(report("", { environment }).warnings).toEqual([
      'CRANE_GENERAL_DATADIR: general.datadir: expected a known variable (the nearest is CRANE_GENERAL_DATA_DIR), received "CRANE_GENERAL_DATADIR"',
      'CRANE_SERVE_CONTENT_ENABLED: serve_content.enabled: expected a known variable (the nearest is CRANE_SERVE_CONTENT_ENABLE), received "CRANE_SERVE_CONTENT_ENABLED"',
      'CRANE_MIRROR_DOCKER_IO: mirror.docker_io: expected [mirror] in the file, as hosts can\'t be named in variables, received "CRANE_MIRROR_DOCKER_IO"',
    ]);
  });

  test("among the flags is a warning", () => {
    expect(report("", { flags: { "server.prt": "1" } }).warnings).toEqual([
      'server.prt: server.prt: expected a known key (the nearest is server.port), received "prt"',
    ]);
  });
});
