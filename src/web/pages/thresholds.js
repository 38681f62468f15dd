// SPDX-License-Identifier: MIT
// The three panels of the threshold, as learnt on out-of-fold rows: cost, recall, precision; then what it does to the test rows.
import { card, colour, element } from "./dom.js";
import { count, makeMoney, percent } from "./numbers.js";
import { line, makeChart } from "./plots.js";
import { dot, makeStrip, makeTable } from "./table.js";

const whole = (share) => percent(share, 0);
const declines = ({ declined }) => declined > 0; // else there is no precision

function introduce({ costs, test: { optimum, half } }, money) {
  const cost = (value) => (value === null ? "a share of the loan" : money.short(value));
  const saved = half.cost > 0 ? ` (${percent(optimum.savings / half.cost)})` : "";
  return `A missed default costs ${cost(costs.false_negative)}, a good loan declined ${cost(costs.false_positive)}. `
    + `On the test loans the threshold of ${whole(optimum.threshold)} costs ${money.short(optimum.cost)}, `
    + `one of ${whole(half.threshold)} would cost ${money.short(half.cost)}: a saving of ${money.short(optimum.savings)}${saved}.`;
}

function makePanels({ sweep, threshold, out_of_fold: { optimum } }, money) {
  const share = { title: "Share", percent: true, max: 1, say: (value) => percent(value) };
  const panel = (title, description, key, y, points = sweep) => makeChart(title, description, () => ({
    lines: [line(title, points.map((at) => [at.threshold, at[key]]), colour("--accent"))],
    x: { title: "Threshold", percent: true, max: 1, say: whole },
    y,
    mark: { x: threshold, text: whole(threshold) },
  }));
  return element("div", { class: "plots" },
    panel("Cost", `Least at ${whole(threshold)}: ${money.short(optimum.cost)}.`, "cost",
      { title: "Cost", format: money.short, say: money.short }),
    panel("Recall", `${percent(optimum.recall)} of the defaults are caught.`, "recall", share),
    panel("Precision", declines(optimum) ? `${percent(optimum.precision)} of those declined would have defaulted.` : "Nobody is declined.",
      "precision", share, sweep.filter(declines)));
}

function makeOutcomes({ optimum, half, approve_all: all, decline_all: none }, money) {
  const row = (name, at, isServing) => ({
    class: isServing && "serving",
    cells: [name, money.short(at.cost), count(at.tp), count(at.fn), percent(at.declined), percent(at.good_declined)],
  });
  const heads = ["On the test loans", "Cost", "Defaults caught", "Defaults missed", "Declined", "Good loans declined"];
  return card(makeTable("Thresholds on the test loans", heads, [
    row(`Threshold ${whole(optimum.threshold)}`, optimum, true),
    row(`Threshold ${whole(half.threshold)}`, half),
    row("Approve all", all),
    row("Decline all", none),
  ]));
}

function makeBands({ bands, n }) {
  const rows = bands.map(({ name, color, share, n: inside, bad_rate: rate }) => ({
    cells: [[dot(color), name], count(inside), percent(share), percent(rate)],
  }));
  return card(element("h3", {}, `The bands of ${count(n)} test loans`), makeStrip(bands),
    makeTable("Bands on the test loans", ["Band", "Loans", "Share", "Default rate"], rows));
}

export function showThresholds({ currency }, { threshold_analysis: analysis }) {
  const money = makeMoney(currency);
  return [
    element("p", { class: "lead" }, introduce(analysis, money)),
    makePanels(analysis, money),
    element("div", { class: "pair" }, makeOutcomes(analysis.test, money), makeBands(analysis.test)),
  ];
}
