/**
 * Envoy's `X-Forwarded-Client-Cert`:
 *
 *     header  := element *( "," element )         one a proxy, the nearest last
 *     element := pair *( ";" pair )
 *     pair    := key "=" ( quoted / plain )       keys in any case
 *     quoted  := DQUOTE *( "\" any / any but DQUOTE ) DQUOTE
 *     plain   := *( any but "," ";" DQUOTE and white space )
 */

const PAIR = /\s*([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;\s]*))\s*([,;]|$)/y;
/** The longest header that 10 proxies could write with a dozen keys each. */
const MAX_PAIRS = 128;

/** @returns the pairs of each element, keys in lower case; undefined for what is malformed or says a thing twice */
export function parseForwardedCertificates(text: string): readonly ReadonlyMap<string, string>[] | undefined {
  let element = new Map<string, string>();
  const elements = [element];
  let pairs = 0;
  PAIR.lastIndex = 0;
  while (pairs++ < MAX_PAIRS) {
    const [, key, quoted, plain = "", separator] = PAIR.exec(text) ?? [];
    if (key === undefined || separator === undefined) return undefined;
    const name = key.toLowerCase();
    // URI and DNS come once for each of the certificate's names.
    if (element.has(name) && (name === "cert" || name === "chain")) return undefined;
    element.set(name, quoted?.replace(/\\(.)/g, "$1") ?? plain);
    if (separator === "") return elements;
    if (separator === ";") continue;
    element = new Map();
    elements.push(element);
  }
  return undefined;
}
