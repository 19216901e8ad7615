import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { parseAuthorities } from "../../../lib/auth/certificates/authorities.ts";
import { type Certificate, parseCertificate } from "../../../lib/auth/certificates/certificate.ts";
import { verifyChain } from "../../../lib/auth/certificates/chain.ts";
import {
  isWithinConstraints,
  NAME_CONSTRAINTS,
  SUBJECT_ALT_NAME,
} from "../../../lib/auth/certificates/name-constraints.ts";
import { AUTHORITY, type Made, scratchCertificates } from "../../harness/certificates.ts";
import { createPlace } from "../../harness/passwords.ts";

// Keys, hashes and processes take long on a busy machine.
setDefaultTimeout(60_000);

const certificates = scratchCertificates();
const place = createPlace();
afterAll(() => {
  certificates.close();
  place.remove();
});
const { make } = certificates;

const root = make({ name: "root", extensions: AUTHORITY });

function holds(leaf: Made, sent: readonly Made[], trusted = root): boolean {
  const authorities = parseAuthorities(trusted.pem);
  const [end, ...others] = [leaf, ...sent].map(({ der }) => parseCertificate(der)).filter((each) => each !== undefined);
  if (!authorities.ok || end === undefined || others.length < sent.length) throw new Error("not read");
  return verifyChain(end, others, authorities.authorities, Date.now()) !== undefined;
}

/** The same question, put to openssl. */
function holdsForOpenssl(leaf: Made, sent: readonly Made[], trusted = root): boolean {
  const untrusted = place.at("untrusted.pem");
  writeFileSync(untrusted, sent.map(({ pem }) => pem).join(""));
  const files = ["-CAfile", trusted.certificatePath, "-untrusted", untrusted, leaf.certificatePath];
  return spawnSync("openssl", ["verify", "-purpose", "sslclient", ...files]).status === 0;
}

type Case = readonly [what: string, constraints: string, names: readonly string[], holds: boolean];

const CASES: readonly Case[] = [
  ["a host below the permitted one", "permitted;DNS:example.org", ["DNS:a.example.org"], true],
  ["the permitted host", "permitted;DNS:example.org", ["DNS:EXAMPLE.org"], true],
  ["another host", "permitted;DNS:example.org", ["DNS:example.com"], false],
  ["a host that only ends alike", "permitted;DNS:example.org", ["DNS:badexample.org"], false],
  ["one good and one bad host", "permitted;DNS:example.org", ["DNS:example.org", "DNS:example.com"], false],
  ["a name of another kind", "permitted;DNS:example.org", ["email:a@example.com"], true],
  ["an excluded host", "excluded;DNS:example.org", ["DNS:a.example.org"], false],
  ["a host that is not excluded", "excluded;DNS:example.org", ["DNS:example.com"], true],
  ["a common name that is a permitted host", "permitted;DNS:example.org", ["CN=a.example.org"], true],
  ["a common name that is another host", "permitted;DNS:example.org", ["CN=a.example.com"], false],
  ["a common name that is no host", "permitted;DNS:example.org", ["CN=6f1c-uuid"], true],
  ["a mailbox of the permitted host", "permitted;email:example.org", ["email:a@example.org"], true],
  ["a mailbox of a host below it", "permitted;email:example.org", ["email:a@b.example.org"], false],
  ["a mailbox below a domain", "permitted;email:.example.org", ["email:a@b.example.org"], true],
  ["the permitted mailbox", "permitted;email:a@example.org", ["email:a@example.org"], true],
  ["another mailbox", "permitted;email:a@example.org", ["email:b@example.org"], false],
  ["an excluded mailbox in the subject", "excluded;email:example.org", ["emailAddress=a@example.org"], false],
  ["a permitted mailbox in the subject", "permitted;email:example.org", ["emailAddress=a@example.org"], true],
  ["a URI on the permitted host", "permitted;URI:example.org", ["URI:https://example.org/x"], true],
  ["a URI on another host", "permitted;URI:example.org", ["URI:https://a.example.org:8443/x"], false],
  ["a URI below a domain", "permitted;URI:.example.org", ["URI:https://a.example.org:8443/x"], true],
  ["an address of the block", "permitted;IP:10.0.0.0/255.0.0.0", ["IP:10.1.2.3"], true],
  ["an address outside of it", "permitted;IP:10.0.0.0/255.0.0.0", ["IP:11.1.2.3"], false],
  ["an address of the other family", "permitted;IP:10.0.0.0/255.0.0.0", ["IP:2001:db8::1"], false],
  ["an excluded address", "excluded;IP:2001:db8::/ffff:ffff::", ["IP:2001:db8::1"], false],
  ["a subject below the permitted one", "permitted;dirName:org", ["O=Example", "CN=client"], true],
  ["a subject that differs in case and spaces", "permitted;dirName:org", ["O=EXAMPLE ", "CN=client"], true],
  ["another subject", "permitted;dirName:org", ["O=Another", "CN=client"], false],
  ["a subject with the part further down", "permitted;dirName:org", ["CN=client", "O=Example"], false],
  ["an excluded subject", "excluded;dirName:org", ["O=Example", "CN=client"], false],
  ["a subject that is not excluded", "excluded;dirName:org", ["O=Another", "CN=client"], true],
];

