import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { parseCertificate } from "../../../lib/auth/certificates/certificate.ts";
import { covers, type PathNode, pathNodeOf } from "../../../lib/auth/certificates/content-paths.ts";
import { entitlementsOf } from "../../../lib/auth/certificates/entitlements.ts";
import { decodePathTree, huffmanReader, readBits } from "../../../lib/auth/certificates/path-tree.ts";
import { der, redHat, scratchCertificates, version1, version3 } from "../../harness/certificates.ts";
import {
  countBytes,
  encodeNodes,
  encodePaths,
  huffmanCodes,
  packBits,
  type Steps,
  stepBits,
  zipWords,
} from "./path-tree-encoder.ts";

// Keys, hashes and processes take long on a busy machine.
setDefaultTimeout(60_000);

const certificates = scratchCertificates();
afterAll(certificates.close);

function entitlementsWith(extensions: readonly string[]) {
  const certificate = parseCertificate(certificates.make({ name: "client", extensions }).der);
  if (certificate === undefined) throw new Error("not a certificate");
  return entitlementsOf(certificate);
}

const CONTENT = [
  "/content/dist/rhel/server/7/7Server/x86_64/os",
  "/content/dist/rhel/server/7/$releasever/$basearch/os",
  "/content/dist/rhel/server/7/$releasever/$basearch/optional/os",
  "/content/beta/$product",
  "/short",
  "/nested/deep/er",
  "/nested",
];

const MATCHES: readonly [path: string, isEntitled: boolean][] = [
  ["/content/dist/rhel/server/7/7Server/x86_64/os", true],
  ["/content/dist/rhel/server/7/7Server/x86_64/os/", true],
  ["/content/dist/rhel/server/7/7Server/x86_64/os/Packages/a", true],
  ["/content/dist/rhel/server/7/7.9/s390x/os/", true],
  ["/content/dist/rhel/server/7/7.9/s390x/optional/os", true],
  ["content//dist/rhel/server/7//7.9/s390x/os", true],
  ["/content/dist/rhel/server/7/7.9/s390x/osx", false],
  ["/content/dist/rhel/server/7/7.9/s390x/o", false],
  ["/content/dist/rhel/server/7/7.9/s390x/optional", false],
  ["/content/dist/rhel/server/7/7.9/os", false],
  ["/content/dist/rhel/server/7/7.9", false],
  ["/content/dist/rhel/server", false],
  ["/Content/dist/rhel/server/7/7Server/x86_64/os", false],
  ["/x/content/dist/rhel/server/7/7Server/x86_64/os", false],
  ["/content/beta/anything", true],
  ["/content/beta/$product/", true],
  ["/content/beta/", false],
  ["/content/beta", false],
  ["/content/listing", false],
  ["/short", true],
  ["/short/of", true],
  ["/shorter", false],
  ["/nested", true],
  ["/nested/deep/er", true],
  ["/nested/other", true],
  ["/short/../content", false],
  ["/x/../short", false],
  ["/./short", false],
  ["/%73hort", false],
  ["/constructor", false],
  ["/", false],
  ["", false],
];

describe("an entitlement certificate", () => {
  const version1Entitlements = entitlementsWith(version1(...CONTENT));
  const version3Entitlements = entitlementsWith(version3(encodePaths(CONTENT)));

  test.each(MATCHES)("of version 1, to %j: %p", (path, isEntitled) => {
    expect(version1Entitlements.entitles(path)).toBe(isEntitled);
  });

  test.each(MATCHES)("of version 3, to %j: %p", (path, isEntitled) => {
    expect(version3Entitlements.entitles(path)).toBe(isEntitled);
  });
});

const text = (value: string): Buffer => der(0x0c, Buffer.from(value));
const tree = encodePaths(["/short"]);

