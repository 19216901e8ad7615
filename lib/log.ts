/** What a log line may carry beside its message. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = "text" | "json";

/** Writes one line an event: a message for people, fields for machines. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

interface LogOptions {
  readonly format: LogFormat;
  /** Lines below this level are dropped. */
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly now: () => Date;
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Escapes whatever could end the line or move the cursor: a log may quote what a stranger sent. */
const oneLine = (text: string): string =>
  text.replace(CONTROL, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);

const quoted = (value: string | number | boolean): string =>
  typeof value === "string" && !/^[\w./:@+-]+$/.test(value) ? JSON.stringify(value) : String(value);

function textLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${quoted(value ?? "")}`);
  return oneLine(`${time} ${level.padEnd(5)} ${message}${rest.join("")}`);
}

/** Makes a log. */
export function createLog({ format, level, write, now }: LogOptions): Log {
  const threshold = LOG_LEVELS.indexOf(level);
  const at =
    (each: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(each) < threshold) return;
      const time = now().toISOString();
      write(
        format === "json"
          ? `${JSON.stringify({ time, level: each, message, ...fields })}\n`
          : `${textLine(time, each, message, fields)}\n`,
      );
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
