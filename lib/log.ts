/** The fields of a log line. */
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

/** Escapes control characters, which could end the line or move the cursor: a log quotes what clients sent. */
const oneLine = (text: string): string =>
  text.replace(CONTROL, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);

const quoted = (value: string | number | boolean): string =>
  typeof value === "string" && !/^[\w./:@+-]+$/.test(value) ? JSON.stringify(value) : String(value);

function textLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${quoted(value ?? "")}`);
  return `${time} ${level.padEnd(5)} ${message}${rest.join("")}`;
}

/** Makes a log. */
export function createLog({ format, level, write, now }: LogOptions): Log {
  const threshold = LOG_LEVELS.indexOf(level);
  const at =
    (each: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(each) < threshold) return;
      const time = now().toISOString();
      const isJson = format === "json";
      // JSON.stringify leaves control characters from U+007F on as they are; escaped, they are the same JSON.
      const line = isJson
        ? JSON.stringify({ time, level: each, message, ...fields })
        : textLine(time, each, message, fields);
      write(`${oneLine(line)}\n`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Buffered lines of the log. */
export interface Lines {
  /** Writes a line, after all that were written before. */
  readonly now: (line: string) => void;
  /** Writes a line with others: at the end of the tick, or when they fill a write. */
  readonly soon: (line: string) => void;
  /** @returns whether all lines were taken within so many milliseconds */
  readonly taken: (milliseconds: number) => Promise<boolean>;
}

interface LinesOptions {
  /** @param taken called when the reader has the text, or is gone */
  readonly write: (text: string, taken: () => void) => void;
  /** Receives the number of dropped lines, when lines are taken again. */
  readonly onDropped: (count: number) => void;
}

/** PIPE_BUF: a pipe takes as much in one piece, so that the lines of several processes do not mix. */
const MAX_WRITE = 4096;
/** Characters that are buffered for a slow reader. */
const MAX_WAITING = 4 * 1024 * 1024;

/**
 * Writes lines one text after another, each when the last one is taken. A reader that stops reading holds nothing up:
 * lines wait up to a bound, and are dropped and counted beyond it.
 */
export function createLines({ write, onDropped }: LinesOptions): Lines {
  const full: string[] = [];
  let filling = "";
  let size = 0;
  let dropped = 0;
  let isScheduled = false;
  let isWriting = false;
  let onTaken: (() => void) | undefined;

  const add = (line: string): void => {
    if (size + line.length > MAX_WAITING) {
      dropped++;
      return;
    }
    size += line.length;
    if (filling !== "" && filling.length + line.length > MAX_WRITE) {
      full.push(filling);
      filling = "";
    }
    filling += line;
  };

  const flush = (): void => {
    if (isWriting) return;
    let text = full.shift();
    if (text === undefined) {
      text = filling;
      filling = "";
    }
    if (text === "") {
      onTaken?.();
      return;
    }
    isWriting = true;
    const { length } = text;
    write(text, () => {
      isWriting = false;
      size -= length;
      const count = dropped;
      dropped = 0;
      if (count > 0) onDropped(count);
      flush();
    });
  };

  return {
    now(line) {
      add(line);
      flush();
    },
    soon(line) {
      add(line);
      if (full.length > 0) flush();
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(() => {
        isScheduled = false;
        flush();
      });
    },
    taken(milliseconds) {
      flush();
      if (!isWriting) return Promise.resolve(true);
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, milliseconds, false);
        onTaken = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
    },
  };
}
