// SPDX-License-Identifier: MIT
// The version that serves, in a few figures.
import { element } from "./dom.js";
import { count, day, fixed, percent, words } from "./numbers.js";

const tile = (name, value, note) => element("div", { class: "tile", "data-name": name },
  element("dt", {}, name), element("dd", {}, element("b", {}, value), note && element("small", {}, note)));

const interval = (low, high) => (low === undefined ? null : `95 % interval ${fixed(low, 3)} to ${fixed(high, 3)}`);

function tiles({ metrics, ...info }, report) {
  const { metrics: measured = {} } = report?.models.find(({ kind }) => kind === info.model_kind) ?? {};
  const hidden = metrics.ece <= measured.ece_p99 ? "no more than chance explains" : "more than chance explains";
  return [
    tile("Test AUC", fixed(info.auc_roc, 3), interval(measured.auc_low, measured.auc_high)),
    tile("Cross-validated AUC", fixed(info.cv_auc, 3), `± ${fixed(metrics.cv_se, 3)} standard error`),
    tile("KS statistic", fixed(metrics.ks, 3), interval(measured.ks_low, measured.ks_high)),
    tile("Calibration error", fixed(metrics.ece, 3), measured.ece_p99 !== undefined && hidden),
    tile("Threshold", percent(info.optimal_threshold, 0), "high risk from here on"),
    tile("Features", count(info.feature_count), `model inputs, from ${info.used_fields} of ${info.application_fields} fields`),
    tile("Default rate", percent(metrics.default_rate), `of ${count(metrics.n)} test loans`),
    tile("Loans learnt from", count(info.data.n_train), `and ${count(info.data.n_test)} held out`),
  ];
}

function lead({ outcome, ...info }) {
  const window = outcome.window_months === null ? "" : ` within ${outcome.window_months} months`;
  return `Estimates the probability of “${outcome.definition}”${window}. Trained on ${day(info.training_date)}.`;
}

function sayChallenger({ version, loaded, error, model_name: name }) {
  if (loaded) return `${version} (${words(name)}) is scored beside it as the challenger; nobody gets its answers.`;
  return error === null ? `The challenger ${version} is being loaded.` : `The challenger ${version} could not be loaded (${error}).`;
}

export function showChampion(info, report) {
  const { challenger } = info;
  return [
    element("p", { class: "eyebrow" }, `${info.portfolio.title}: the champion`),
    element("h1", { id: "champion-title" }, words(info.model_name), " ", element("span", { class: "version" }, info.version)),
    element("p", { class: "lead" }, lead(info)),
    challenger !== null && element("p", { class: "help" }, sayChallenger(challenger)),
    element("dl", { class: "tiles" }, tiles(info, report)),
    report === null && element("p", { class: "card waiting" },
      "This version came without its training report, so curves and comparisons are missing here."),
  ].filter(Boolean);
}
