// SPDX-License-Identifier: MIT
// The three panels of the threshold: cost, recall and precision, as learnt on out-of-fold rows; then what it does to the test rows.
import { colour, element } from "./dom.js";
import { count, makeMoney, percent } from "./numbers.js";
import { line, makeChart } from "./plots.js";

const cost = (value, money) => (value === null ? "a share of the loan" : money.short(value));

function verdict({ optimum, half }, money) {
  const saved = half.cost > 0 ? ` (${percent(optimum.savings / half.cost)})` : "";
  return `On the test loans the threshold of ${percent(optimum.threshold, 0)} costs ${money.short(optimum.cost)}, one of ${percent(half.threshold, 0)} would cost `
    + `${money.short(half.cost)}: a saving of ${money.short(optimum.savings)}${saved}.`;
}

function panel(title, description, sweep, key, threshold, y) {
  return makeChart(title, description, () => ({
    lines: [line(title, sweep.map((at) => [at.threshold, at[key]]), colour("--accent"))],
    x: { title: "Threshold", percent: true, min: 0, max: 1, say: (value) => percent(value, 0) },
    y,
    mark: { x: threshold, text: percent(threshold, 0) },
  }));
}

function makePanels({ sweep, threshold, out_of_fold: { optimum } }, money) {
  const share = { title: "Share", percent: true, max: 1, say: (value) => percent(value) };
  return element("div", { class: "plots" }, [
    panel("Cost", `Least at ${percent(threshold, 0)}: ${money.short(optimum.cost)}.`, sweep, "cost", threshold,
      { title: "Cost", format: money.short, say: money.short }),
    panel("Recall", `${percent(optimum.recall)} of the defaults are caught.`, sweep, "recall", threshold, share),
    panel("Precision", `${percent(optimum.precision)} of those declined would have defaulted.`, sweep, "precision", threshold, share),
  ].map((figure) => {
    figure.classList.add("card");
    return figure;
  }));
}

const ROWS = [
  ["optimum", ({ threshold }) => `Threshold ${percent(threshold, 0)}`],
  ["half", ({ threshold }) => `Threshold ${percent(threshold, 0)}`],
  ["approve_all", () => "Approve all"],
  ["decline_all", () => "Decline all"],
];

function makeOutcomes(test, money) {
  const heads = ["On the test loans", "Cost", "Defaults caught", "Defaults missed", "Declined", "Good loans declined"];
  return element("div", { class: "card" }, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Thresholds on the test loans" },
    element("table", {}, element("thead", {}, element("tr", {}, heads.map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, ROWS.map(([key, name]) => [test[key], name(test[key])]).map(([at, name], i) => element("tr", { class: i === 0 && "serving" },
        element("th", { scope: "row" }, name), element("td", {}, money.short(at.cost)), element("td", {}, count(at.tp)),
        element("td", {}, count(at.fn)), element("td", {}, percent(at.declined)), element("td", {}, percent(at.good_declined))))))));
}

function makeBands({ bands, n }) {
  const strip = element("div", { class: "strip", "aria-hidden": "true" }, bands.map(({ color, share }) => {
    const part = element("i");
    part.style.setProperty("background-color", color);
    part.style.setProperty("flex-grow", share);
    return part;
  }));
  const rows = bands.map(({ name, color, share, n: inside, bad_rate: rate }) => {
    const dot = element("i", { class: "dot", "aria-hidden": "true" });
    dot.style.setProperty("background-color", color);
    return element("tr", {}, element("th", { scope: "row" }, dot, name), element("td", {}, count(inside)), element("td", {}, percent(share)),
      element("td", {}, percent(rate)));
  });
  return element("div", { class: "card" }, element("h3", {}, `The bands of ${count(n)} test loans`), strip,
    element("table", {}, element("thead", {}, element("tr", {}, ["Band", "Loans", "Share", "Default rate"].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, rows)));
}

export function showThresholds(report, { threshold_analysis: analysis }) {
  const money = makeMoney(report.currency);
  const { false_negative: missed, false_positive: declined } = analysis.costs;
  return [
    element("p", { class: "lead" }, `A missed default costs ${cost(missed, money)}, a good loan declined ${cost(declined, money)}. ${verdict(analysis.test, money)}`),
    makePanels(analysis, money),
    element("div", { class: "pair" }, makeOutcomes(analysis.test, money), makeBands(analysis.test)),
  ];
}
