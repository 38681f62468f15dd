// SPDX-License-Identifier: MIT
// ROC, precision and recall, calibration: all models of the run, the one that serves in bold.
import { element } from "./dom.js";
import { fixed, percent, words } from "./numbers.js";
import { line, makeChart, seriesColour } from "./plots.js";

const share = (value) => percent(value, 1);
const grey = (points, label) => line(label, points, "#8491b0", { thin: true, dash: [4, 4] });

// One line a model; the one that serves is drawn last, so that it lies on top.
function lines(report, info, points) {
  return report.models
    .map((model, i) => [model, line(words(model.name), points(model), seriesColour(i), { thin: model.kind !== info.model_kind })])
    .sort(([a], [b]) => (a.kind === info.model_kind) - (b.kind === info.model_kind))
    .map(([, one]) => one);
}

function describe({ models }, say) {
  return models.map((model) => `${words(model.name)} ${say(model)}`).join(", ") + ".";
}

function makeRoc(report, info) {
  return makeChart("ROC", `Area under the curve: ${describe(report, ({ metrics }) => fixed(metrics.auc_roc, 3))}`, () => ({
    lines: [grey([[0, 0], [1, 1]], "Chance"), ...lines(report, info, ({ curves }) => curves.roc)],
    x: { title: "Good loans declined", percent: true, max: 1, say: share },
    y: { title: "Defaults caught", percent: true, max: 1, say: share },
  }));
}

function makePrecisionRecall(report, info) {
  const rate = report.data.default_rate_test;
  return makeChart("Precision and recall", `Average precision: ${describe(report, ({ metrics }) => fixed(metrics.auc_pr, 3))}`, () => ({
    lines: [grey([[0, rate], [1, rate]], "Chance"), ...lines(report, info, ({ curves }) => curves.precision_recall)],
    x: { title: "Recall", percent: true, max: 1, say: share },
    y: { title: "Precision", percent: true, max: 1, say: share },
  }));
}

// Calibration of the model that serves: what was said against what happened, in ten groups of equal size.
function makeCalibration(report, info) {
  const serving = report.models.findIndex(({ kind }) => kind === info.model_kind);
  const { curves, metrics, name } = report.models[serving];
  const points = curves.calibration.map(({ mean_pd, default_rate }) => [mean_pd, default_rate]);
  return makeChart("Calibration", `${words(name)}: estimates and what happened differ by ${fixed(100 * metrics.ece, 1)} percentage points on average.`, () => ({
    lines: [grey([[0, 0], [1, 1]], "Exact"), line("Tenths of the test loans", points, seriesColour(serving), { dots: true })],
    x: { title: "Estimated probability", percent: true, max: 1, say: share },
    y: { title: "Observed default rate", percent: true, max: 1, say: share },
  }));
}

export const showCurves = (report, info) => element("div", { class: "plots" },
  [makeRoc(report, info), makePrecisionRecall(report, info), makeCalibration(report, info)].map((figure) => {
    figure.classList.add("card");
    return figure;
  }));
