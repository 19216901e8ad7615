import { styleText } from "node:util";
import type { Terminal, Write } from "../terminal.ts";

/** Whether a stream takes colours. @see https://no-color.org */
export const takesColors = (isTerminal: boolean, { NO_COLOR, TERM }: Terminal["environment"]): boolean =>
  isTerminal && (NO_COLOR ?? "") === "" && TERM !== "dumb";

const STYLES: Readonly<Record<string, Parameters<typeof styleText>[0]>> = {
  error: ["red", "bold"],
  warning: ["yellow", "bold"],
  warn: ["yellow", "bold"],
  hint: "cyan",
  ok: "green",
};

/** The word that says how grave a line is: of a message, or after the time of a line of the log. */
const LEVEL = /^((?:\d{4}-\S+Z )?)(error|warning|warn|hint|ok)(?=:| )/gm;

/** Styles a text for people. */
export const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
  styleText(style, text, { validateStream: false });

const painted =
  (write: Write): Write =>
  (text, taken) =>
    write(
      text.replace(LEVEL, (_, time: string, level: string) => time + paint(STYLES[level] ?? "bold", level)),
      taken,
    );

/** Gives a terminal that shows how grave a line is in colours, where it takes them. */
export const withColors = (terminal: Terminal): Terminal => ({
  ...terminal,
  print: terminal.colors.print ? painted(terminal.print) : terminal.print,
  complain: terminal.colors.complain ? painted(terminal.complain) : terminal.complain,
});