const isSubject = (name: string): boolean => name.includes("=");
const ORGANISATION = ["[org]", "O=Example"];

/** An authority with constraints, and a client below it. */
function makePair(constraints: string, names: readonly string[], critical = ""): readonly [Made, Made] {
  const issuer = make({
    name: "constrained",
    issuer: root,
    extensions: [...AUTHORITY, `nameConstraints=${critical}${constraints}`, ...ORGANISATION],
  });
  const alternative = names.filter((each) => !isSubject(each));
  const subject = names.filter(isSubject);
  const leaf = make({
    name: "client",
    issuer,
    ...(subject.length > 0 && { subject }),
    extensions: alternative.length === 0 ? [] : [`subjectAltName=${alternative.join(",")}`],
  });
  return [issuer, leaf];
}

describe("name constraints", () => {
  test.each(CASES)("%s", (_, constraints, names, expected) => {
    for (const critical of ["", "critical,"]) {
      const [issuer, leaf] = makePair(constraints, names, critical);
      expect(holds(leaf, [issuer])).toBe(expected);
      expect(holdsForOpenssl(leaf, [issuer])).toBe(expected);
    }
  });

  test("of a trusted authority count", () => {
    const [issuer, leaf] = makePair("permitted;DNS:example.org", ["DNS:example.com"]);
    expect(holds(leaf, [], issuer)).toBe(false);
    expect(holds(makeBelow(issuer, "DNS:example.org"), [], issuer)).toBe(true);
  });

  const makeBelow = (issuer: Made, name: string, extensions: readonly string[] = []): Made =>
    make({ name: "below", issuer, extensions: [...extensions, `subjectAltName=${name}`] });

  test("reach through the authorities below", () => {
    const [issuer] = makePair("permitted;DNS:example.org", []);
    const middle = make({ name: "middle", issuer, extensions: AUTHORITY });
    for (const [name, expected] of [
      ["DNS:example.org", true],
      ["DNS:example.com", false],
    ] as const) {
      const leaf = makeBelow(middle, name);
      expect(holds(leaf, [middle, issuer])).toBe(expected);
      expect(holdsForOpenssl(leaf, [middle, issuer])).toBe(expected);
    }
    const outside = makeBelow(issuer, "DNS:example.com", AUTHORITY);
    const leaf = makeBelow(outside, "DNS:example.org");
    expect([holds(leaf, [outside, issuer]), holdsForOpenssl(leaf, [outside, issuer])]).toEqual([false, false]);
  });

  const BROKEN: readonly [what: string, value: string][] = [
    ["that are no DER", "0500"],
    ["of another shape", "30023000"],
    ["with a minimum", "300ca00a300882036f7267800101"],
    ["with another list", "300aa2083006820461622e63"],
  ];
  test.each(BROKEN)("%s break the chain", (_, value) => {
    const issuer = make({ name: "broken", issuer: root, extensions: [...AUTHORITY, `2.5.29.30=DER:${value}`] });
    expect(holds(makeBelow(issuer, "DNS:abc.org"), [issuer])).toBe(false);
  });

  test("of a kind that is not implemented break a chain with such a name only", () => {
    const extensions = [...AUTHORITY, "nameConstraints=permitted;RID:1.2.3.4"];
    const issuer = make({ name: "registered", issuer: root, extensions });
    expect(holds(makeBelow(issuer, "DNS:abc.org"), [issuer])).toBe(true);
    expect(holds(makeBelow(issuer, "RID:1.2.3.4"), [issuer])).toBe(false);
  });

  test("and names of any bytes are refused or taken, and throw nothing", () => {
    const [issuer, leaf] = makePair("permitted;dirName:org", ["O=Example", "DNS:example.org"]).map(({ der }) =>
      parseCertificate(der),
    );
    if (issuer === undefined || leaf === undefined) throw new Error("not read");
    const extensionOf = (oid: string, { extensions }: Certificate) => extensions.get(oid)?.value ?? new Uint8Array();
    const edited = (bytes: Uint8Array) =>
      fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), { maxLength: 3 }).map((edits) => {
        const copy = Uint8Array.from(bytes);
        for (const [at, byte] of edits) copy[at] = byte;
        return copy;
      });
    const withExtension = (certificate: Certificate, oid: string, value: Uint8Array): Certificate => ({
      ...certificate,
      extensions: new Map([...certificate.extensions, [oid, { isCritical: false, value }]]),
    });
    const constraints = edited(extensionOf(NAME_CONSTRAINTS, issuer));
    const property = fc.property(
      constraints,
      edited(extensionOf(SUBJECT_ALT_NAME, leaf)),
      edited(leaf.subject),
      (nc, san, dn) => {
        const chain = [
          withExtension(issuer, NAME_CONSTRAINTS, nc),
          { ...withExtension(leaf, SUBJECT_ALT_NAME, san), subject: dn },
        ];
        expect([true, false]).toContain(isWithinConstraints(chain));
      },
    );
    fc.assert(property, { numRuns: 2_000 });
    expect(isWithinConstraints([issuer, leaf])).toBe(true);
  });
});
