/** Which of its two forms a client wants to read what was measured in. */

const OPEN_METRICS = "application/openmetrics-text";
/** Of the versions of OpenMetrics there is this one; who asks for none takes any. */
const VERSION = "1.0.0";

interface Range {
  readonly type: string;
  readonly version: string | undefined;
  readonly quality: number;
}

function parseRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const parameter = (name: string): string | undefined =>
    parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  const quality = Number(parameter("q") ?? 1);
  return { type, version: parameter("version"), quality: Number.isNaN(quality) ? 0 : quality };
}

/** @param accept the header; whoever does not name OpenMetrics, and like it as well as plain text, gets plain text */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  const ranges = (accept ?? "").split(",").map(parseRange);
  const best = (those: readonly Range[]): number => Math.max(0, ...those.map(({ quality }) => quality));
  const open = best(ranges.filter(({ type, version = VERSION }) => type === OPEN_METRICS && version === VERSION));
  return open > 0 && open >= best(ranges.filter(({ type }) => type === "text/plain"));
}
