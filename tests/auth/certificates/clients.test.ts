import { afterAll, beforeEach, describe, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { parseAuthorities } from "../../../lib/auth/certificates/authorities.ts";
import { parseCertificate } from "../../../lib/auth/certificates/certificate.ts";
import type { Authorities } from "../../../lib/auth/certificates/chain.ts";
import { createCertificateClients } from "../../../lib/auth/certificates/clients.ts";
import type { Config } from "../../../lib/config/config.ts";
import { loadConfig } from "../../../lib/config/load.ts";
import { AUTHORITY, type Made, scratchCertificates, version1, version3 } from "../../harness/certificates.ts";
import { encodePaths } from "./path-tree-encoder.ts";

// Keys, hashes and processes take long on a busy machine.
setDefaultTimeout(60_000);

const certificates = scratchCertificates();
afterAll(certificates.close);
const root = certificates.make({ name: "root", extensions: AUTHORITY });
const below = certificates.make({ name: "below", extensions: AUTHORITY, issuer: root });
const stranger = certificates.make({ name: "stranger", extensions: AUTHORITY });
const client = (issuer: Made, extensions: readonly string[], days = 30) =>
  certificates.make({ name: "client", issuer, extensions, days });

const leaf = client(root, version1("/content/a"));
const leaf3 = client(root, version3(encodePaths(["/content/a", "/content/$x/b"])));
const [BEGIN, END] = [parseCertificate(leaf.der)?.notBefore ?? 0, parseCertificate(leaf.der)?.notAfter ?? 0];

const PROXY = "10.0.0.1";
const CA = "client_ca: /ca.pem\n";
const BELIEVED = "client_cert_verified_by_proxy: true\n";
const NGINX = "client_cert_format: nginx\n";

function configOf(auth: string): Config {
  const text = `[server]\ntrusted_proxies: 10.0.0.0/24\n[auth]\n${auth}`;
  const loaded = loadConfig({ flags: {}, environment: {}, readFile: () => ({ kind: "text", text }) });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

function authoritiesOf(...made: readonly Made[]): Authorities {
  const result = parseAuthorities(made.map(({ pem }) => pem).join(""));
  if (!result.ok) throw new Error(result.received);
  return result.authorities;
}

interface World {
  readonly auth: string;
  readonly trusted?: readonly Made[] | undefined;
  readonly now?: () => number;
}

/** What clients of one server may see: the headers of a request and its peer go in, answers for paths come out. */
function serve({ auth, trusted, now = () => BEGIN + 3_600_000 }: World) {
  const config = configOf(auth);
  const clients = createCertificateClients({
    auth: config.auth,
    trustedProxies: config.server.trustedProxies,
    authorities: trusted === undefined ? undefined : authoritiesOf(...trusted),
    now,
  });
  return (headers: Readonly<Record<string, string>>, path: string, peer = PROXY): boolean =>
    clients((name) => headers[name.toLowerCase()], peer).entitles(path);
}

const nginx = (...made: readonly Made[]) => ({
  "x-ssl-client-cert": made.map(({ pem }) => encodeURIComponent(pem)).join(""),
});

describe("a client", () => {
  const verified = { auth: CA + NGINX, trusted: [root] };
  const believed = { auth: BELIEVED + NGINX };
  const both = { auth: CA + BELIEVED + NGINX, trusted: [root] };
  const unread = { auth: CA + NGINX };
  const unreadButBelieved = { auth: CA + BELIEVED + NGINX };
  const foreign = client(stranger, version1("/content/a"));
  const selfMade = certificates.make({ name: "client", extensions: version1("/content/a") });
  const distant = client(below, version1("/content/a"));

  const CASES: readonly [
    what: string,
    world: World,
    sent: readonly Made[],
    path: string,
    peer: string,
    sees: boolean,
  ][] = [
    ["of version 1", verified, [leaf], "/content/a/", PROXY, true],
    ["of version 3", verified, [leaf3], "/content/z/b/", PROXY, true],
    ["without that path", verified, [leaf], "/content/b/", PROXY, false],
    ["without entitlements", verified, [client(root, [])], "/content/a/", PROXY, false],
    ["without a certificate", verified, [], "/content/a/", PROXY, false],
    ["behind a proxy that nobody trusts", verified, [leaf], "/content/a/", "10.0.1.1", false],
    ["at an address that is none", verified, [leaf], "/content/a/", "", false],
    ["behind a proxy on a mapped address", verified, [leaf], "/content/a/", "::ffff:10.0.0.1", true],
    ["of a stranger", verified, [foreign], "/content/a/", PROXY, false],
    ["of its own making", verified, [selfMade], "/content/a/", PROXY, false],
    ["whose issuer came along", verified, [distant, below], "/content/a/", PROXY, true],
    ["whose issuer is not known", verified, [distant], "/content/a/", PROXY, false],
    ["of a stranger whom the proxy has verified", believed, [foreign], "/content/a/", PROXY, true],
    ["of a stranger behind an untrusted proxy", believed, [foreign], "/content/a/", "192.0.2.1", false],
    ["verified by proxy and here", both, [leaf], "/content/a/", PROXY, true],
    ["verified by the proxy but not here", both, [foreign], "/content/a/", PROXY, false],
    ["whose authorities could not be read", unread, [leaf], "/content/a/", PROXY, false],
    ["whose authorities could not be read, proxy or not", unreadButBelieved, [leaf], "/content/a/", PROXY, false],
    ["of a server that takes no certificates", { auth: "" }, [leaf], "/content/a/", PROXY, false],
  ];
  test.each(CASES)("%s", (_, world, sent, path, peer, sees) => {
    expect(serve(world)(nginx(...sent), path, peer)).toBe(sees);
  });

  test("is not known by a header of another name", () => {
    const sees = serve({ auth: `${CA}${NGINX}client_cert_header: X-Cert\n`, trusted: [root] });
    expect(sees(nginx(leaf), "/content/a")).toBe(false);
    expect(sees({ "x-cert": nginx(leaf)["x-ssl-client-cert"] }, "/content/a")).toBe(true);
  });
});

describe("the dates of a certificate", () => {
  const WORLDS: readonly [what: string, world: World][] = [
    ["verified here", { auth: CA + NGINX, trusted: [root] }],
    ["believed", { auth: BELIEVED + NGINX }],
  ];
  test.each(WORLDS)("%s are looked at in every request", (_, world) => {
    let now = BEGIN - 1_000;
    const sees = serve({ ...world, now: () => now });
    const at = (time: number) => {
      now = time;
      return sees(nginx(leaf), "/content/a");
    };
    expect([BEGIN - 1_000, BEGIN, END, END + 1_000, END, BEGIN - 1_000].map(at)).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ]);
  });

  test("of an authority end those of its clients", () => {
    const short = certificates.make({ name: "short", extensions: AUTHORITY, issuer: root, days: 2 });
    const its = client(short, version1("/content/a"), 20);
    const ends = parseCertificate(short.der)?.notAfter ?? 0;
    let now = ends;
    const sees = serve({ auth: CA + NGINX, trusted: [root], now: () => now });
    expect(sees(nginx(its, short), "/content/a")).toBe(true);
    now = ends + 1_000;
    expect(sees(nginx(its, short), "/content/a")).toBe(false);
  });
});