const KINDS: readonly [what: string, extensions: readonly string[], isEntitled: boolean][] = [
  ["no extensions at all", [], false],
  ["an order and nothing else", version1(), false],
  ["version 1.0 in so many words", [...version1("/short"), redHat("6", text("1.0"))], true],
  ["slashes missing", version1("short"), true],
  ["slashes to spare", version1("//short//"), true],
  ["a content path that is empty", version1(""), false],
  ["a content path that is a slash", version1("/"), false],
  ["a content path of a file", [redHat("2.7.2.6", text("/short"))], false],
  ["a content path one level lower", [redHat("2.7.1.1.6", text("/short"))], false],
  ["the URL of a key", [redHat("2.7.1.7", text("/short"))], false],
  ["a content path below products", [redHat("1.7.1.6", text("/short"))], false],
  ["a content path of another owner", ["1.3.6.1.4.1.2313.9.2.7.1.6=DER:0c062f73686f7274"], false],
  ["a content path with a large number", [redHat("2.1234567890123.1.6", text("/short"))], true],
  ["a content path as an IA5String", [redHat("2.7.1.6", der(0x16, Buffer.from("/short")))], true],
  ["a content path without DER around it", [redHat("2.7.1.6", Buffer.from("/short"))], false],
  ["a content path with something after it", [redHat("2.7.1.6", Buffer.concat([text("/short"), text("/b")]))], false],
  ["a content path that breaks off", [redHat("2.7.1.6", text("/short").subarray(0, 6))], false],
  ["a path tree and version 3.0", version3(tree, "3.0"), true],
  ["a path tree and version 3", version3(tree, "3"), true],
  ["a path tree and version 30", version3(tree, "30"), false],
  ["a path tree and version 3x", version3(tree, "3x"), false],
  ["a path tree and version 2", version3(tree, "2.0"), false],
  ["a path tree and no version", version3(tree).slice(1), false],
  ["a path tree and version x", version3(tree, "x"), false],
  ["version 3 and no path tree", version3(tree).slice(0, 1), false],
  ["version 3 and content paths of version 1", [...version1("/short"), redHat("6", text("3.0"))], false],
  ["version 3 and an empty path tree", version3(Buffer.alloc(0)), false],
  ["a path tree without DER around it", [redHat("6", text("3.0")), redHat("7", tree)], false],
  ["a path tree that is malformed", version3(tree.subarray(1)), false],
];

describe("a certificate with", () => {
  test.each(KINDS)("%s (entitles: %3$p)", (_, extensions, isEntitled) => {
    expect(entitlementsWith(extensions).entitles("/short")).toBe(isEntitled);
  });
});

/** The content paths of a tree, variables without their names, which are not kept. */
function pathsOf(node: PathNode | undefined): readonly string[] {
  if (node === undefined) throw new Error("no tree");
  const below = [...node.named, ["$", node.anyName] as const].flatMap(([word, nodes]) =>
    nodes.flatMap((next) => pathsOf(next).map((path) => `/${word}${path}`)),
  );
  return node.isEnd ? ["", ...below] : below;
}

/** The twin of matching: one regular expression for each content path. */
function isEntitledNaively(contentPaths: readonly string[], path: string): boolean {
  const asked = `/${path.split("/").filter(Boolean).join("/")}`;
  return contentPaths.some((each) => {
    const components = each.split("/").filter(Boolean);
    const parts = components.map((part) => (part.startsWith("$") ? "/[^/]+" : `/${RegExp.escape(part)}`));
    return components.length > 0 && new RegExp(`^${parts.join("")}(?:/|$)`).test(asked);
  });
}

