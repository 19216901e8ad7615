import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { parseAuthorities } from "../../../lib/auth/certificates/authorities.ts";
import { type Certificate, parseCertificate } from "../../../lib/auth/certificates/certificate.ts";
import { type Authorities, verifyChain } from "../../../lib/auth/certificates/chain.ts";
import { AUTHORITY, type Made, scratchCertificates } from "../../harness/certificates.ts";

// Keys, hashes and processes take long on a busy machine.
setDefaultTimeout(60_000);

const certificates = scratchCertificates();
afterAll(certificates.close);
const { make } = certificates;

const authority = (name: string, issuer?: Made, extensions = AUTHORITY, days?: number): Made =>
  make({ name, extensions, ...(issuer && { issuer }), ...(days !== undefined && { days }) });
const client = (issuer?: Made, extensions: readonly string[] = [], days = 30): Made =>
  make({ name: "client", extensions, days, ...(issuer && { issuer }) });
const limited = (length: number) => [`basicConstraints=critical,CA:TRUE,pathlen:${length}`, "keyUsage=keyCertSign"];

function read({ der }: Made): Certificate {
  const certificate = parseCertificate(der);
  if (certificate === undefined) throw new Error("not a certificate");
  return certificate;
}

function authoritiesOf(...made: readonly Made[]): Authorities {
  const result = parseAuthorities(made.map(({ pem }) => pem).join("# the next\n"));
  if (!result.ok) throw new Error(`expected ${result.expected}, received ${result.received}`);
  return result.authorities;
}

const root = authority("root");
const other = authority("other");
const below = authority("below", root);
const leaf = client(root, ["extendedKeyUsage=clientAuth", "keyUsage=critical,digitalSignature"]);
const NOW = read(leaf).notBefore + 3_600_000;

const holds = (end: Made, sent: readonly Made[], trusted: readonly Made[], at = NOW): boolean =>
  verifyChain(read(end), sent.map(read), authoritiesOf(...trusted), at) !== undefined;

