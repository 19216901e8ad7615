import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { readTlsFiles } from "../../lib/server/tls-files.ts";
import { AUTHORITY, scratchCertificates } from "../harness/certificates.ts";
import { runCraned, scratch } from "../harness/craned.ts";

// Keys, hashes and processes take long on a busy machine.
setDefaultTimeout(60_000);

const certificates = scratchCertificates();
const directory = scratch({});
afterAll(() => {
  certificates.close();
  directory.remove();
});

const DAY = 24 * 3_600_000;
const NAMED = ["subjectAltName=DNS:registry.example.org"];
const root = certificates.make({ name: "root", extensions: AUTHORITY, days: 100 });
const other = certificates.make({ name: "other", extensions: AUTHORITY, days: 100 });
const server = certificates.make({ name: "registry.example.org", issuer: root, extensions: NAMED, days: 90 });
const nameless = certificates.make({ name: "registry.example.org", issuer: root, days: 90 });
const soon = certificates.make({ name: "registry.example.org", issuer: root, extensions: NAMED, days: 20 });

const place = (name: string, text: string): string => {
  const path = `${directory.path}/${name}`;
  writeFileSync(path, text);
  return path;
};
const chain = place("chain.pem", `${server.pem}${root.pem}`);
const reversed = place("reversed.pem", `${root.pem}${server.pem}`);
const strange = place("strange.pem", `${server.pem}${other.pem}`);
const garbage = place("garbage.pem", "<html>");
const broken = place("broken.pem", server.pem.slice(0, 200));
const notBase64 = place("not-base64.pem", server.pem.replace("\n", "\n*"));
const encrypted = place(
  "encrypted.key",
  "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
);
const missing = `${directory.path}/missing.pem`;

const CERTIFICATE = "server.tls_certificate: expected";
const KEY = "server.tls_key: expected";

type Case = readonly [what: string, certificate: string, key: string, faults: readonly string[]];

/** Errors, with which nothing is served. */
const UNUSABLE: readonly Case[] = [
  ["no certificate", missing, server.keyPath, [`${CERTIFICATE} a certificate in ${missing}, received ENOENT`]],
  ["no key", server.certificatePath, missing, [`${KEY} a private key in ${missing}, received ENOENT`]],
  [
    "neither",
    missing,
    garbage,
    [`${CERTIFICATE} a certificate in ${missing}, received ENOENT`, `${KEY} a private key in ${garbage}, received`],
  ],
  ["garbage", garbage, server.keyPath, [`${CERTIFICATE} a certificate in ${garbage}, received no certificate in PEM`]],
  ["half a certificate", broken, server.keyPath, [`${CERTIFICATE} a certificate in ${broken}, received`]],
  ["bad base64", notBase64, server.keyPath, [`${CERTIFICATE} a certificate in ${notBase64}, received`]],
  [
    "an encrypted key",
    server.certificatePath,
    encrypted,
    [`${KEY} a private key in ${encrypted}, received an encrypted`],
  ],
  [
    "another's key",
    server.certificatePath,
    other.keyPath,
    [`${KEY} the key of the certificate in ${server.certificatePath}, received the key of another in ${other.keyPath}`],
  ],
  [
    "a chain that begins with its issuer",
    reversed,
    server.keyPath,
    [`${KEY} the key of the certificate in ${reversed}, received the key of number 2; its certificate must be first`],
  ],
];

/** Warnings, with which all is served. */
const DOUBTFUL: readonly Case[] = [
  ["nothing", server.certificatePath, server.keyPath, []],
  ["a chain", chain, server.keyPath, []],
  ["an end in 20 days", soon.certificatePath, soon.keyPath, [`${CERTIFICATE} a certificate that is valid for 30 days`]],
  ["no alternative names", nameless.certificatePath, nameless.keyPath, [`${CERTIFICATE} subject alternative names`]],
  ["another's issuer", strange, server.keyPath, [`${CERTIFICATE} the issuer of number 1 as number 2 in ${strange}`]],
];

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => / server\.tls_/.test(line));

describe("craned check", () => {
  test.each(UNUSABLE)("finds %s", async (_, certificate, key, faults) => {
    const args = ["--data-dir", directory.path, "--tls-certificate", certificate, "--tls-key", key];
    const { code, out } = await runCraned(["check", ...args]);
    expect(code).toBe(1);
    expect(lines(out)).toEqual(faults.map((fault) => expect.stringContaining(`error: ${fault}`)));
  });

  test.each(DOUBTFUL)("warns of %s", async (_, certificate, key, faults) => {
    const args = ["--data-dir", directory.path, "--tls-certificate", certificate, "--tls-key", key];
    const { code, out } = await runCraned(["check", ...args]);
    expect(code).toBe(0);
    expect(lines(out)).toEqual(faults.map((fault) => expect.stringContaining(`warning: ${fault}`)));
  });
});

test("craned serve blames the key that does not belong to its certificate", async () => {
  const tls = ["--tls-certificate", server.certificatePath, "--tls-key", other.keyPath];
  const { code, err } = await runCraned(["serve", "--data-dir", directory.path, "--port", "0", ...tls]);
  expect(code).toBe(1);
  expect(err).toContain(`received the key of another in ${other.keyPath}`);
  expect(err).not.toContain("listen");
});

describe("the dates of a certificate", () => {
  const { keyPath: key, certificatePath: certificate } = soon;
  const at = (now: number) => readTlsFiles({ certificate, key }, now);
  const begin = Date.now();

  test("are an error once it has expired, which keeps no server from starting", () => {
    const { tls, errors, warnings } = at(begin + 21 * DAY);
    expect(tls?.cert).toBe(soon.pem);
    expect(errors).toEqual([
      expect.stringContaining(`a valid certificate as ${certificate}, received one that expired at`),
    ]);
    expect(warnings).toEqual([]);
  });

  test("are an error before it begins", () => {
    const { tls, errors } = at(begin - DAY);
    expect(tls?.cert).toBe(soon.pem);
    expect(errors).toEqual([expect.stringContaining("received one that is valid from")]);
  });

  test("of an issuer in the file count too", () => {
    const { errors } = readTlsFiles({ certificate: chain, key: server.keyPath }, begin + 95 * DAY);
    expect(errors).toEqual([expect.stringContaining(`as number 1 in ${chain}, received one that expired at`)]);
    const later = readTlsFiles({ certificate: chain, key: server.keyPath }, begin + 101 * DAY);
    expect(later.errors).toHaveLength(2);
  });
});
