import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and where its files are. */
export interface Made {
  readonly pem: string;
  readonly der: Buffer;
  readonly certificatePath: string;
  readonly keyPath: string;
}

export interface Order {
  readonly name: string;
  /** The subject's attributes, by default `CN=` and the name. */
  readonly subject?: readonly string[];
  /** Itself, if nobody else. */
  readonly issuer?: Made;
  /** Lines of an extension section of openssl's configuration. */
  readonly extensions?: readonly string[];
  /** By default 30, and 60 for one that issues itself: it ends after all that it issues, however slow the machine. */
  readonly days?: number;
  /** Whose key it shares. */
  readonly sharesKeyWith?: Made;
  readonly hash?: string;
  readonly isRsa?: boolean;
  readonly curve?: string;
}

export const AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
const ecKey = (curve: string) => ["-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:${curve}`];
const RSA_KEY = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

function openssl(...parameters: readonly string[]): void {
  const { status, stderr } = spawnSync("openssl", parameters, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl ${parameters[0]}: ${stderr}`);
}

/** Has openssl make keys and certificates, valid from now on, in a directory of its own. */
export function scratchCertificates() {
  const directory = mkdtempSync(join(tmpdir(), "craned-certificates-"));
  let count = 0;
  return {
    make(order: Order): Made {
      const {
        name,
        issuer,
        subject = [`CN=${name}`],
        extensions = [],
        sharesKeyWith,
        hash = "sha256",
        isRsa = false,
      } = order;
      const { days = issuer === undefined ? 60 : 30, curve = "P-256" } = order;
      const base = join(directory, `${count++}`);
      const [certificatePath, configPath] = [`${base}.pem`, `${base}.conf`];
      const keyPath = sharesKeyWith?.keyPath ?? `${base}.key`;
      const lines = ["[req]", "prompt=no", "distinguished_name=dn", "x509_extensions=ext", "[dn]", ...subject, "[ext]"];
      writeFileSync(configPath, [...lines, ...extensions, ""].join("\n"));
      if (sharesKeyWith === undefined) openssl("genpkey", ...(isRsa ? RSA_KEY : ecKey(curve)), "-out", keyPath);
      const signer = issuer === undefined ? [] : ["-CA", issuer.certificatePath, "-CAkey", issuer.keyPath];
      const request = ["-new", "-x509", "-config", configPath, "-key", keyPath, `-${hash}`, "-days", `${days}`];
      openssl("req", ...request, ...signer, "-out", certificatePath);
      const pem = readFileSync(certificatePath, "utf8");
      const der = Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ""), "base64");
      return { pem, der, certificatePath, keyPath };
    },
    close: () => rmSync(directory, { recursive: true }),
  };
}

/** The DER of one value. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const digits = length < 256 ? [length] : length < 65_536 ? [length >> 8, length & 0xff] : undefined;
  if (digits === undefined) throw new Error("too long");
  return Buffer.concat([Buffer.from(length < 128 ? [tag, length] : [tag, 0x80 + digits.length, ...digits]), content]);
}

const RED_HAT = "1.3.6.1.4.1.2312.9";

/** The line of an extension below Red Hat's arc. */
export const redHat = (oid: string, value: Uint8Array): string =>
  `${RED_HAT}.${oid}=DER:${Buffer.from(value).toString("hex")}`;

const text = (value: string): Buffer => der(0x0c, Buffer.from(value));

/** The extensions of a version 1 entitlement certificate. */
export const version1 = (...paths: readonly string[]): readonly string[] => [
  redHat("4.1", text("An order")),
  ...paths.flatMap((path, index) => [
    redHat(`2.${index + 1}.1`, text("yum")),
    redHat(`2.${index + 1}.1.1`, text("A content set")),
    redHat(`2.${index + 1}.1.6`, text(path)),
  ]),
];

/** The extensions of a version 3 entitlement certificate. */
export const version3 = (payload: Uint8Array, version = "3.4"): readonly string[] => [
  redHat("6", text(version)),
  redHat("7", der(0x04, payload)),
];