describe("a chain", () => {
  const impostor = authority("root");
  const openssl = client(root);
  const narrow = authority("narrow", root, limited(0));
  const wide = authority("wide", root, limited(1));
  const belowNarrow = authority("below narrow", narrow);
  const belowWide = authority("below wide", wide);
  const again = make({ name: "narrow", extensions: limited(0), issuer: narrow });
  const noSigner = authority("no signer", root, ["basicConstraints=CA:TRUE", "keyUsage=cRLSign"]);
  const noAuthority = authority("no authority", root, ["basicConstraints=CA:FALSE", "keyUsage=keyCertSign"]);
  const saysFalse = authority("says false", root, ["2.5.29.19=DER:3003010100", "keyUsage=keyCertSign"]);
  const forServers = authority("for servers", root, [...AUTHORITY, "extendedKeyUsage=serverAuth"]);
  const forClients = authority("for clients", root, [...AUTHORITY, "extendedKeyUsage=serverAuth,clientAuth"]);
  const forAnything = authority("for anything", root, [...AUTHORITY, "extendedKeyUsage=2.5.29.37.0"]);
  const belowServers = authority("below servers", forServers);
  const odd = authority("odd", root, [...AUTHORITY, "1.2.3.4=critical,DER:0500"]);
  const policies = authority("policies", root, [...AUTHORITY, "certificatePolicies=critical,1.2.3.4"]);
  const selfSigned = client();
  const rsa = make({ name: "rsa", extensions: AUTHORITY, isRsa: true });
  const leftOfTwo = make({ name: "left", extensions: AUTHORITY });
  const rightOfTwo = make({ name: "right", extensions: AUTHORITY, issuer: leftOfTwo });
  const leftByRight = make({ name: "left", extensions: AUTHORITY, issuer: rightOfTwo, sharesKeyWith: leftOfTwo });

  const CASES: readonly [what: string, end: Made, sent: readonly Made[], trusted: readonly Made[], holds: boolean][] = [
    ["from the authority itself", leaf, [], [root], true],
    ["from one authority of several", leaf, [], [other, root], true],
    ["that does not say what it is for", openssl, [], [root], true],
    ["over an authority that came along", client(below), [below], [root], true],
    ["over one that came along among others, the root too", client(below), [other, root, below], [root], true],
    ["over one that is missing", client(below), [], [root], false],
    ["from a trusted authority below the root", client(below), [], [below], true],
    ["over one in the file", client(below), [], [root, below], true],
    ["from another authority", leaf, [], [other], false],
    ["from another authority, although its own came along", leaf, [root], [other], false],
    ["from one of the same name with another key", leaf, [], [impostor], false],
    ["from one of the same name with another key, beside the right one", leaf, [impostor], [impostor, root], true],
    ["signed by nobody but itself", selfSigned, [selfSigned], [root], false],
    ["over a client that plays the authority", client(openssl), [openssl], [root], false],
    ["over one that says that it is no authority", client(noAuthority), [noAuthority], [root], false],
    ["over one that is none in so many words", client(saysFalse), [saysFalse], [root], false],
    ["over an authority that may not sign certificates", client(noSigner), [noSigner], [root], false],
    ["as long as it may be", client(narrow), [narrow], [root], true],
    ["longer than it may be", client(belowNarrow), [belowNarrow, narrow], [root], false],
    ["longer by one, as it may be", client(belowWide), [belowWide, wide], [root], true],
    ["longer only by one that issued itself", client(again), [again, narrow], [root], true],
    ["over an authority for servers only", client(forServers), [forServers], [root], false],
    ["over one below an authority for servers only", client(belowServers), [belowServers, forServers], [root], false],
    ["from a trusted authority for servers only", client(forServers), [], [forServers], false],
    ["over an authority for clients too", client(forClients), [forClients], [root], true],
    ["over an authority for anything", client(forAnything), [forAnything], [root], true],
    ["over one with an unknown critical extension", client(odd), [odd], [root], false],
    ["over one with policies, which limit nothing by themselves", client(policies), [policies], [root], true],
    ["of a client with an unknown critical extension", client(root, ["1.2.3.4=critical,DER:0500"]), [], [root], false],
    ["of a client with an unknown extension", client(root, ["1.2.3.4=DER:0500"]), [], [root], true],
    ["of a server", client(root, ["extendedKeyUsage=serverAuth"]), [], [root], false],
    ["of a server that is a client too", client(root, ["extendedKeyUsage=serverAuth,clientAuth"]), [], [root], true],
    ["of what may be used for anything", client(root, ["extendedKeyUsage=2.5.29.37.0"]), [], [root], true],
    ["signed with RSA", make({ name: "client", issuer: rsa }), [], [rsa], true],
    ["signed over MD5", make({ name: "client", issuer: rsa, hash: "md5" }), [], [rsa], false],
    ["that goes round in a circle", client(rightOfTwo), [rightOfTwo, leftByRight], [root], false],
    ["that could go round in a circle", client(rightOfTwo), [rightOfTwo, leftByRight], [leftOfTwo], true],
  ];
  test.each(CASES)("%s", (_, end, sent, trusted, expected) => {
    expect(holds(end, sent, trusted)).toBe(expected);
  });

  test("is found among many that lead in circles", () => {
    const twin = make({ name: "twin", extensions: AUTHORITY });
    const twins = Array.from({ length: 5 }, () => make({ name: "twin", extensions: AUTHORITY, sharesKeyWith: twin }));
    const wayOut = make({ name: "twin", extensions: AUTHORITY, issuer: root, sharesKeyWith: twin });
    expect(holds(client(twin), [...twins, wayOut], [root])).toBe(true);
  });

  test("of eight authorities is the longest", () => {
    const chain = [root];
    while (chain.length < 9) chain.push(authority(`level ${chain.length}`, chain.at(-1)));
    expect(holds(client(chain[7]), chain.slice(1, 8), [root])).toBe(true);
    expect(holds(client(chain[8]), chain.slice(1), [root])).toBe(false);
  });

  test("that many could have issued is not looked for without end", () => {
    const twin = make({ name: "twin", extensions: AUTHORITY });
    const order = { name: "twin", extensions: AUTHORITY, issuer: twin, sharesKeyWith: twin };
    const twins = Array.from({ length: 20 }, () => make(order));
    expect(holds(client(twin), twins, [root])).toBe(false);
  });
});

describe("the dates of a chain", () => {
  const short = authority("short", root, AUTHORITY, 10);
  const end = client(short, [], 5);
  const longer = client(short, [], 20);
  const DAY = 86_400_000;
  const made = read(end).notBefore;
  const [start] = [Math.max(made, read(short).notBefore)];

  const CASES: readonly [what: string, end: Made, at: number, holds: boolean][] = [
    ["a second before the client's begins", end, made - 1_000, false],
    ["when the client's begins", end, start, true],
    ["when the client's ends", end, read(end).notAfter, true],
    ["a second after the client's ended", end, read(end).notAfter + 1_000, false],
    ["before its authority's ends", longer, read(short).notAfter, true],
    ["after its authority's ended", longer, read(short).notAfter + 1_000, false],
    ["a day later still", longer, read(short).notAfter + DAY, false],
  ];
  test.each(CASES)("count: %s", (_, each, at, expected) => {
    expect(holds(each, [short], [root], at)).toBe(expected);
  });

  test("count for the trusted authority too", () => {
    const old = authority("old", undefined, AUTHORITY, 1);
    const its = client(old, [], 20);
    expect(holds(its, [], [old])).toBe(true);
    expect(holds(its, [], [old], read(old).notAfter + 1_000)).toBe(false);
  });

  test("are told: the latest start and the earliest end", () => {
    const validity = verifyChain(read(longer), [read(short)], authoritiesOf(root), NOW);
    expect(validity?.notAfter).toBe(read(short).notAfter);
    expect(validity?.notBefore).toBe(Math.max(...[longer, short, root].map((each) => read(each).notBefore)));
  });
});