const component = fc.oneof(
  fc.constantFrom("a", "b", "c", "aa", "$x", "$y", "é", "a.b"),
  fc.stringMatching(/^[!-.0-~]{1,6}$/),
);
const contentPath = fc.array(component, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join("/")}`);
const contentPaths = fc.array(contentPath, { minLength: 1, maxLength: 30 });
const isDotted = (path: string): boolean => /(?:^|\/)\.{1,2}(?:\/|$)/.test(path);

describe("content paths, whatever they are,", () => {
  test("are the same after they were encoded and decoded", () => {
    const property = fc.property(contentPaths, (paths) => {
      const decoded = pathsOf(decodePathTree(encodePaths(paths)));
      const nameless = paths.map((path) => path.replace(/\/\$[^/]*/g, "/$"));
      expect([...new Set(decoded)].sort()).toEqual([...new Set(nameless)].sort());
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("open what their twin says, in both versions", () => {
    const asked = fc.oneof(
      contentPath,
      contentPaths.map((paths) => paths[0] ?? ""),
    );
    const property = fc.property(contentPaths, fc.array(asked, { maxLength: 20 }), fc.nat(), (paths, others, index) => {
      const own = paths[index % paths.length] ?? "";
      const decoded = decodePathTree(encodePaths(paths));
      for (const path of [...others, own, `${own}/more`, own.slice(0, -1), own.replace(/\/\$[^/]*/g, "/some")]) {
        if (isDotted(path)) continue;
        const expected = isEntitledNaively(paths, path);
        expect(`${path}: ${covers(pathNodeOf(paths), path)}`).toBe(`${path}: ${expected}`);
        expect(`${path}: ${decoded !== undefined && covers(decoded, path)}`).toBe(`${path}: ${expected}`);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("without components are none", () => {
    expect(pathsOf(pathNodeOf(["", "/", "//", "/a"]))).toEqual(["/a"]);
  });

  test("may be thousands", () => {
    const paths = Array.from({ length: 3_000 }, (_, index) => `/content/${index % 70}/$x/p${index}/${index % 13}`);
    const decoded = decodePathTree(encodePaths(paths));
    expect(new Set(pathsOf(decoded)).size).toBe(3_000);
    expect(decoded !== undefined && covers(decoded, "/content/1/any/p71/6/deeper")).toBe(true);
  });
});

describe("the Huffman code", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 31, 32, 33, 100, 257])(
    "of %i symbols is that of a plain search",
    (count) => {
      const codes = huffmanCodes(count);
      const read = huffmanReader(count);
      for (const [symbol, code] of codes) expect(read(readBits(packBits(code)))).toBe(symbol);
      const all = [...codes.values()].join("");
      const bits = readBits(packBits(all));
      for (const symbol of codes.keys()) expect(read(bits)).toBe(symbol);
    },
  );

  test("takes the older of two that weigh the same first", () => {
    expect(Object.fromEntries(huffmanCodes(4))).toEqual({ 0: "110", 1: "111", 2: "10", 3: "0" });
  });
});

const GOOD: readonly Steps[] = [
  [["a", 1]],
  [
    ["b", 2],
    ["c", 3],
  ],
  [["d", 3]],
  [],
];
const goodWords = ["a", "b", "c", "d"];
const good = encodeNodes(GOOD);
const goodBits = packBits(stepBits(goodWords, GOOD));
const payload = (words: Uint8Array, count: Uint8Array, bits: Uint8Array = goodBits) =>
  Buffer.concat([words, count, bits]);
const four = countBytes(4);

const HOSTILE: readonly [what: string, payload: Uint8Array][] = [
  ["nothing", Buffer.alloc(0)],
  ["words alone", zipWords(goodWords)],
  ["words that are not compressed", payload(Buffer.from("a\0b\0c\0d\0"), four)],
  ["words that break off", zipWords(goodWords).subarray(0, 8)],
  [
    "words with a wrong checksum",
    payload(Buffer.concat([zipWords(goodWords).subarray(0, -1), Buffer.from([0])]), four),
  ],
  ["words without the last NUL", payload(deflateSync(Buffer.from("a\0b\0c\0dd")), four)],
  ["an empty word", payload(zipWords(["a", "", "c", "d"]), four)],
  ["words that are not UTF-8", payload(deflateSync(Buffer.from("a\0b\0c\0\xff\0", "latin1")), four)],
  ["no words", payload(deflateSync(Buffer.alloc(0)), four)],
  ["a zip bomb", payload(zipWords(["a", "b", "c", "d".repeat(20_000_000)]), four)],
  ["a zip bomb of words", payload(deflateSync(Buffer.alloc(20_000_000, "a\0")), four)],
  ["more words than bits", payload(deflateSync(Buffer.alloc(200_000, "a\0")), four)],
  ["no nodes", payload(zipWords(goodWords), countBytes(0))],
  ["only a root", encodeNodes([[]])],
  ["a root that leads nowhere", encodeNodes([[], [["a", 2]], []])],
  ["more nodes than there are bits", payload(zipWords(goodWords), Buffer.from([132, 0x7f, 0xff, 0xff, 0xff]))],
  ["very many nodes", payload(zipWords(goodWords), Buffer.from([132, 0, 0, 0xff, 0xff]), Buffer.alloc(30_000, 0xff))],
  ["a count of 127 bytes", payload(zipWords(goodWords), Buffer.alloc(128, 0xff))],
  ["a count that breaks off", payload(zipWords(goodWords), Buffer.from([132, 0]), Buffer.alloc(0))],
  ["a count of no bytes", payload(zipWords(goodWords), Buffer.from([128]))],
  ["a node too many", payload(zipWords(goodWords), countBytes(5))],
  ["steps without end", payload(zipWords(goodWords), four, Buffer.alloc(20_000))],
  [
    "a circle",
    encodeNodes([
      [["a", 1]],
      [["b", 2]],
      [
        ["c", 1],
        ["d", 3],
      ],
      [],
    ]),
  ],
  [
    "a node that leads to itself",
    encodeNodes([
      [
        ["a", 1],
        ["b", 2],
      ],
      [["c", 1]],
      [],
    ]),
  ],
  ["a circle that nothing leads to", encodeNodes([[["a", 3]], [["b", 2]], [["c", 1]], []])],
];

describe("a path tree", () => {
  test("that is whole is read", () => {
    expect(pathsOf(decodePathTree(good))).toEqual(["/a/b/d", "/a/c"]);
    expect(pathsOf(decodePathTree(payload(zipWords(goodWords), four)))).toEqual(["/a/b/d", "/a/c"]);
  });

  test("may have what pads it, and a node that nothing leads to", () => {
    expect(pathsOf(decodePathTree(Buffer.concat([good, Buffer.alloc(3)])))).toEqual(["/a/b/d", "/a/c"]);
    expect(pathsOf(decodePathTree(encodeNodes([[["a", 1]], [], []])))).toEqual(["/a"]);
    expect(pathsOf(decodePathTree(encodeNodes([[["a", 1]], []])))).toEqual(["/a"]);
  });

  test.each(HOSTILE)("of %s opens nothing", (_, bytes) => {
    const root = decodePathTree(bytes);
    expect(root === undefined ? [] : pathsOf(root)).toEqual([]);
  });

  test("that breaks off anywhere opens nothing", () => {
    const whole = encodePaths(CONTENT);
    for (let length = 0; length < whole.length; length++) {
      expect(decodePathTree(whole.subarray(0, length))).toBeUndefined();
    }
    expect(decodePathTree(whole)).toBeDefined();
  });

  test("with more paths than could ever be tried is searched all the same", () => {
    const levels = 200;
    const nodes = Array.from({ length: levels }, (_, level): readonly Steps[] => {
      const steps: Steps = [
        ["$x", 2 * level + 1],
        ["$y", 2 * level + 2],
      ];
      return level === 0 ? [steps] : [steps, steps];
    }).flat();
    const last: Steps = [["end", 2 * levels + 1]];
    const root = decodePathTree(encodeNodes([...nodes, last, last, []]));
    expect(root !== undefined && covers(root, "/a".repeat(levels))).toBe(false);
    expect(root !== undefined && covers(root, `${"/a".repeat(levels)}/end`)).toBe(true);
  });

  test("of any bytes throws nothing", () => {
    const edit = fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }));
    const property = fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
      const bytes = Buffer.from(good);
      for (const [at, byte] of edits) bytes[at] = byte;
      const root = decodePathTree(bytes);
      if (root !== undefined) expect(covers(root, "/")).toBe(false);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});
