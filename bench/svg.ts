/** Charts in SVG that can be read on light and on dark ground, whatever the page around them has. */

export const WIDTH = 760;
const MARGIN = 20;
const TITLE = 26;

/** Colours by class: literal ones, since not every viewer knows CSS variables. */
const STYLE = `
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #16202c }
.title { font-size: 16px; font-weight: 600 } .small { font-size: 12px }
.quiet { fill: #536071 } .ground { fill: #ffffff; stroke: #d9dfe7 }
.line { stroke: #d9dfe7; fill: none } .goal { stroke: #a3161f; stroke-dasharray: 4 3; fill: none } .goal-text { fill: #a3161f }
.ours { fill: #0b5cad } .ours-light { fill: #8fb8e0 } .theirs { fill: #7b8797 } .theirs-light { fill: #c3cad3 }
.ours-stroke { stroke: #0b5cad; fill: none; stroke-width: 2 } .other-stroke { stroke: #b35c00; fill: none; stroke-width: 2 }
.theirs-stroke { stroke: #7b8797; fill: none; stroke-width: 2 } .other { fill: #b35c00 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6ebf1 } .quiet { fill: #a3afbe } .ground { fill: #0f141a; stroke: #2a3542 }
  .line { stroke: #2a3542 } .goal { stroke: #ff9d9d } .goal-text { fill: #ff9d9d }
  .ours { fill: #7cb8ff } .ours-light { fill: #3f75ae } .theirs { fill: #a3afbe } .theirs-light { fill: #5f6d7e }
  .ours-stroke { stroke: #7cb8ff } .other-stroke { stroke: #f1bd6d } .theirs-stroke { stroke: #8b99ab } .other { fill: #f1bd6d }
}`;

const escaped = (text: string): string => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
const rounded = (value: number): string => String(Math.round(value * 10) / 10);

export const text = (
  x: number,
  y: number,
  content: string,
  { anchor = "start" as "start" | "middle" | "end", className = "" } = {},
): string =>
  `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}" class="${className}">${escaped(content)}</text>`;

export const rectangle = (x: number, y: number, width: number, height: number, className: string): string =>
  `<rect x="${rounded(x)}" y="${rounded(y)}" width="${rounded(Math.max(width, 1))}" height="${rounded(height)}" rx="2" class="${className}"/>`;

export const path = (points: readonly (readonly [x: number, y: number])[], className: string): string =>
  `<path d="M${points.map(([x, y]) => `${rounded(x)} ${rounded(y)}`).join("L")}" class="${className}"/>`;

export const dot = (x: number, y: number, className: string, radius = 4): string =>
  `<circle cx="${rounded(x)}" cy="${rounded(y)}" r="${radius}" class="${className}"/>`;

/** A mark and what it stands for. */
export type Legend = readonly (readonly [className: string, label: string])[];

const LETTER = 6.6;

/** A row of marks with their words, from the left. */
export function legend(x: number, y: number, marks: Legend): string {
  let at = x;
  return marks
    .map(([className, label]) => {
      const from = at;
      at += 34 + label.length * LETTER;
      return rectangle(from, y - 10, 11, 11, className) + text(from + 17, y, label, { className: "small quiet" });
    })
    .join("");
}

/** A whole picture: its title is drawn, and told to those who can't see it. Its body begins at y = TOP. */
export function picture(title: string, height: number, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8" class="ground"/>
${text(MARGIN, TITLE + 6, title, { className: "title" })}
${body.replaceAll("><", ">\n<")}
</svg>
`;
}

export const TOP = 52;

/** A place on a linear axis. */
export const linear =
  (from: number, to: number, start: number, end: number) =>
  (value: number): number =>
    start + ((value - from) / (to - from)) * (end - start);

/** A place on a logarithmic axis. */
export const logarithmic = (from: number, to: number, start: number, end: number) => {
  const place = linear(Math.log10(from), Math.log10(to), start, end);
  return (value: number): number => place(Math.log10(value));
};

/** Round numbers from zero that end at or above a value: what an axis shows. */
export function ticksTo(value: number): readonly number[] {
  const magnitude = 10 ** Math.floor(Math.log10(value));
  const step = [0.2, 0.5, 1, 2].map((each) => each * magnitude).find((each) => value / each <= 5) ?? magnitude;
  return Array.from({ length: Math.ceil(value / step) + 1 }, (_, number) => number * step);
}

/** The powers of ten around some values. */
export function decadesOf(values: readonly number[]): readonly number[] {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.ceil(Math.log10(Math.max(...values)));
  return Array.from({ length: to - from + 1 }, (_, number) => 10 ** (from + number));
}
