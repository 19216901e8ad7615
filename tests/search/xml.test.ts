import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readXml } from "../../lib/search/xml.ts";

/** What a visitor is told, in one line; undefined when the text is not well-formed. */
function told(text: string): string | undefined {
  const all: string[] = [];
  const isSound = readXml(text, {
    onStart: (name, attributes) =>
      void all.push(`<${name}${[...attributes].map(([key, value]) => ` ${key}=${JSON.stringify(value)}`).join("")}>`),
    onEnd: () => void all.push("/"),
  });
  return isSound ? all.join("") : undefined;
}

describe("an XML text", () => {
  test.each([
    ["one element", "<a/>", "<a>/"],
    ["elements in elements", "<a><b/><c><b></b ></c></a>", "<a><b>/<c><b>///"],
    ["text, which is not passed on", "<a>x &amp; y <b/> > ]] z</a>", "<a><b>//"],
    ["attributes", `<a b="1" c='2'\n\td = "3" />`, '<a b="1" c="2" d="3">/'],
    ["the other quote in a value", `<a b="'" c='"'/>`, `<a b="'" c="\\"">/`],
    ["a tag's end in a value", '<a b="/>" c="x > y"/>', '<a b="/>" c="x > y">/'],
    ["XML's own entities", '<a b="&lt;&gt;&amp;&quot;&apos;"/>', `<a b="<>&\\"'">/`],
    ["what looks like one twice", '<a b="&amp;lt;"/>', '<a b="&lt;">/'],
    ["characters by number", '<a b="&#65;&#x42;&#x1F600;&#9;"/>', '<a b="AB😀\\t">/'],
    ["lines in a value, which are blanks", '<a b="1\r\n2\n3\t4"/>', '<a b="1 2 3 4">/'],
    ["names of any letters", "<größe ä-b.c:d='1'/>", '<größe ä-b.c:d="1">/'],
    ["names by those of Object's own", "<constructor __proto__='1'/>", '<constructor __proto__="1">/'],
    ["a declaration", '<?xml version="1.0"?>\n<a/>\n', "<a>/"],
    ["a DOCTYPE that only names", '<!DOCTYPE GSP SYSTEM "google.dtd">\n<a/>', "<a>/"],
    ["comments and instructions", "<!-- <b> & -->\n<?x <b> ?><a><!----><?y?></a><!-- - -->", "<a>/"],
    ["CDATA", "<a><![CDATA[ <b> & ]] ]]></a>", "<a>/"],
  ])("may have %s", (_, text, expected) => {
    expect(told(text)).toBe(expected);
  });

  test.each([
    ["nothing", ""],
    ["blanks", " \n"],
    ["no element", "<?xml version='1.0'?>"],
    ["two roots", "<a/><b/>"],
    ["text before the root", "x<a/>"],
    ["text after the root", "<a/>x"],
    ["an entity after the root", "<a/>&amp;"],
    ["a root without end", "<a>"],
    ["an end too many", "<a/></a>"],
    ["an end alone", "</a>"],
    ["ends in the wrong order", "<a><b></a></b>"],
    ["an end in another case", "<a></A>"],
    ["an end with attributes", "<a></a b='1'>"],
    ["a tag cut off", "<a"],
    ["a tag cut off in a value", '<a b="'],
    ["a tag cut off before its end", "<a/"],
    ["a mark alone", "<a><</a>"],
    ["a name that begins with a digit", "<1/>"],
    ["a blank before the name", "< a/>"],
    ["an attribute without value", "<a b/>"],
    ["an attribute without quotes", "<a b=1/>"],
    ["an attribute twice", "<a b='1' b='1'/>"],
    ["attributes without a blank between", "<a b='1'c='2'/>"],
    ["a tag in a value", "<a b='<'/>"],
    ["an entity of its own", "<a b='&own;'/>"],
    ["an entity of HTML", "<a>&nbsp;</a>"],
    ["an entity without end", "<a>&amp</a>"],
    ["an ampersand alone", "<a>x & y</a>"],
    ["no character, by number", "<a b='&#0;'/>"],
    ["half a character, by number", "<a b='&#xD800;'/>"],
    ["a character beyond all, by number", "<a b='&#x110000;'/>"],
    ["a character beyond all, in decimal", "<a b='&#9999999;'/>"],
    ["a number that never ends", `<a b='&#${"9".repeat(1000)};'/>`],
    ["a control character", "<a>\u0000</a>"],
    ["half a character", "<a>\ud800</a>"],
    ["a section's end in text", "<a>]]></a>"],
    ["a comment without end", "<a/><!-- "],
    ["a comment with dashes", "<a/><!-- -- -->"],
    ["a comment with dashes in an element", "<a><!-- -- --></a>"],
    ["CDATA without end", "<a><![CDATA[ </a>"],
    ["CDATA outside of the root", "<![CDATA[]]><a/>"],
    ["an instruction without end", "<a/><?x "],
    ["a DOCTYPE in the root", "<a><!DOCTYPE a></a>"],
    ["a DOCTYPE after the root", "<a/><!DOCTYPE a>"],
    ["a DOCTYPE that declares", "<!DOCTYPE a []><a/>"],
    ["a bomb", '<!DOCTYPE a [<!ENTITY b "xx"><!ENTITY c "&b;&b;">]><a>&c;</a>'],
    ["a file to be fetched", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
    ["a declaration that is none", "<a><!ELEMENT b></a>"],
  ])("may not have %s", (_, text) => {
    expect(told(text)).toBeUndefined();
  });

  test("may nest a million levels deep", () => {
    const depth = 1_000_000;
    let deepest = 0;
    let level = 0;
    const onStart = () => {
      level++;
      deepest = Math.max(deepest, level);
    };
    const onEnd = () => {
      level--;
    };
    expect(readXml("<a>".repeat(depth) + "</a>".repeat(depth), { onStart, onEnd })).toBe(true);
    expect([deepest, level]).toEqual([depth, 0]);
  });

  const text = fc.string({ unit: fc.constantFrom(..."ab <>&\"'é\n😀") });
  const attributes = fc.dictionary(fc.constantFrom("a", "b", "c:d"), text, { noNullPrototype: true });
  interface Element {
    readonly attributes: Readonly<Record<string, string>>;
    readonly children: readonly Element[];
  }
  const nest = (children: fc.Arbitrary<readonly Element[]>) => fc.record({ attributes, children });
  const leaf = nest(fc.constant([]));
  const branch = nest(fc.array(leaf, { maxLength: 3 }));
  const element = nest(fc.array(fc.oneof(leaf, branch), { maxLength: 3 }));
  const escaped = (value: string) => value.replace(/[<&"\n]/g, (c) => `&#${c.charCodeAt(0)};`);
  const written = (each: Element): string => {
    const pairs = Object.entries(each.attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
    return `<e${pairs.join("")}>${each.children.map(written).join("&amp;")}</e>`;
  };
  const expected = (each: Element): string => {
    const pairs = Object.entries(each.attributes).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
    return `<e${pairs.join("")}>${each.children.map(expected).join("")}/`;
  };

  test("is read as it was written", () => {
    fc.assert(fc.property(element, (root) => expect(told(written(root))).toBe(expected(root))));
  });

  test("that was changed anywhere is read or refused, and never throws", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "/",
      "&",
      ";",
      '"',
      "'",
      "=",
      "!",
      "?",
      "--",
      "]]>",
      "<!DOCTYPE ",
      "\0",
      " ",
    );
    fc.assert(
      fc.property(element, fc.nat(), fc.nat({ max: 4 }), piece, (root, place, length, put) => {
        const sound = written(root);
        const at = place % sound.length;
        const result = told(sound.slice(0, at) + put + sound.slice(at + length));
        expect(result === undefined || result.startsWith("<")).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