describe("the cache of certificates", () => {
  test("does not mix clients up", () => {
    const sees = serve({ auth: CA + NGINX, trusted: [root] });
    const other = client(root, version1("/content/other"));
    for (let round = 0; round < 3; round++) {
      expect(sees(nginx(leaf), "/content/a")).toBe(true);
      expect(sees(nginx(other), "/content/a")).toBe(false);
      expect(sees(nginx(other), "/content/other")).toBe(true);
      expect(sees(nginx(leaf), "/content/other")).toBe(false);
    }
  });

  test("tells a certificate with its chain from the same one without", () => {
    const sees = serve({ auth: `${CA}client_cert_format: rfc9440\n`, trusted: [root] });
    const distant = client(below, version1("/content/a"));
    const alone = { "client-cert": `:${distant.der.toString("base64")}:` };
    const together = { ...alone, "client-cert-chain": `:${below.der.toString("base64")}:` };
    expect([alone, together, alone, together].map((headers) => sees(headers, "/content/a"))).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  test("serves the same object while it is good", () => {
    const { auth, server } = configOf(CA + NGINX);
    const options = { auth, trustedProxies: server.trustedProxies, authorities: authoritiesOf(root) };
    const clients = createCertificateClients({ ...options, now: () => BEGIN + 1_000 });
    const get = (name: string) => (name === "X-SSL-Client-Cert" ? encodeURIComponent(leaf.pem) : undefined);
    expect(clients(get, PROXY)).toBe(clients(get, PROXY));
  });
});

describe("certificates that a client made up", () => {
  const verify = spyOn(X509Certificate.prototype, "verify");
  beforeEach(() => verify.mockClear());
  afterAll(() => verify.mockRestore());

  const NO_IDENTIFIERS = ["subjectKeyIdentifier=none", "authorityKeyIdentifier=none"];
  const extensions = [...AUTHORITY, ...NO_IDENTIFIERS];
  const first = certificates.make({ name: "twin", extensions, curve: "P-521" });
  const order = { name: "twin", extensions, issuer: first, sharesKeyWith: first };
  const twins = [first, ...Array.from({ length: 8 }, () => certificates.make(order))];
  const end = certificates.make({ name: "client", extensions: version1("/content/a"), issuer: first });
  /** Their issuer has the name of the trusted authority, and another key. */
  const falseRoot = certificates.make({ name: "root", extensions, curve: "P-521" });
  const underFalseRoot = { name: "root", extensions: [...extensions, ...version1("/content/a")], issuer: falseRoot };
  const impostors = Array.from({ length: 10 }, () => certificates.make(underFalseRoot));

  test("and that lead to no authority cost no signature, however they vouch for each other", () => {
    const sees = serve({ auth: CA + NGINX, trusted: [root] });
    expect(sees(nginx(end, ...twins), "/content/a")).toBe(false);
    expect(verify).toHaveBeenCalledTimes(0);
  });

  test("and that name an authority cost a few signatures with its key", () => {
    const sees = serve({ auth: CA + NGINX, trusted: [root] });
    expect(sees(nginx(...impostors), "/content/a")).toBe(false);
    expect(verify.mock.calls.length).toBeGreaterThan(0);
    expect(verify.mock.calls.length).toBeLessThanOrEqual(4);
    for (const [key] of verify.mock.calls) expect(key.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  });

  test("are not verified again within a second, nor do they evict verified ones", () => {
    let now = BEGIN + 3_600_000;
    const sees = serve({ auth: CA + NGINX, trusted: [root], now: () => now });
    expect(sees(nginx(leaf), "/content/a")).toBe(true);
    for (let more = 0; more < 300; more++) {
      sees({ "x-ssl-client-cert": nginx(end)["x-ssl-client-cert"] + "%0A".repeat(more) }, "/content/a");
    }
    verify.mockClear();
    const countOf = (made: Made): number => {
      sees(nginx(made), "/content/a");
      const { length } = verify.mock.calls;
      verify.mockClear();
      return length;
    };
    const [impostor = leaf] = impostors;
    expect([leaf, impostor, impostor].map(countOf)).toEqual([0, 1, 0]);
    now += 1_000;
    expect([leaf, impostor].map(countOf)).toEqual([0, 1]);
  });
});
