// SPDX-License-Identifier: MIT
// The models of one training run, side by side.
import { card, drawing, element } from "./dom.js";
import { count, fixed, percent, words } from "./numbers.js";
import { makeTable } from "./table.js";

const COLUMNS = [
  ["AUC-PR", ({ metrics }) => fixed(metrics.auc_pr, 3)],
  ["KS", ({ metrics }) => fixed(metrics.ks, 3)],
  ["Gini", ({ metrics }) => fixed(metrics.gini, 3)],
  ["Brier", ({ metrics }) => fixed(metrics.brier, 3)],
  ["Precision", ({ metrics }) => fixed(metrics.precision, 3)],
  ["Recall", ({ metrics }) => fixed(metrics.recall, 3)],
  ["F1", ({ metrics }) => fixed(metrics.f1, 3)],
  ["Threshold", ({ threshold }) => percent(threshold, 0)],
  ["Search", ({ seconds }) => `${fixed(seconds, 1)} s`],
];

// One interval on the axis [from, to] that all share; nothing where it is not known.
function drawInterval({ auc_low: low, auc_high: high, auc_roc: auc }, [from, to]) {
  if (![low, high, auc].every(Number.isFinite)) return null;
  const at = (value) => 4 + 92 * (value - from) / (to - from);
  return drawing("svg", { class: "interval", viewBox: "0 0 100 16", "aria-hidden": "true" },
    drawing("path", { d: `M${at(low)} 8H${at(high)}` }), drawing("circle", { cx: at(auc), cy: 8, r: 4 }));
}

function makeRow(model, isServing, axis) {
  const { metrics } = model;
  return {
    class: isServing && "serving",
    "data-kind": model.kind,
    cells: [
      [words(model.name), isServing && element("span", { class: "badge" }, "serves")],
      [fixed(model.cv_auc, 4), element("small", {}, ` ± ${fixed(model.cv_se, 4)}`)],
      element("span", { class: "test-auc" }, fixed(metrics.auc_roc, 4)),
      [drawInterval(metrics, axis), element("small", {}, `${fixed(metrics.auc_low, 3)} to ${fixed(metrics.auc_high, 3)}`)],
      ...COLUMNS.map(([, say]) => say(model)),
    ],
  };
}

export function showModels({ models, champion_rule: rule, split }, info) {
  const ends = models.flatMap(({ metrics }) => [metrics.auc_low, metrics.auc_high]).filter(Number.isFinite);
  const axis = [Math.min(...ends), Math.max(...ends)];
  const heads = ["Model", "CV AUC", "Test AUC", "95 % interval", ...COLUMNS.map(([name]) => name)];
  return [
    element("p", { class: "lead" }, rule),
    card(
      makeTable("Comparison of the models", heads, models.map((model) => makeRow(model, model.kind === info.model_kind, axis))),
      element("p", { class: "help" }, `Cross-validated on ${split.n_folds} folds of ${count(split.n_train)} loans; everything else on `
        + `${count(split.n_test)} loans that no model has seen. Precision, recall and F1 are those at each model's own threshold.`)),
  ];
}
