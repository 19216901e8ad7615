/** The registries that requests are made up for, each with what it has to answer. */

import { AUTHORITY, scratchCertificates, version1 } from "../../harness/certificates.ts";
import { type Craned, scratch, serveDirectory } from "../../harness/craned.ts";
import { readParts } from "../../harness/multipart.ts";
import { ALICE, basic } from "../../harness/passwords.ts";
import { createSigner, ISSUER, SERVICE } from "../../harness/token-server.ts";
import type { CheckBody, Expect, IsSlow } from "./judging.ts";
import { fieldOf, type ReadRequest } from "./naive-http.ts";
import { type Expected, expectNaively, type MaySee } from "./naive-registry.ts";
import { CONTENT, SERVED } from "./served-files.ts";

/** A registry that runs. */
export interface Site {
  readonly craned: Craned;
  readonly isTls: boolean;
  /** Header lines that say who asks, rightly and wrongly. */
  readonly credentials: readonly string[];
  /** The line that opens what there is to open. */
  readonly right: string | undefined;
  readonly expect: Expect;
  readonly checkBody: CheckBody;
  /** Requests whose answer takes more than one turn of the event loop. */
  readonly isSlow: IsSlow;
  /** Whether several requests are sent at once: what follows a slow one would get no answer. */
  readonly pipelines: boolean;
  readonly stop: () => Promise<void>;
}

const isPublic: MaySee = (file) => file.protected !== true;
const sendsNoFile: CheckBody = () => undefined;

const FIVE: readonly number[] = [200, 206, 304, 404, 412, 416];

/** A q that is malformed may be read in any way; what it leads to has to be right in itself only. */
const CLEAR_ACCEPT = /^(?:(?:^|,) *[\w.+*/-]*(?:; *(?:q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)|charset=[\w-]+))* *)*$/i;

function expectOpen(request: ReadRequest, maySee: MaySee = isPublic): Expected {
  const expected = expectNaively(request, maySee);
  const isOfAccept =
    /\/manifests\//.test(request.path) && !expected.statuses.some((each) => each === 400 || each === 405);
  if (!isOfAccept || CLEAR_ACCEPT.test(fieldOf(request, "accept") ?? "")) return expected;
  return { statuses: [...expected.statuses, 200, 302, 304, 404], isGuarded: expected.isGuarded };
}

/** Files are sent instead of redirects. */
const served = ({ location, statuses, ...expected }: Expected): Expected => ({
  ...expected,
  statuses: statuses.includes(302) ? [...FIVE, ...statuses.filter((each) => each === 400)] : [...statuses, 404],
});

/** A client that is not authorised learns nothing; where it can't be told, either is right. */
function guarded(expected: Expected, access: "yes" | "no" | "perhaps"): Expected {
  if (!expected.isGuarded || access === "yes") return expected;
  // A part of the request that is malformed may be refused whoever asks.
  const malformed = expected.statuses.filter((status) => status === 400);
  const refused: Expected = { statuses: [401, 404, 405, 429, ...malformed], isGuarded: true };
  if (access === "no") return refused;
  return { ...refused, statuses: [...refused.statuses, ...expected.statuses, 401] };
}

interface Started extends Partial<Omit<Site, "craned" | "stop">> {
  readonly args?: readonly string[];
  readonly close?: () => void;
}

async function start({ args = [], close, ...site }: Started): Promise<Site> {
  const data = scratch(SERVED);
  const craned = await serveDirectory(data.path, { args });
  return {
    isTls: false,
    credentials: [],
    right: undefined,
    expect: expectOpen,
    checkBody: sendsNoFile,
    isSlow: ({ path }) => path === "/v1/search" || !/^\/v[12](?:$|\/)/.test(path),
    pipelines: true,
    ...site,
    craned,
    stop: async () => {
      await craned.stop();
      data.remove();
      close?.();
    },
  };
}

/** Every client is authorised, and redirected. */
const open = (): Promise<Site> => start({});

