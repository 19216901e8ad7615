import * as kinds from "./kinds.ts";

/** One key of the configuration. */
export interface Setting<Value> {
  /** `section.key`, as a file has them. */
  readonly name: string;
  /** One sentence without its full stop. */
  readonly description: string;
  /** Completes "expected …". */
  readonly expected: string;
  /** The default: a value as a file would have it, or words where that is no value. */
  readonly fallback:
    | { readonly kind: "value"; readonly text: string }
    | { readonly kind: "absent"; readonly meaning: string };
  /** An empty text is the default; otherwise it is parsed like any other. */
  readonly emptyIsDefault: boolean;
  /** All the values that there are, where they are few. */
  readonly choices: readonly string[];
  /** The value is never shown, and may be in a file that `<name>_file` names. */
  readonly isSecret: boolean;
  readonly defaultValue: Value;
  /** @returns the value, or undefined when the text is not what is expected */
  readonly parse: (text: string) => Value | undefined;
}

export type NamedSetting = Pick<Setting<unknown>, "name">;

/** @param text the default, as a file would have it */
export function setting<Value>(
  name: string,
  { expected, emptyIsDefault, choices = [], parse }: kinds.Kind<Value>,
  text: string,
  description: string,
): Setting<Value> {
  const defaultValue = parse(text);
  if (defaultValue === undefined) throw new Error(`the default of ${name} is not ${expected}`);
  const fallback = { kind: "value", text } as const;
  return { name, description, expected, fallback, emptyIsDefault, choices, isSecret: false, defaultValue, parse };
}

/** @param meaning what its absence means */
export function optional<Value>(
  name: string,
  { expected, choices = [], parse }: kinds.Kind<Value>,
  meaning: string,
  description: string,
): Setting<Value | undefined> {
  const fallback = { kind: "absent", meaning } as const;
  const defaultValue = undefined;
  return { name, description, expected, fallback, emptyIsDefault: true, choices, isSecret: false, defaultValue, parse };
}

/** A setting that may be absent and is never shown. */
export const secret: typeof optional = (...args) => ({ ...optional(...args), isSecret: true });

/** The setting that names a file with the value of a secret. */
export const secretFileOf = ({ name }: Setting<unknown>): Setting<string | undefined> =>
  optional(`${name}_file`, kinds.path, `${name}`, `File that holds ${name}`);
