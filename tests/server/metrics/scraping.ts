/** Reads what /metrics says, as Prometheus would. */
import { ask } from "../../harness/raw.ts";

/** Numbers by sample: a name and its labels in the order of the alphabet, as `name{a="1",b="2"}`. */
export type Scraped = ReadonlyMap<string, number>;

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export const sample = (name: string, labels: Readonly<Record<string, string>> = {}): string => {
  const pairs = Object.entries(labels)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
};

export function parseText(text: string): Scraped {
  const scraped = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name = "", , labels = "", value] = /^([\w:]+)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (value === undefined) throw new Error(`no sample: ${line}`);
    const pairs = [...labels.matchAll(LABEL)].map(([, label = "", text = ""]) => [label, text] as const);
    const key = sample(name, Object.fromEntries(pairs));
    if (scraped.has(key)) throw new Error(`twice: ${key}`);
    scraped.set(key, value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value));
  }
  return scraped;
}

export async function scrape(port: number): Promise<Scraped> {
  const { status, body } = await ask(port, "/metrics");
  if (status !== 200) throw new Error(`/metrics answered ${status}`);
  return parseText(body);
}

/** How often requests of a kind were answered. */
export const answered = (method: string, route: string, status: number, more: Readonly<Record<string, string>> = {}) =>
  sample("http_server_request_duration_seconds_count", {
    http_request_method: method,
    http_route: route,
    http_response_status_code: String(status),
    ...more,
  });

/** The names of families, as the text form has them. */
export const familiesIn = (text: string): readonly string[] =>
  [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name);
