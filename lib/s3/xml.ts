/** Reading what S3 servers write. */

/** @returns the document; undefined when the text is not well-formed */
export function parseXml(text: string | Uint8Array): Bun.XML.Document | undefined {
  try {
    return Bun.XML.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns the texts of the child elements of that name, in order */
export function textsOf(element: Bun.XML.Value | undefined, name: string): readonly string[] {
  if (typeof element !== "object") return [];
  return [element[name] ?? []].flat().filter((child) => typeof child === "string");
}

/** @returns the text of the root's first child element of that name; empty when there is none */
export function elementOf(xml: string, name: string): string {
  const [root] = Object.values(parseXml(xml) ?? {});
  return textsOf(root, name)[0] ?? "";
}
