/** `%(name)s` in a value stands for another value of its section, or of `[DEFAULT]`: ConfigParser's interpolation. */

const MAX_DEPTH = 10;
const MAX_LENGTH = 65_536;
const REFERENCE = /%(?:\(([^)]*)\)s|(%)|)/g;

/**
 * Replaces references until none is left. A text without `%(` is not touched, whatever percent signs it has.
 *
 * @param lookUp gives the raw value of a name in lower case
 * @returns the text, or undefined when a reference names nothing, is malformed, or goes round in a circle
 */
export function interpolate(raw: string, lookUp: (name: string) => string | undefined): string | undefined {
  let text = raw;
  for (let depth = 0; text.includes("%("); depth++) {
    if (depth === MAX_DEPTH || text.length > MAX_LENGTH) return undefined;
    let isBroken = false;
    text = text.replace(REFERENCE, (_, name: string | undefined, percent: string | undefined) => {
      const value = name === undefined ? percent : lookUp(name.toLowerCase());
      if (value === undefined) isBroken = true;
      return value ?? "";
    });
    if (isBroken) return undefined;
  }
  return text;
}
