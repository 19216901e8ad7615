/**
 * Writes what was measured in the two forms that Prometheus reads.
 *
 * @see Prometheus "Exposition formats"; OpenMetrics 1.0
 */
import type { Family, Labels, Sample } from "./family.ts";

/** The media types of the two forms. */
export const TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
export const OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const UNIT = /_(seconds|bytes)$/;

const SUFFIX: Readonly<Record<Family["type"], string>> = { counter: "_total", info: "_info", gauge: "", histogram: "" };

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

const sampleLines = ({ name, type, samples }: Family): string =>
  samples
    .map(({ part, labels, value }: Sample) => {
      return `${name}${SUFFIX[type]}${part}${labelsText(labels)} ${numberText(value)}\n`;
    })
    .join("");

/** The form that everything reads, version 0.0.4. It knows no unit and no info, and names counters as their samples. */
export function writeText(families: readonly Family[]): string {
  return families
    .map((family) => {
      const name = `${family.name}${SUFFIX[family.type]}`;
      const type = family.type === "info" ? "gauge" : family.type;
      return `# HELP ${name} ${escaped(family.help)}\n# TYPE ${name} ${type}\n${sampleLines(family)}`;
    })
    .join("");
}

/** OpenMetrics 1.0. */
export function writeOpenMetrics(families: readonly Family[]): string {
  const parts = families.map((family) => {
    const { name, type, help } = family;
    const [, unit] = UNIT.exec(name) ?? [];
    const unitLine = unit === undefined ? "" : `# UNIT ${name} ${unit}\n`;
    const helpText = escaped(help).replaceAll('"', '\\"');
    return `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${helpText}\n${sampleLines(family)}`;
  });
  return `${parts.join("")}# EOF\n`;
}
