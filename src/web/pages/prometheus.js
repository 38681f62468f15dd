// SPDX-License-Identifier: MIT
// Reads Prometheus' text format 0.0.4, as /metrics writes it.
const SERIES = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES = { n: "\n", "\\": "\\", '"': '"' };

const readValue = (text) => (text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text));
const readLabels = (text = "") => Object.fromEntries(
  [...text.matchAll(LABEL)].map(([, name, value]) => [name, value.replace(/\\(.)/g, (_, letter) => ESCAPES[letter] ?? letter)]));

// A list of {name, labels, value}.
export function parse(text) {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
    const [, name, labels, value] = SERIES.exec(line) ?? [];
    return { name, labels: readLabels(labels), value: readValue(value) };
  });
}

const fits = (labels, wanted) => Object.entries(wanted).every(([name, value]) => labels[name] === value);

// The series of a name whose labels are as wanted; undefined: without that label.
export const select = (series, name, wanted = {}) => series.filter((one) => one.name === name && fits(one.labels, wanted));

export const sum = (series, name, wanted) => select(series, name, wanted).reduce((total, { value }) => total + value, 0);

// The buckets of a histogram, all series that fit added up: [upper bound, how many up to it], the last one Infinity.
export function buckets(series, name, wanted) {
  const counts = new Map();
  for (const { labels, value } of select(series, `${name}_bucket`, wanted)) {
    const bound = readValue(labels.le);
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

// The value below which a share of the observations lies, even inside a bucket; NaN when there are none.
export function quantile(cumulative, share) {
  const total = cumulative.at(-1)?.[1] ?? 0;
  const wanted = share * total;
  const i = cumulative.findIndex(([, upTo]) => upTo >= wanted && upTo > 0);
  if (i < 0) return NaN;
  const [low, before] = i === 0 ? [0, 0] : cumulative[i - 1];
  const [high, upTo] = cumulative[i];
  return Number.isFinite(high) ? low + (high - low) * (wanted - before) / (upTo - before) : low;
}
