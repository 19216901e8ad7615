import type { Kind } from "./kinds.ts";

/** One key of the configuration. */
export interface Setting<Value> {
  /** `section.key`, as a file has them. */
  readonly name: string;
  /** One sentence without its full stop. */
  readonly description: string;
  /** What its value must be; completes "expected …". */
  readonly expected: string;
  /** What it is if nobody says: as a file would have it, or in words where that is no value. */
  readonly fallback:
    | { readonly kind: "value"; readonly text: string }
    | { readonly kind: "absent"; readonly meaning: string };
  /** An empty text is the default; otherwise it is parsed like any other. */
  readonly emptyIsDefault: boolean;
  /** Its value is never shown. */
  readonly isSecret: boolean;
  readonly defaultValue: Value;
  /** @returns the value, or undefined when the text is not what is expected */
  readonly parse: (text: string) => Value | undefined;
}

/** @param text the default, as a file would have it */
export function setting<Value>(name: string, kind: Kind<Value>, text: string, description: string): Setting<Value> {
  const defaultValue = kind.parse(text);
  if (defaultValue === undefined) throw new Error(`the default of ${name} is not ${kind.expected}`);
  const fallback = { kind: "value", text } as const;
  const { expected, parse, emptyIsDefault } = kind;
  return { name, description, expected, fallback, emptyIsDefault, isSecret: false, defaultValue, parse };
}

/** @param meaning what goes without it */
export function optional<Value>(
  name: string,
  { expected, parse }: Kind<Value>,
  meaning: string,
  description: string,
): Setting<Value | undefined> {
  const fallback = { kind: "absent", meaning } as const;
  return {
    name,
    description,
    expected,
    fallback,
    emptyIsDefault: true,
    isSecret: false,
    defaultValue: undefined,
    parse,
  };
}

/** One that may be absent and is never shown. */
export const secret: typeof optional = (...args) => ({ ...optional(...args), isSecret: true });
