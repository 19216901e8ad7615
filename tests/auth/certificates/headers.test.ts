import { afterAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type CertificateFormat,
  certificateHeaders,
  DEFAULT_HEADERS,
  parseCertificateHeaders,
  type SentCertificates,
} from "../../../lib/auth/certificates/headers.ts";
import { AUTHORITY, type Made, scratchCertificates } from "../../harness/certificates.ts";

const certificates = scratchCertificates();
afterAll(certificates.close);
const authority = certificates.make({ name: "authority", extensions: AUTHORITY });
const leaf = certificates.make({ name: "leaf", issuer: authority });

const bare = ({ der }: Made): string => der.toString("base64");
const escaped = ({ pem }: Made): string => encodeURIComponent(pem);
const structured = (made: Made): string => `:${bare(made)}:`;

type Headers = Readonly<Record<string, string>>;

/** Headers as a server has them: names in any case. */
function read(format: CertificateFormat, headers: Headers, header?: string): SentCertificates | undefined {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const found = certificateHeaders((name) => byName.get(name.toLowerCase()), format, header);
  return found === undefined ? undefined : parseCertificateHeaders(found, format);
}

const READABLE: readonly [what: string, format: CertificateFormat, headers: Headers, intermediates: readonly Made[]][] =
  [
    ["nginx's escaped PEM", "nginx", { "X-SSL-Client-Cert": escaped(leaf) }, []],
    [
      "nginx's escaped PEM in small digits",
      "nginx",
      {
        "X-SSL-Client-Cert": escaped(leaf)
          .toLowerCase()
          .replace(/.*/s, () => escaped(leaf).replace(/%../g, (code) => code.toLowerCase())),
      },
      [],
    ],
    ["nginx's old PEM with tabs", "nginx", { "X-SSL-Client-Cert": leaf.pem.trim().replace(/\n/g, "\t") }, []],
    ["a chain of escaped PEM", "nginx", { "X-SSL-Client-Cert": escaped(leaf) + escaped(authority) }, [authority]],
    ["Apache's PEM with spaces", "apache", { SSL_CLIENT_CERT: leaf.pem.replace(/\n/g, " ") }, []],
    ["Apache's PEM, escaped", "apache", { SSL_CLIENT_CERT: escaped(leaf) }, []],
    ["RFC 9440", "rfc9440", { "Client-Cert": structured(leaf) }, []],
    [
      "RFC 9440 with a chain",
      "rfc9440",
      { "Client-Cert": structured(leaf), "Client-Cert-Chain": `${structured(authority)}, ${structured(leaf)}` },
      [authority, leaf],
    ],
    ["RFC 9440 without padding", "rfc9440", { "Client-Cert": structured(leaf).replace(/=/g, "") }, []],
    ["RFC 9440 with an empty chain", "rfc9440", { "Client-Cert": structured(leaf), "Client-Cert-Chain": "" }, []],
    ["Traefik's bare base64", "traefik", { "X-Forwarded-Tls-Client-Cert": bare(leaf) }, []],
    ["Traefik's base64, escaped", "traefik", { "X-Forwarded-Tls-Client-Cert": encodeURIComponent(bare(leaf)) }, []],
    ["Traefik's chain", "traefik", { "X-Forwarded-Tls-Client-Cert": `${bare(leaf)},${bare(authority)}` }, [authority]],
    ["Envoy's Cert", "envoy", { "X-Forwarded-Client-Cert": `Hash=00ff;Cert="${escaped(leaf)}"` }, []],
    ["Envoy's Cert with a backslash", "envoy", { "X-Forwarded-Client-Cert": `Cert="\\${escaped(leaf)}"` }, []],
    ["Envoy's Cert without quotes", "envoy", { "X-Forwarded-Client-Cert": `cert=${escaped(leaf)}` }, []],
    [
      "Envoy's Cert and Chain",
      "envoy",
      {
        "X-Forwarded-Client-Cert": `By=spiffe://x/y=z;Subject="CN=\\"a\\",O=b;c";DNS=a;DNS=b;Cert="${escaped(leaf)}";Chain="${escaped(leaf)}${escaped(authority)}"`,
      },
      [leaf, authority],
    ],
    [
      "Envoy's Chain alone",
      "envoy",
      { "X-Forwarded-Client-Cert": `Chain="${escaped(leaf)}${escaped(authority)}"` },
      [authority],
    ],
    [
      "Envoy's last element",
      "envoy",
      { "X-Forwarded-Client-Cert": `Hash=1;Cert="${escaped(authority)}",Hash=2;Cert="${escaped(leaf)}"` },
      [],
    ],
  ];