const contentOf: CheckBody = ({ status, headers, body }, { file, path }) => {
  if ((status !== 200 && status !== 206) || file === undefined || path === undefined) return undefined;
  const whole = CONTENT[`${file.version === 1 ? "v1" : "v2"}/${file.repository}/${path}`] ?? "";
  const type = headers.get("content-type") ?? "";
  const parts = type.startsWith("multipart/")
    ? readParts(type, body).map(({ range, bytes }) => ({ range, text: bytes.toString("latin1") }))
    : [{ range: headers.get("content-range"), text: body }];
  const wrong = parts.find(({ range, text }) => {
    const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(range ?? "") ?? [];
    return text !== (status === 200 ? whole : whole.slice(Number(first), Number(last) + 1));
  });
  return wrong && `the bytes ${JSON.stringify(wrong.text.slice(0, 80))} of ${path}`;
};

/** Every answer may have to wait for a password, a signature or a file. */
const SLOW = { isSlow: () => true, pipelines: false } as const;

/** Passwords, files from disk, and a line in the log for each request. */
function passwords(): Promise<Site> {
  const place = scratch({ ...CONTENT, users: `${ALICE}\n` });
  const good = `Authorization: ${basic("alice", "secret")}`;
  const isRight = (header: string): boolean =>
    Buffer.from(/^basic +(\S+) *$/i.exec(header)?.[1] ?? "", "base64").toString() === "alice:secret";
  return start({
    args: [
      ...["--auth-htpasswd", `${place.path}/users`, "--serve-content-enable", "--log-access"],
      ...["--serve-content-content-dir-v1", `${place.path}/v1`, "--serve-content-content-dir-v2", `${place.path}/v2`],
    ],
    credentials: [
      ...[good, good, good, good, "Authorization: Basic", "Authorization: Basic !!!", "Authorization: Bearer x"],
      ...[basic("alice", "x"), basic("", ""), basic("nobody", "secret"), "Basic YWxpY2U="].map(
        (each) => `Authorization: ${each}`,
      ),
    ],
    right: good,
    expect: (request) => {
      const header = fieldOf(request, "authorization") ?? "";
      const access = `Authorization: ${header}` === good ? "yes" : isRight(header) ? "perhaps" : "no";
      return guarded(served(expectOpen(request)), access);
    },
    checkBody: contentOf,
    ...SLOW,
    close: place.remove,
  });
}

