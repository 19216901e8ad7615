import { describe, expect, test } from "bun:test";
import { readElements, readOid, readOnly, TAG } from "../../../lib/auth/certificates/der.ts";

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");

describe("DER", () => {
  test("is read element by element", () => {
    const long = "00".repeat(200);
    const elements = readElements(bytes(`0500 0c01 61 0481c8${long}`));
    expect(elements?.map(({ tag, content }) => [tag, content.length])).toEqual([
      [0x05, 0],
      [TAG.utf8String, 1],
      [TAG.octetString, 200],
    ]);
  });

  const BROKEN: readonly [what: string, hex: string][] = [
    ["a tag alone", "04"],
    ["content that breaks off", "0402 00"],
    ["a length that breaks off", "0482 01"],
    ["an indefinite length", "0480 0000"],
    ["a length that could be shorter", "048101 00"],
    ["a length with a zero in front", `048200c8${"00".repeat(200)}`],
    ["a length of five bytes", `04850000000001${"00"}`],
    ["a length beyond everything", "0484ffffffff 00"],
    ["a tag of several bytes", "1f8101 00"],
    ["something after it", "0400 04"],
  ];
  test.each(BROKEN)("with %s is none", (_, hex) => {
    expect(readElements(bytes(hex))).toBeUndefined();
  });

  test("of one element is that and nothing else", () => {
    expect(readOnly(bytes("040161"), TAG.octetString)).toEqual(bytes("61"));
    expect(readOnly(bytes("040161"), TAG.utf8String)).toBeUndefined();
    expect(readOnly(bytes("040161 0500"), TAG.octetString)).toBeUndefined();
    expect(readOnly(bytes(""), TAG.octetString)).toBeUndefined();
  });
});

describe("an object identifier", () => {
  const IDENTIFIERS: readonly [hex: string, dotted: string | undefined][] = [
    ["2a", "1.2"],
    ["551d13", "2.5.29.19"],
    ["2b06010401920809", "1.3.6.1.4.1.2312.9"],
    ["00", "0.0"],
    ["27", "0.39"],
    ["8837", "2.999"],
    ["7f", "2.47"],
    ["2a8fffffffffffff7f", "1.2.9007199254740991"],
    ["2a90808080808080 00", undefined],
    ["", undefined],
    ["2a80", undefined],
    ["2a8001", undefined],
    ["2a81", undefined],
    ["2a".repeat(129), undefined],
  ];
  test.each(IDENTIFIERS)("of %s is %s", (hex, dotted) => {
    expect(readOid(bytes(hex))).toBe(dotted as string);
  });
});
