/** Reading what S3 servers write: XML without attributes where it matters, and without elements of one name in another. */

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi,
    (whole, hex?: string, decimal?: string, name = "") => {
      const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : (ENTITIES[name] ?? whole);
    },
  );
}

/** The texts of all elements of this name, in order. */
export function* elementsOf(xml: string, name: string): Generator<string> {
  for (const [, text = ""] of xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))) yield unescapeXml(text);
}

/** The text of the first such element; undefined when there is none. */
export function textIn(xml: string, name: string): string | undefined {
  for (let at = 0; ; ) {
    const start = xml.indexOf(`<${name}>`, at);
    if (start === -1) return undefined;
    const begin = start + name.length + 2;
    const end = xml.indexOf("<", begin);
    if (end !== -1 && xml.startsWith(`</${name}>`, end)) return unescapeXml(xml.slice(begin, end));
    at = begin;
  }
}

/** The text of the first such element; empty when there is none. */
export const elementOf = (xml: string, name: string): string => textIn(xml, name) ?? "";
