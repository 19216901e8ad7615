/** The kinds of value that a setting may have. */
import {
  type AddressSet,
  isAddress,
  isHostName,
  type ListenAddress,
  parseAddressSet,
  parseHost,
  parseListenAddress,
} from "./addresses.ts";

/** Turns a text from a file, the environment or a flag into a value. */
export interface Kind<Value> {
  /** Completes "expected …". */
  readonly expected: string;
  /** An empty text means the default; otherwise it is a value like any other. */
  readonly emptyIsDefault: boolean;
  /** All the values that there are, where they are few. */
  readonly choices?: readonly string[];
  /** @returns the value, or undefined when the text is not of this kind */
  readonly parse: (text: string) => Value | undefined;
}

const TRUE = ["1", "yes", "true", "on"];
const FALSE = ["0", "no", "false", "off"];
const MAX_PORT = 65_535;

// U+FFFD is what a byte that is not UTF-8 was decoded to: as a path it would name another file.
const ONE_LINE = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]+$/;
// Characters allowed in a URL, and so in a Location header: printable ASCII without space, quote, angle or backslash.
const URL_TEXT = /^[!#-;=?-[\]-~]+$/;
const HTTP_URL = /^https?:\/\/[^/?#]/i;
const QUERY_NAME = /^[\w.~-]+$/;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const QUOTABLE = /^[ !#-[\]-~]+$/;
const HEX = /^(?:[0-9a-f]{2})+$/i;
const ENDPOINT = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(\d{1,5}))?$/;

/** A text that a regular expression takes. */
const matching = (pattern: RegExp, expected: string): Kind<string> => ({
  expected,
  emptyIsDefault: true,
  parse: (text) => (pattern.test(text) ? text : undefined),
});

/** As Python's `getboolean` takes it. */
export const boolean: Kind<boolean> = {
  expected: "true or false (or yes, no, on, off, 1, 0)",
  emptyIsDefault: false,
  parse: (text) => {
    const word = text.toLowerCase();
    if (TRUE.includes(word)) return true;
    return FALSE.includes(word) ? false : undefined;
  },
};

/** A whole number in decimal, both ends included. */
export const integer = (least: number, most: number): Kind<number> => ({
  expected: `a whole number from ${least} to ${most}`,
  emptyIsDefault: false,
  parse: (text) => {
    const value = /^\+?\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  },
});

/** One of some words, in any case. */
export const choice = <const Word extends string>(...words: readonly Word[]): Kind<Word> => ({
  expected: words.join(", ").replace(/, ([^,]*)$/, " or $1"),
  choices: words,
  emptyIsDefault: true,
  parse: (text) => words.find((word) => word === text.toLowerCase()),
});

/** Blocks of IP addresses. Empty is none. */
export const addressSet: Kind<AddressSet> = {
  expected: "IP addresses or CIDR blocks, separated by commas or spaces",
  emptyIsDefault: false,
  parse: parseAddressSet,
};

export const path: Kind<string> = matching(ONE_LINE, "a path");

/** A path; an empty text is a value of its own. */
export const pathOrNothing: Kind<string> = {
  ...path,
  emptyIsDefault: false,
  parse: (text) => (text === "" ? text : path.parse(text)),
};

/** @param placeholder what the URL must contain */
export const httpUrl = (placeholder?: string): Kind<string> => ({
  expected: `an absolute http or https URL${placeholder === undefined ? "" : ` that contains ${placeholder}`}`,
  emptyIsDefault: true,
  parse: (text) => {
    const isUrl = HTTP_URL.test(text) && URL_TEXT.test(text) && URL.canParse(text);
    return isUrl && text.includes(placeholder ?? "") ? text : undefined;
  },
});

export const urlPart: Kind<string> = matching(URL_TEXT, "a part of a URL, in ASCII and without spaces or quotes");
export const urlPartBeforeQuery: Kind<string> = {
  ...matching(URL_TEXT, "a part of a URL without query, in ASCII and without spaces or quotes"),
  parse: (text) => (URL_TEXT.test(text) && !/[?#]/.test(text) ? text : undefined),
};
export const urlPath: Kind<string> = {
  ...matching(URL_TEXT, "a path in URLs, which begins with a slash"),
  parse: (text) => (text.startsWith("/") && URL_TEXT.test(text) ? text : undefined),
};
export const queryName: Kind<string> = matching(QUERY_NAME, 'letters, digits, "_", "-", "." or "~"');
export const headerName: Kind<string> = matching(HEADER_NAME, "the name of an HTTP header");
export const alphanumeric: Kind<string> = matching(/^[a-z\d]+$/i, "letters and digits");
export const region: Kind<string> = matching(/^[\w-]+$/, "the name of a region, such as us-east-1");
export const accessKeyId: Kind<string> = matching(/^[!-.0-~]+$/, "printable ASCII without spaces and slashes");
export const visible: Kind<string> = matching(/^[!-~]+$/, "printable ASCII without spaces");
export const quotable: Kind<string> = matching(QUOTABLE, "printable ASCII without double quotes and backslashes");
export const hex: Kind<string> = matching(HEX, "an even number of hexadecimal digits");

/** A host to listen on. */
export const host: Kind<string> = { expected: "an IP address or a host name", emptyIsDefault: true, parse: parseHost };

/** A name of the server for clients, safe in a header. */
export const endpoint: Kind<string> = {
  expected: "host or host:port",
  emptyIsDefault: true,
  parse: (text) => {
    const [, bracketed, name = "", port = "0"] = ENDPOINT.exec(text) ?? [];
    const isKnown =
      bracketed === undefined ? isAddress(name) || isHostName(name) : bracketed.includes(":") && isAddress(bracketed);
    return isKnown && Number(port) <= MAX_PORT ? text : undefined;
  },
};

/** Reads each part of a list. @returns undefined when one of them is not of its kind */
function parseList<Item>(
  text: string,
  separator: RegExp,
  parse: (item: string) => Item | undefined,
): readonly Item[] | undefined {
  const items = text.split(separator).flatMap((item) => (item.trim() === "" ? [] : [parse(item.trim())]));
  const known = items.filter((item) => item !== undefined);
  return known.length === items.length ? known : undefined;
}

const WORDS = /[\s,]+/;

export const listenAddresses: Kind<readonly [ListenAddress, ...ListenAddress[]]> = {
  expected: "addresses such as 0.0.0.0:5000, [::]:5000 or unix:/run/craned.sock, separated by commas or spaces",
  emptyIsDefault: true,
  parse: (text) => {
    const [first, ...others] = parseList(text, WORDS, parseListenAddress) ?? [];
    return first === undefined ? undefined : [first, ...others];
  },
};

export const listenAddressOrOff: Kind<ListenAddress | "off"> = {
  expected: "an address such as 127.0.0.1:5001, unix:/path, or off",
  emptyIsDefault: true,
  parse: (text) => (text.toLowerCase() === "off" ? "off" : parseListenAddress(text)),
};

export const hostNames: Kind<readonly string[]> = {
  expected: "host names without ports, separated by commas or spaces",
  emptyIsDefault: false,
  parse: (text) => parseList(text, WORDS, (name) => (isHostName(name) ? name.toLowerCase() : undefined)),
};

/** Reads an origin, with or without the slash at its end. */
function parseOrigin(text: string): string | undefined {
  if (text === "*") return text;
  const origin = HTTP_URL.test(text) ? URL.parse(text)?.origin : undefined;
  return origin?.toLowerCase() === text.toLowerCase().replace(/\/$/, "") ? origin : undefined;
}

export const origins: Kind<readonly string[]> = {
  expected: "origins such as https://ui.example.com, separated by commas or spaces, or *",
  emptyIsDefault: false,
  parse: (text) => parseList(text, WORDS, parseOrigin),
};

export const directories: Kind<readonly string[]> = {
  expected: "absolute paths of directories, separated by commas or line breaks",
  emptyIsDefault: false,
  parse: (text) => parseList(text, /[,\n]/, (each) => (each.startsWith("/") ? path.parse(each) : undefined)),
};

/** Text for people; line breaks become spaces. */
export const text: Kind<string> = {
  expected: "text without control characters",
  emptyIsDefault: true,
  parse: (written) => path.parse(written.replace(/\s*\n\s*/g, " ")),
};
