// SPDX-License-Identifier: MIT
// ROC, precision and recall, calibration: all models of the run, the one that serves in bold.
import { element } from "./dom.js";
import { fixed, percent, words } from "./numbers.js";
import { hasCharts, line, makeChart, seriesColour } from "./plots.js";

const share = (title) => ({ title, percent: true, max: 1, say: (value) => percent(value) });
const guide = (label, points) => line(label, points, "#8491b0", { thin: true, dash: [4, 4] });

// One line a model; the one that serves is drawn last, so that it lies on top.
function makeLines({ models }, { model_kind: serving }, points) {
  const makeLine = (model, i) => line(words(model.name), points(model), seriesColour(i), { thin: model.kind !== serving });
  const lines = models.map((model, i) => ({ isServing: model.kind === serving, line: makeLine(model, i) }));
  return lines.sort((a, b) => a.isServing - b.isServing).map((one) => one.line);
}

const describe = ({ models }, say) => models.map((model) => `${words(model.name)} ${say(model)}`).join(", ") + ".";

function makeRoc(report, info) {
  const areas = describe(report, ({ metrics }) => fixed(metrics.auc_roc, 3));
  return makeChart("ROC", `Area under the curve: ${areas}`, () => ({
    lines: [guide("Chance", [[0, 0], [1, 1]]), ...makeLines(report, info, ({ curves }) => curves.roc)],
    x: share("Good loans declined"),
    y: share("Defaults caught"),
  }));
}

function makePrecisionRecall(report, info) {
  const rate = report.data.default_rate_test;
  const areas = describe(report, ({ metrics }) => fixed(metrics.auc_pr, 3));
  return makeChart("Precision and recall", `Average precision: ${areas}`, () => ({
    lines: [guide("Chance", [[0, rate], [1, rate]]), ...makeLines(report, info, ({ curves }) => curves.precision_recall)],
    x: share("Recall"),
    y: share("Precision"),
  }));
}

// Of the model that serves: what was said against what happened, in ten groups of equal size.
function makeCalibration({ models }, info) {
  const serving = models.findIndex(({ kind }) => kind === info.model_kind);
  const { curves, metrics, name } = models[serving];
  const points = curves.calibration.map(({ mean_pd, default_rate }) => [mean_pd, default_rate]);
  const error = `${fixed(100 * metrics.ece, 1)} percentage points`;
  return makeChart("Calibration", `${words(name)}: estimates and what happened differ by ${error} on average.`, () => ({
    lines: [guide("Exact", [[0, 0], [1, 1]]), line("Tenths of the test loans", points, seriesColour(serving), { dots: true })],
    x: share("Estimated probability"),
    y: share("Observed default rate"),
  }));
}

export const showCurves = (report, info) => [
  hasCharts || element("p", { class: "card waiting" },
    "This program was built without Chart.js: the charts of this page are missing, its figures are not."),
  element("div", { class: "plots" }, makeRoc(report, info), makePrecisionRecall(report, info), makeCalibration(report, info)),
];
