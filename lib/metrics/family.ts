/** What is measured, as Prometheus has it: families of samples, told apart by labels. */

/** Values by label; an empty value is none. */
export type Labels = Readonly<Record<string, string>>;

/** One number of a family. */
export interface Sample {
  /** What of a histogram it is; empty for all other types. */
  readonly part: "" | "_bucket" | "_sum" | "_count";
  readonly labels: Labels;
  readonly value: number;
}

/** All samples of one name. */
export interface Family {
  /** Without the `_total` or `_info` that samples of these types end in. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "info";
  /** One sentence. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

type Values = number | readonly (readonly [labels: Labels, value: number])[];

const samplesOf = (values: Values): readonly Sample[] =>
  typeof values === "number"
    ? [{ part: "", labels: {}, value: values }]
    : values.map(([labels, value]) => ({ part: "", labels, value }));

/** What only grows. @param values one, or one for each set of labels */
export const counter = (name: string, help: string, values: Values): Family => ({
  name,
  type: "counter",
  help,
  samples: samplesOf(values),
});

/** What goes up and down. @param values one, or one for each set of labels */
export const gauge = (name: string, help: string, values: Values): Family => ({
  name,
  type: "gauge",
  help,
  samples: samplesOf(values),
});

/** What stays the same while a process lasts. */
export const info = (name: string, help: string, labels: Labels): Family => ({
  name,
  type: "info",
  help,
  samples: [{ part: "", labels, value: 1 }],
});
