/** Markdown tables. */

const ROW = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** A table whose first column is text and whose others are numbers. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const [first = "", ...others] = columns;
  return [ROW([first, ...others]), `|---|${"---:|".repeat(others.length)}`, ...rows.map(ROW)];
}

/** With a comma between thousands. */
export const whole = (value: number): string => Math.round(value).toLocaleString("en-US");

export const ratio = (value: number): string => value.toFixed(2);

/** Milliseconds. */
export const time = (milliseconds: number): string => milliseconds.toFixed(milliseconds < 100 ? 2 : 0);

export const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
