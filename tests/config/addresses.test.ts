import { describe, expect, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import { contains, isAddress, parseAddressSet } from "../../lib/config/addresses.ts";

function isInside(blocks: string, address: string): boolean {
  const set = parseAddressSet(blocks);
  return set !== undefined && contains(set, address);
}

const INSIDE: readonly [blocks: string, address: string, isInside: boolean][] = [
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.0", false],
  ["10.1.2.3/8", "10.9.9.9", true],
  ["10.0.0.128/25", "10.0.0.127", false],
  ["10.0.0.128/25", "10.0.0.128", true],
  ["192.0.2.1", "192.0.2.1", true],
  ["192.0.2.1", "192.0.2.2", false],
  ["0.0.0.0/0", "203.0.113.9", true],
  ["0.0.0.0/0", "::1", false],
  ["::/0", "2001:db8::1", true],
  ["::/0", "203.0.113.9", false],
  ["2001:db8::/33", "2001:db8:7fff::", true],
  ["2001:db8::/33", "2001:db8:8000::", false],
  ["::1", "0:0:0:0:0:0:0:1", true],
  ["10.0.0.0/8", "::ffff:10.0.0.1", true],
  ["10.0.0.0/8", "::ffff:a00:1", true],
  ["::ffff:10.0.0.0/104", "10.0.0.1", true],
  ["::ffff:0:0/96", "203.0.113.9", true],
  ["fe80::/10", "fe80::1%eth0", true],
  ["10.0.0.0/8, 192.0.2.0/24", "192.0.2.9", true],
  ["10.0.0.0/8\n192.0.2.0/24", "192.0.2.9", true],
  ["", "127.0.0.1", false],
  ["0.0.0.0/0 ::/0", "nonsense", false],
  ["0.0.0.0/0 ::/0", "", false],
];

const MALFORMED = [
  ["10.0.0.0/33"],
  ["::/129"],
  ["10.0.0.0/"],
  ["10.0.0.0/-1"],
  ["10.0.0.0/08"],
  ["10.0.0.0/8/8"],
  ["10.0.0"],
  ["10.0.0.256"],
  ["010.0.0.1"],
  ["localhost"],
  ["::1::"],
  [":1"],
  ["1:2:3:4:5:6:7"],
  ["1:2:3:4:5:6:7:8::"],
  ["12345::"],
  ["fe80::1%eth0"],
  ["[::1]"],
  ["10.0.0.1; 10.0.0.2"],
];

interface Sample {
  readonly bits: string;
  readonly text: string;
}

const isMapped = (bits: string): boolean => bits.startsWith(`${"0".repeat(80)}${"1".repeat(16)}`);

/** An address as bits and as one of the ways to write it, made apart from the parser. */
const ipv4: fc.Arbitrary<Sample> = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((bytes) => ({
  bits: bytes.map((byte) => byte.toString(2).padStart(8, "0")).join(""),
  text: bytes.join("."),
}));

const ipv6: fc.Arbitrary<Sample> = fc
  .tuple(fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 }), fc.nat(2))
  .map(([groups, style]) => {
    const full = groups.map((group) => group.toString(16)).join(":");
    const upper = groups.map((group) => group.toString(16).padStart(4, "0").toUpperCase()).join(":");
    const short = new URL(`http://[${full}]/`).hostname.slice(1, -1);
    return {
      bits: groups.map((group) => group.toString(2).padStart(16, "0")).join(""),
      text: [full, upper, short][style] ?? full,
    };
  })
  .filter(({ bits }) => !isMapped(bits));

describe("blocks of addresses", () => {
  test.each(INSIDE)("%j and %s: %p", (blocks, address, expected) => {
    expect(isInside(blocks, address)).toBe(expected);
  });

  test.each(MALFORMED)("%s is none", (text) => {
    expect(parseAddressSet(text)).toBeUndefined();
  });

  test("hold what shares their first bits, compared one by one", () => {
    const near = (sample: fc.Arbitrary<Sample>, length: number) =>
      fc.tuple(sample, sample, fc.nat(length), fc.boolean()).map(([block, other, prefix, isNear]) => {
        const bits = isNear ? block.bits.slice(0, prefix) + other.bits.slice(prefix) : other.bits;
        const size = length / (length === 32 ? 4 : 8);
        const parts = bits.match(new RegExp(`.{${size}}`, "g")) ?? [];
        const numbers = parts.map((part) => Number.parseInt(part, 2));
        const address = length === 32 ? numbers.join(".") : numbers.map((part) => part.toString(16)).join(":");
        return { block, prefix, bits, address };
      });
    fc.assert(
      fc.property(fc.oneof(near(ipv4, 32), near(ipv6, 128)), ({ block, prefix, bits, address }) => {
        fc.pre(!isMapped(bits));
        const expected = bits.slice(0, prefix) === block.bits.slice(0, prefix);
        expect(isInside(`${block.text}/${prefix}`, address)).toBe(expected);
        if (bits.length === 32) expect(isInside(`${block.text}/${prefix}`, `::ffff:${address}`)).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });

  test("know an address when the platform does", () => {
    const pieces = fc.constantFrom("0", "1", "ffff", "255", "256", "1.2.3.4", ".", ":", "::", "g", "00001");
    fc.assert(
      fc.property(
        fc.oneof(
          ipv4.map((s) => s.text),
          ipv6.map((s) => s.text),
          fc.array(pieces).map((p) => p.join("")),
        ),
        (text) => {
          expect(isAddress(text)).toBe(isIP(text) !== 0);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
