// SPDX-License-Identifier: MIT
// A half circle for a probability of default. The threshold stands at the top: the left side goes evenly from 0 to it, the right
// side from it to 1, so that both sides of the decision have room however small the threshold is.
import { drawing, element } from "./dom.js";
import { percent } from "./numbers.js";

const X = 160;
const Y = 156;
const RADIUS = 112;
const GAP = 0.006; // of the half circle, between two bands

const limit = (share) => Math.min(1, Math.max(0, share));

// Where a probability stands on the half circle, 0 (left) to 1 (right).
export const place = (probability, threshold) => limit(probability < threshold
  ? 0.5 * probability / threshold
  : 0.5 + 0.5 * (probability - threshold) / (1 - threshold));

function point(at, radius) {
  const angle = Math.PI * (1 - at);
  return `${(X + radius * Math.cos(angle)).toFixed(2)} ${(Y - radius * Math.sin(angle)).toFixed(2)}`;
}

const arc = (from, to) => `M${point(from, RADIUS)}A${RADIUS} ${RADIUS} 0 0 1 ${point(to, RADIUS)}`;

// The bands as {name, color, from, to}, in probabilities.
export function bandsOf({ bands, threshold }) {
  const ends = bands.map(({ below }) => (below === null ? 1 : below * threshold));
  return bands.map(({ name, color }, i) => ({ name, color, from: i === 0 ? 0 : ends[i - 1], to: ends[i] }));
}

function label(at, text, anchor) {
  const [x, y] = point(at, RADIUS + 20).split(" ");
  return drawing("text", { x, y: at === 0 || at === 1 ? Number(y) + 14 : y, "text-anchor": anchor }, text);
}

export class Gauge {
  constructor(portfolio) {
    const { threshold } = portfolio;
    const bands = bandsOf(portfolio).map((band) => ({ ...band, start: place(band.from, threshold), end: place(band.to, threshold) }));
    this.threshold = threshold;
    this.needle = drawing("g", { class: "needle" },
      drawing("path", { d: `M${X - 5} ${Y}L${X} ${Y - RADIUS + 18}L${X + 5} ${Y}Z` }),
      drawing("circle", { cx: X, cy: Y, r: 9 }), drawing("circle", { class: "pin", cx: X, cy: Y, r: 3.5 }));
    this.picture = drawing("svg", { viewBox: "0 0 320 176", role: "img" },
      bands.map(({ color, start, end }) => drawing("path", { class: "band", d: arc(start + GAP, end - GAP), stroke: color })),
      drawing("path", { class: "mark", d: `M${X} ${Y - RADIUS - 13}V${Y - RADIUS + 13}` }),
      bands.slice(0, -1).map(({ to, end }) => label(end, percent(to), Math.abs(end - 0.5) < 0.02 ? "middle" : end < 0.5 ? "end" : "start")),
      label(0, "0 %", "middle"), label(1, "100 %", "middle"), this.needle);
    this.root = element("div", { class: "gauge" }, this.picture);
    this.show(null);
  }

  // {probability, band}, or null for the state of rest.
  show(answer) {
    const turn = answer === null ? -90 : 180 * place(answer.probability, this.threshold) - 90;
    this.needle.style.setProperty("transform", `rotate(${turn.toFixed(2)}deg)`);
    this.root.classList.toggle("resting", answer === null);
    const start = `High risk begins at ${percent(this.threshold)}.`;
    this.picture.setAttribute("aria-label", answer === null ? `A gauge for the probability of default. ${start}`
      : `Probability of default ${percent(answer.probability, 2)}: ${answer.band}. ${start}`);
  }
}