describe("a client's certificate in a header", () => {
  test.each(READABLE)("is read as %s", (_, format, headers, intermediates) => {
    expect(read(format, headers)).toEqual({ leaf: leaf.der, intermediates: intermediates.map(({ der }) => der) });
  });

  test("may have another name, and a chain beside it has that name too", () => {
    const headers = { "X-Cert": structured(leaf), "X-Cert-Chain": structured(authority) };
    expect(read("rfc9440", headers, "X-Cert")).toEqual({ leaf: leaf.der, intermediates: [authority.der] });
    expect(read("rfc9440", headers)).toBeUndefined();
    expect(read("nginx", { "X-Cert": escaped(leaf), "X-SSL-Client-Cert": escaped(authority) }, "X-Cert")?.leaf).toEqual(
      leaf.der,
    );
  });
});

const many = (text: string, separator: string) => Array.from({ length: 11 }, () => text).join(separator);
const LONG = 131_073;

const NOTHING: readonly [what: string, format: CertificateFormat, value: string][] = [
  ["nothing", "nginx", ""],
  ["blanks", "nginx", " "],
  ["what Apache says for nothing", "apache", "(null)"],
  ["PEM that comes twice", "nginx", `${escaped(leaf)}, ${escaped(leaf)}`],
  ["PEM that breaks off", "nginx", escaped(leaf).slice(0, -40)],
  ["PEM of something else", "nginx", escaped(leaf).replaceAll("CERTIFICATE", "PRIVATE%20KEY")],
  ["PEM with words around it", "apache", `Certificate: ${leaf.pem.replace(/\n/g, " ")}`],
  ["PEM that is no base64", "nginx", "-----BEGIN CERTIFICATE----- A -----END CERTIFICATE-----"],
  ["PEM with padding in the middle", "nginx", "-----BEGIN CERTIFICATE-----AA==AAAA-----END CERTIFICATE-----"],
  ["PEM with padding that is too short", "nginx", "-----BEGIN CERTIFICATE-----AAAAA=-----END CERTIFICATE-----"],
  ["empty PEM", "nginx", "-----BEGIN CERTIFICATE----------END CERTIFICATE-----"],
  ["PEM beside broken PEM", "nginx", `${escaped(leaf)}-----BEGIN CERTIFICATE-----A-----END CERTIFICATE-----`],
  ["too many certificates", "nginx", many(escaped(leaf), "")],
  ["too long a value", "nginx", "%0A".repeat(LONG / 3) + escaped(leaf)],
  ["base64 without colons", "rfc9440", bare(leaf)],
  ["an empty byte sequence", "rfc9440", "::"],
  ["two byte sequences", "rfc9440", `${structured(leaf)}, ${structured(leaf)}`],
  ["a byte sequence with parameters", "rfc9440", `${structured(leaf)};a=1`],
  ["PEM", "traefik", leaf.pem.replace(/\n/g, " ")],
  ["an empty item", "traefik", `${bare(leaf)},,${bare(leaf)}`],
  ["too many items", "traefik", many(bare(leaf), ",")],
  ["no certificate", "envoy", 'Hash=00ff;Subject="CN=a"'],
  ["only an element that is not the last", "envoy", `Cert="${escaped(leaf)}",Hash=1`],
  ["two in one element", "envoy", `Cert="${escaped(leaf)}";Cert="${escaped(leaf)}"`],
  ["a certificate with a broken chain", "envoy", `Cert="${escaped(leaf)}";Chain="x"`],
  ["an open quote", "envoy", `Cert="${escaped(leaf)}`],
  ["a key without a value", "envoy", `Cert;Cert="${escaped(leaf)}"`],
  ["a separator at the end", "envoy", `Cert="${escaped(leaf)}",`],
  ["more pairs than anyone writes", "envoy", `${"DNS=a;".repeat(200)}Cert="${escaped(leaf)}"`],
  ["blanks before a quote", "envoy", `Cert=${" ".repeat(100_000)}"`],
  ["backslashes without end", "envoy", `Cert="${"\\".repeat(100_001)}`],
];

describe("what is no certificate", () => {
  test.each(NOTHING)("%s (%s) is nothing", (_, format, value) => {
    expect(read(format, { [DEFAULT_HEADERS[format]]: value })).toBeUndefined();
  });

  test("a malformed chain beside a good certificate is nothing", () => {
    const headers = { "Client-Cert": structured(leaf), "Client-Cert-Chain": "x" };
    expect(read("rfc9440", headers)).toBeUndefined();
  });

  test("whatever comes, nothing is thrown", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "Cert=",
        "Chain=",
        '"',
        "\\",
        ",",
        ";",
        ":",
        "%",
        "%2",
        "%00",
        "=",
        "-----BEGIN CERTIFICATE-----",
      ),
      fc.constantFrom("-----END CERTIFICATE-----", bare(leaf), escaped(leaf)),
    );
    const format = fc.constantFrom<CertificateFormat>("nginx", "apache", "rfc9440", "traefik", "envoy");
    const property = fc.property(format, fc.array(piece, { maxLength: 8 }), (each, pieces) => {
      const sent = read(each, { [DEFAULT_HEADERS[each]]: pieces.join("") });
      expect(sent === undefined || sent.leaf instanceof Uint8Array).toBe(true);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});