/** Bearer tokens. */
async function tokens(): Promise<Site> {
  const [signer, stranger] = await Promise.all([createSigner("ES256"), createSigner("ES256")]);
  const place = scratch({ "keys.json": { keys: [signer.jwk] } });
  const exp = Math.floor(Date.now() / 1000) + 86_400;
  const names = Object.values(SERVED).map((file) => file["repo-registry-id"]);
  const access = [
    ...names.map((name) => ({ type: "repository", name, actions: ["pull"] })),
    { type: "registry", name: "catalog", actions: ["*"] },
  ];
  const claims = { access, exp, nbf: 0, iat: 0 };
  const all = await signer.sign({ claims });
  const narrow = await signer.sign({ claims: { ...claims, access: access.slice(0, 1) } });
  const changed = (change: object) => signer.sign({ claims: { ...claims, ...change } });
  const wrong = await Promise.all([
    ...[{ exp: 1 }, { aud: "other" }, { iss: "other" }].map(changed),
    stranger.sign({ claims }),
  ]);
  /** Good ones that open nothing. */
  const empty = await Promise.all([{ access: {} }, { access: [null, 1, { type: [] }] }].map(changed));
  const lineOf = (token: string) => `Authorization: Bearer ${token}`;
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${all.split(".")[1]}.`;
  return await start({
    args: [
      ...["--auth-token-realm", "http://tokens.test/", "--auth-token-service", SERVICE],
      ...["--auth-token-issuer", ISSUER, "--auth-token-jwks", `${place.path}/keys.json`],
    ],
    credentials: [
      ...[all, all, all, all, narrow, unsigned, "x.y.z", "", ...wrong, ...empty].map(lineOf),
      "Authorization: Basic YTpi",
    ],
    right: lineOf(all),
    expect: (request) => {
      const header = fieldOf(request, "authorization") ?? "";
      const [, token] = /^bearer +(\S+) *$/i.exec(header) ?? [];
      // A token that was broken within the last bits of its signature may be the same one.
      const isOf = (good: string): boolean => token?.slice(0, -4) === good.slice(0, -4);
      const expected = expectOpen(request);
      const { file } = expected;
      const isNarrow = file === undefined || file["repo-registry-id"] === names[0];
      const isOpened = isOf(all) || (isNarrow && isOf(narrow)) || (file === undefined && empty.some(isOf));
      return guarded(expected, isOpened ? "perhaps" : "no");
    },
    ...SLOW,
    close: place.remove,
  });
}

/** Percent signs decoded, and white space left out, which base64 may be broken by. */
const withoutSpace = (text: string): string =>
  text
    .replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replace(/\s+/g, "");

/** Client certificates from a trusted proxy. */
function certificateSite(format: "nginx" | "envoy"): () => Promise<Site> {
  return () => {
    const certificates = scratchCertificates();
    const authority = certificates.make({ name: "An authority", extensions: AUTHORITY });
    const other = certificates.make({ name: "Another authority", extensions: AUTHORITY });
    const extensions = version1("/secret", "/a/secret");
    const client = certificates.make({ name: "client", issuer: authority, extensions });
    const stranger = certificates.make({ name: "client", issuer: other, extensions });
    const narrow = certificates.make({ name: "client", issuer: authority, extensions: version1("/else") });
    const encode = ({ pem }: { readonly pem: string }): string => encodeURIComponent(pem.trim());
    const header = format === "nginx" ? "X-SSL-Client-Cert" : "X-Forwarded-Client-Cert";
    const sentFor = (made: { readonly pem: string }) => (format === "nginx" ? encode(made) : `Cert="${encode(made)}"`);
    const good = sentFor(client);
    const extra =
      format === "nginx"
        ? ["a".repeat(5000)]
        : [`By=x;Hash=y;${good}`, `Cert="a,${good}`, `Cert=,,;;`, `${good},${sentFor(stranger)}`];
    // Bytes out of the midst of the certificate: whoever does not send these does not send it, however it is written.
    const core = withoutSpace(encode(client)).slice(300, 340);
    return start({
      args: [
        ...["--trusted-proxies", "127.0.0.0/8", "--auth-client-cert-format", format],
        ...["--auth-client-ca", authority.certificatePath],
      ],
      credentials: [good, good, sentFor(stranger), sentFor(narrow), good.slice(0, 500), "", "%", ...extra].map(
        (value) => `${header}: ${value}`,
      ),
      right: `${header}: ${good}`,
      expect: (request) => {
        const sent = fieldOf(request, header.toLowerCase()) ?? "";
        if (sent === good) return expectOpen(request, () => true);
        const closed = expectOpen(request);
        if (!withoutSpace(sent).includes(core)) return closed;
        const opened = expectOpen(request, () => true);
        return {
          ...closed,
          ...(opened.file?.protected === true ? { location: opened.location ?? "" } : {}),
          json: undefined,
          statuses: [...closed.statuses, ...opened.statuses],
        };
      },
      ...SLOW,
      close: certificates.close,
    });
  };
}

/** Open, over TLS. */
function tls(): Promise<Site> {
  const certificates = scratchCertificates();
  const { certificatePath, keyPath } = certificates.make({ name: "localhost" });
  return start({
    args: ["--tls-certificate", certificatePath, "--tls-key", keyPath],
    isTls: true,
    close: certificates.close,
  });
}

/** Each kind of registry, and its part of all requests, in percent. */
export const SITES: readonly { readonly name: string; readonly share: number; readonly start: () => Promise<Site> }[] =
  [
    { name: "open", share: 55, start: open },
    { name: "passwords, files from disk, access log", share: 15, start: passwords },
    { name: "tokens", share: 10, start: tokens },
    { name: "client certificates from nginx", share: 9, start: certificateSite("nginx") },
    { name: "client certificates from Envoy", share: 9, start: certificateSite("envoy") },
    { name: "TLS", share: 2, start: tls },
  ];
