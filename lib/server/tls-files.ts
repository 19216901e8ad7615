import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readPem } from "../auth/certificates/certificate.ts";
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import type { Tls } from "./listen.ts";

/** Certificate and key with their faults, each in a line that names the setting and the file. */
export interface TlsReading {
  /** Undefined where an error makes them unusable; an expired certificate is usable. */
  readonly tls: Tls | undefined;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** The latest time for a renewal, in ms before a certificate ends. */
const RENEWAL_MS = 30 * 24 * 3_600_000;

interface Files {
  readonly certificate: string;
  readonly key: string;
}

const CERTIFICATE = "server.tls_certificate";
const KEY = "server.tls_key";

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @param parse throws for a file of another kind */
function read<Value>(path: string, parse: (pem: string) => Value): { pem: string; value: Value } | { reason: string } {
  try {
    const pem = readFileSync(path, "utf8");
    return { pem, value: parse(pem) };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

function parseCertificates(pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  const { certificates, around } = readPem(pem);
  if (around.includes("-----BEGIN CERTIFICATE-----")) throw new Error("a certificate that is not base64");
  const parsed = certificates.map((der, index) => {
    try {
      return new X509Certificate(der ?? new Uint8Array());
    } catch (error) {
      throw new Error(`something else as number ${index + 1}: ${reasonOf(error)}`);
    }
  });
  const [leaf, ...others] = parsed;
  if (leaf === undefined) throw new Error("no certificate in PEM");
  return [leaf, ...others];
}

function parseKey(pem: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw new Error("an encrypted one, for which there is no setting");
  }
  return createPrivateKey(pem);
}

/** Checks the dates of a certificate, and what clients refuse of it. */
function certificateFaults(path: string, certificates: readonly X509Certificate[], now: number) {
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const [index, certificate] of certificates.entries()) {
    const which = certificates.length === 1 ? path : `number ${index + 1} in ${path}`;
    const expect = (expected: string, received: string): string =>
      `${CERTIFICATE}: expected ${expected} as ${which}, received ${received}`;
    const { validFromDate: from, validToDate: to } = certificate;
    if (from.getTime() > now)
      errors.push(expect("a valid certificate", `one that is valid from ${from.toISOString()}`));
    if (to.getTime() < now) errors.push(expect("a valid certificate", `one that expired at ${to.toISOString()}`));
    else if (to.getTime() < now + RENEWAL_MS) {
      warnings.push(expect("a certificate that is valid for 30 days", `one that expires at ${to.toISOString()}`));
    }
    const issued = certificates[index - 1];
    if (issued !== undefined && !issued.checkIssued(certificate)) {
      warnings.push(expect(`the issuer of number ${index}`, `${certificate.subject.replaceAll("\n", ", ")}`));
    }
    if (index === 0 && certificate.subjectAltName === undefined) {
      warnings.push(expect("subject alternative names, without which docker and podman refuse it", "none"));
    }
  }
  return { errors, warnings };
}

/**
 * Reads certificate and key, and checks that they fit together and are valid.
 *
 * @param now in ms since 1970
 */
export function readTlsFiles({ certificate, key }: Files, now: number): TlsReading {
  const [ofCertificate, ofKey] = [read(certificate, parseCertificates), read(key, parseKey)];
  const errors: string[] = [];
  if ("reason" in ofCertificate) {
    errors.push(`${CERTIFICATE}: expected a certificate in ${certificate}, received ${ofCertificate.reason}`);
  }
  if ("reason" in ofKey) errors.push(`${KEY}: expected a private key in ${key}, received ${ofKey.reason}`);
  if ("reason" in ofCertificate || "reason" in ofKey) return { tls: undefined, errors, warnings: [] };
  const [leaf, ...issuers] = ofCertificate.value;
  if (!leaf.checkPrivateKey(ofKey.value)) {
    const place = issuers.findIndex((each) => each.checkPrivateKey(ofKey.value));
    const received =
      place === -1 ? "the key of another" : `the key of number ${place + 2}; its certificate must be first`;
    const error = `${KEY}: expected the key of the certificate in ${certificate}, received ${received} in ${key}`;
    return { tls: undefined, errors: [error], warnings: [] };
  }
  return {
    tls: { cert: ofCertificate.pem, key: ofKey.pem },
    ...certificateFaults(certificate, ofCertificate.value, now),
  };
}

/** Finds the faults of the configured certificate and key; none where TLS is not configured. */
export const tlsFaults = ({ tls }: Config["server"], now: number): Omit<TlsReading, "tls"> =>
  tls === undefined ? { errors: [], warnings: [] } : readTlsFiles(tls, now);

const INTERVAL_MILLISECONDS = 1000;

/** Follows the changes of certificate and key. */
export interface TlsWatch {
  /** Reads the files now. */
  readonly check: () => void;
  readonly close: () => void;
}

/** Calls back whenever the files hold another usable pair; while they don't, the pair in use stays and the log says why. */
export function watchTls(files: Files, present: Tls, log: Log, onChange: (tls: Tls) => void): TlsWatch {
  let used = present;
  let fault = "";
  const check = (): void => {
    const { tls, errors } = readTlsFiles(files, Date.now());
    // Certificate and key are replaced one after the other, so a fault may last for a moment.
    const message = tls === undefined ? errors.join("; ") : "";
    if (message !== "" && message !== fault) log.warn("the certificate in use stays", { error: message });
    fault = message;
    if (tls === undefined || (tls.cert === used.cert && tls.key === used.key)) return;
    used = tls;
    onChange(tls);
    log.info("a new certificate is in use", { file: files.certificate });
  };
  const timer = setInterval(check, INTERVAL_MILLISECONDS);
  timer.unref();
  return { check, close: () => clearInterval(timer) };
}
