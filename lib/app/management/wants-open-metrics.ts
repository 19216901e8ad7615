/** Chooses between the two formats that Prometheus reads. */

const OPEN_METRICS = "application/openmetrics-text";
/** The one version that is written; a client that names none takes any. */
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

/** @param accept the Accept header; plain text is preferred where both weigh the same but is not named first */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  const ranges = (accept ?? "").split(",").map(parseRange);
  const best = (those: readonly Range[]): number => Math.max(0, ...those.map(({ quality }) => quality));
  const open = best(ranges.filter(({ type, version = VERSION }) => type === OPEN_METRICS && version === VERSION));
  return open > 0 && open >= best(ranges.filter(({ type }) => type === "text/plain"));
}
