/** Configurations with something wrong in them: as a file, as variables of the environment, as flags. */
import { ALL_SETTINGS, REMOVED_SETTINGS, sectionOf, variableOf } from "../../../lib/config/schema.ts";
import type { Random } from "../random.ts";

/** Everything that says what the configuration is. */
export interface HostileConfiguration {
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
  /** By `section.key`. */
  readonly flags: Readonly<Record<string, string>>;
}

/** Values that some setting takes, and some that none does. */
const VALUES = [
  ...[
    "",
    " ",
    "true",
    "no",
    "ON",
    "0",
    "1",
    "5000",
    "65535",
    "65536",
    "-1",
    "+1",
    "1e3",
    "2147483",
    "99999999999999999999",
  ],
  ...[
    "/srv",
    "/etc/passwd",
    "relative/path",
    "~",
    "/a\0b",
    "\x1b[31m",
    "127.0.0.1",
    "::1",
    "0.0.0.0",
    "localhost",
    "h:80",
    "[::1]:80",
  ],
  ...[
    "10.0.0.0/8",
    "10.0.0.0/8, ::/0",
    "10.0.0.0/33",
    "1.2.3.4.5",
    "::ffff:1.2.3.4/97",
    "x".repeat(300),
    "9".repeat(5000),
  ],
  ...[
    "http://h/",
    "https://h/{0}",
    "http://h/?q={0}",
    "javascript:x",
    "http://",
    "akamai",
    "cloudfront",
    "S3",
    "sha256",
    "md5",
    "us-east-1",
  ],
  ...[
    "abcdef",
    "AB",
    "zz",
    "nginx",
    "apache",
    "envoy",
    "rfc9440",
    "traefik",
    "json",
    "text",
    "debug",
    "Warn",
    "X-Header",
    "X Header",
  ],
  ...[
    'a"b',
    "a\\b",
    "a;b",
    "a ;b",
    "%(data_dir)s",
    "%(nothing)s",
    "%(",
    "%(a",
    "100%",
    "%%",
    "%(__name__)s",
    "é",
    "\u202e",
    "\ufffd",
  ],
  ...[
    "127.0.0.1:0, [::1]:0",
    "unix:/tmp/craned fuzz.sock",
    "unix:/nowhere/s",
    "off",
    "[::1]",
    "[::1]:x",
    "h:1 unix:/x",
  ],
  ...["*", "hub/", "hub/two/", "Hub/", "../", "https://o.test", "https://o.test/ *", "https://a.test https://A.TEST:0"],
  ...["ftp://user:hunter2@h/", "http://u:hunter2@h/ b", "user:hunter2@h", "http://u:hun/hunter2@h\u0001"],
  ...["a\n  b", "a\n\tX-Evil: 1", "$&", "__proto__", "constructor", "{}", "[]", '""', "''"],
];

const LINES = [
  ...[
    "",
    "[",
    "]",
    "[]",
    "[a",
    "[DEFAULT]",
    "[default]",
    "[__proto__]",
    "[constructor]",
    "[general] x",
    "# c",
    "; c",
    "rem",
    "REM x",
  ],
  ...[
    "remark: 1",
    ": x",
    "=x",
    "x",
    " x: 1",
    "\tx",
    "x:1",
    "x = 1",
    "x: %(x)s",
    "a: %(b)s",
    "b: %(a)s%(a)s%(a)s",
    "__proto__: 1",
  ],
  ...[
    "constructor: 1",
    "toString = 2",
    "\0",
    "\ufeff",
    "x: \0",
    "key\0: 1",
    "a:b:c=d",
    "\x0c",
    "\x0b",
    "\u2028",
    "\r",
    "x: 1\r",
    "x:\r\n  y\r",
  ],
];

const HOSTS = ["docker.io", "h:5000", "*", "[::1]:80", "h:x", "a b", "%(x)s", "__proto__"].map(
  (host) => `mirror.${host}`,
);
const FLAGS = [...ALL_SETTINGS.map(({ name }) => name), ...REMOVED_SETTINGS.keys()];
const NAMES = [...FLAGS, ...HOSTS];
const SECTIONS = [...new Set(NAMES.map((name) => sectionOf({ name })))];
const isWord = (name: string): boolean => !/[\0\n]/.test(name);

function entry({ pick, once }: Random, section: string): string {
  const own = NAMES.filter((name) => name.startsWith(`${section}.`));
  const name = pick(once(10) || own.length === 0 ? NAMES : own);
  const key = name.slice(name.indexOf(".") + 1);
  const written = once(10) ? key.toUpperCase() : once(15) ? `${key}x` : key;
  return `${written}${pick([": ", "=", " = ", ":", "\t:\t"])}${pick(VALUES)}`;
}

function fileOf(random: Random): string {
  const { next, pick, once, join } = random;
  const lines: string[] = [];
  for (let sections = next(6); sections > 0; sections--) {
    const section = pick(SECTIONS);
    lines.push(once(12) ? `[${section.toUpperCase()}]` : `[${section}]`);
    for (let entries = next(5); entries > 0; entries--) lines.push(once(6) ? pick(LINES) : entry(random, section));
  }
  if (once(8)) lines.splice(next(lines.length + 1), 0, pick(LINES));
  let text = lines.join(pick(["\n", "\n", "\n", "\r\n"]));
  if (once(500))
    text += `\n[general]\nendpoint: ${"%(x)s".repeat(10_000)}\nx: ${"%(y)s".repeat(10)}\ny: ${"z".repeat(1000)}`;
  if (once(500)) text += "\n[log]\n".repeat(20_000);
  if (once(500)) text += `\n${"k".repeat(100_000)}: ${"v".repeat(100_000)}`;
  for (let times = once(3) ? 1 + next(3) : 0; times > 0; times--) {
    const at = next(text.length + 1);
    text = text.slice(0, at) + join(next(3), () => String.fromCharCode(next(256))) + text.slice(at + next(4));
  }
  return text;
}

export function hostileConfiguration(random: Random): HostileConfiguration {
  const { next, pick, once } = random;
  const environment: Record<string, string> = {};
  const flags: Record<string, string> = {};
  if (once(3))
    for (let times = 1 + next(3); times > 0; times--)
      environment[variableOf(pick(ALL_SETTINGS))] = pick(VALUES.filter(isWord));
  if (once(10))
    environment[pick(["CRANE_GENERAL_", "CRANE_SERVER_PROT", "CRANE_LOG___PROTO__", "CRANE_DEBUG"])] = pick([
      "true",
      "x",
      "",
    ]);
  if (once(4)) for (let times = 1 + next(3); times > 0; times--) flags[pick(FLAGS)] = pick(VALUES.filter(isWord));
  return { file: fileOf(random), environment, flags };
}