describe("a file of authorities", () => {
  const FILES: readonly [what: string, text: string, received: string][] = [
    ["nothing", "", "none"],
    ["words", "see the other file", "none"],
    ["a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "none"],
    ["a certificate that breaks off", root.pem.slice(0, -60), "one that breaks off or is not base64"],
    ["one that is no base64", root.pem.replace(/\n/, "\n*"), "one that breaks off or is not base64"],
    ["bad base64 after a good one", `${root.pem}${root.pem.replace(/\n/, "\nA")}`, "something else as number 2"],
    ["a client's certificate", root.pem + leaf.pem, "one that may not issue any, as number 2"],
  ];
  test.each(FILES)("with %s is refused", (_, text, received) => {
    expect(parseAuthorities(text)).toEqual({ ok: false, expected: "certificates of authorities in PEM", received });
  });

  test("with one that may sign no certificates is refused", () => {
    const { pem } = authority("no signer", undefined, ["basicConstraints=CA:TRUE", "keyUsage=cRLSign"]);
    const received = "one that may not issue any, as number 1";
    expect(parseAuthorities(pem)).toEqual({ ok: false, expected: "certificates of authorities in PEM", received });
  });

  test("with limits that are not understood is refused", () => {
    const { pem } = authority("odd", undefined, [...AUTHORITY, "1.2.3.4=critical,DER:0500"]);
    const received = "one with limits that are not understood, as number 1";
    expect(parseAuthorities(pem)).toEqual({ ok: false, expected: "certificates of authorities in PEM", received });
  });

  test("may have comments and CRLF", () => {
    const result = parseAuthorities(`subject=CN = root\r\n${root.pem.replace(/\n/g, "\r\n")}\n# other\n${other.pem}`);
    expect(result.ok && result.authorities.length).toBe(2);
  });
});

describe("bytes that are no certificate", () => {
  test("are none, whatever they are, and throw nothing", () => {
    const at = fc.nat({ max: leaf.der.length - 1 });
    const changes = fc.array(fc.tuple(at, fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    const property = fc.property(changes, at, fc.boolean(), (edits, length, isCut) => {
      const bytes = Buffer.from(leaf.der);
      for (const [index, byte] of edits) bytes[index] = byte;
      const certificate = parseCertificate(isCut ? bytes.subarray(0, length) : bytes);
      if (isCut) expect(certificate).toBeUndefined();
      const isWhole = bytes.equals(leaf.der);
      const isGood = certificate !== undefined && verifyChain(certificate, [], authoritiesOf(root), NOW) !== undefined;
      expect(isGood).toBe(isWhole && !isCut);
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  /** Overwrites what stands once in a certificate by as many other bytes. */
  function patch(made: Made, before: readonly number[], after: readonly number[]): Buffer {
    const bytes = Buffer.from(made.der);
    const at = bytes.indexOf(Buffer.from(before));
    expect([at, bytes.indexOf(Buffer.from(before), at + 1)]).toEqual([expect.any(Number), -1]);
    bytes.set(after, at);
    return bytes;
  }

  test("one that says a thing twice is none", () => {
    const twofold = client(root, ["1.2.3.4=DER:0500", "1.2.3.5=DER:0500"]);
    expect(parseCertificate(twofold.der)).toBeDefined();
    expect(parseCertificate(patch(twofold, [6, 3, 0x2a, 3, 5], [6, 3, 0x2a, 3, 4]))).toBeUndefined();
  });

  test("one with a boolean that is neither true nor false is none", () => {
    const critical = client(root, ["1.2.3.4=critical,DER:0500"]);
    expect(parseCertificate(critical.der)).toBeDefined();
    expect(parseCertificate(patch(critical, [0x2a, 3, 4, 1, 1, 0xff], [0x2a, 3, 4, 1, 1, 0x01]))).toBeUndefined();
  });

  test("one with something after it is none", () => {
    expect(parseCertificate(Buffer.concat([leaf.der, Buffer.from([0])]))).toBeUndefined();
  });
});
