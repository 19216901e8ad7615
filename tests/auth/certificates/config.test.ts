import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../../lib/config/load.ts";
import { describeProblem } from "../../../lib/config/problem.ts";

function load(file: string) {
  const loaded = loadConfig({ flags: {}, environment: {}, readFile: () => ({ kind: "text", text: file }) });
  return loaded.ok ? [] : loaded.problems.map((problem) => describeProblem(problem).replace("/etc/crane.conf", ""));
}

const ONLY = "since certificates come in the header of a trusted proxy only, received nothing";
const needsFormat = (line: number, asking: string) =>
  `:${line}: auth.client_cert_format: expected nginx, apache, rfc9440, traefik or envoy for ${asking}, ${ONLY}`;
const needsProxies = (line: number, asking: string) =>
  `:${line}: server.trusted_proxies: expected IP addresses or CIDR blocks, separated by commas or spaces for ${asking}, ${ONLY}`;
const needsVerifier = (line: number, asking: string) =>
  `:${line}: auth.client_ca: expected a path, or auth.client_cert_verified_by_proxy to be true, for ${asking}, since an unverified certificate proves nothing, received nothing`;

const PROXIES = "[server]\ntrusted_proxies: 10.0.0.1\n[auth]\n";

const USABLE: readonly string[] = [
  "[auth]\n",
  "[auth]\nclient_ca:\nclient_cert_header:\nclient_cert_format:\n",
  "[auth]\nclient_cert_verified_by_proxy: false\n",
  `${PROXIES}`,
  `${PROXIES}client_ca: /ca\nclient_cert_format: nginx\n`,
  `${PROXIES}client_ca: /ca\nclient_cert_format: nginx\nclient_cert_header: X-Cert\n`,
  `${PROXIES}client_cert_verified_by_proxy: true\nclient_cert_format: envoy\n`,
  `${PROXIES}client_cert_verified_by_proxy: true\nclient_ca: /ca\nclient_cert_format: rfc9440\n`,
];

const UNUSABLE: readonly [file: string, problems: readonly string[]][] = [
  ["[auth]\nclient_ca: /ca", [needsFormat(2, "auth.client_ca"), needsProxies(2, "auth.client_ca")]],
  [`${PROXIES}client_ca: /ca`, [needsFormat(4, "auth.client_ca")]],
  [`${PROXIES}client_ca: /ca\nclient_cert_header: X-Cert`, [needsFormat(4, "auth.client_ca")]],
  ["[auth]\n\nclient_ca: /ca\nclient_cert_format: nginx", [needsProxies(3, "auth.client_ca")]],
  [
    "[server]\ntrusted_proxies:\n[auth]\nclient_ca: /ca\nclient_cert_format: nginx",
    [needsProxies(4, "auth.client_ca")],
  ],
  [`${PROXIES}client_cert_format: nginx`, [needsVerifier(4, "auth.client_cert_format")]],
  [
    `${PROXIES}client_cert_format: nginx\nclient_cert_verified_by_proxy: no`,
    [needsVerifier(4, "auth.client_cert_format")],
  ],
  [
    "[auth]\nclient_cert_header: X-Cert",
    ["auth.client_cert_header"].flatMap((asking) => [
      needsFormat(2, asking),
      needsProxies(2, asking),
      needsVerifier(2, asking),
    ]),
  ],
  [`${PROXIES}client_cert_verified_by_proxy: true`, [needsFormat(4, "auth.client_cert_verified_by_proxy")]],
  [
    "[auth]\nclient_ca: /ca\nclient_cert_format: iis\n[server]\ntrusted_proxies: everybody",
    [
      ':5: server.trusted_proxies: expected IP addresses or CIDR blocks, separated by commas or spaces, received "everybody"',
      ':3: auth.client_cert_format: expected nginx, apache, rfc9440, traefik or envoy, received "iis"',
    ],
  ],
];

describe("a configuration of client certificates", () => {
  test.each(USABLE)("%j is fine", (file) => {
    expect(load(file)).toEqual([]);
  });

  test.each(UNUSABLE)("%j would need what our own TLS does not give, and is refused", (file, problems) => {
    expect(load(file)).toEqual([...problems]);
  });
});
