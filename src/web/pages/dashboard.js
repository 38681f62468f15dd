// SPDX-License-Identifier: MIT
// The page /dashboard. Every number on it comes from /model-info, /report.json, /ui/registry.json or /metrics.
import { showChampion } from "./champion.js";
import { showCurves } from "./curves.js";
import { element, find } from "./dom.js";
import { showDrivers } from "./drivers.js";
import { showModels } from "./models.js";
import { askJson, at } from "./server.js";
import { showThresholds } from "./thresholds.js";
import { watchTraffic } from "./traffic.js";
import { showVersions } from "./versions.js";

function fill(id, title, ...parts) {
  const section = find(`#${id}`);
  section.replaceChildren(element("h2", { id: `${id}-title` }, title), ...parts.flat(Infinity).filter((part) => part instanceof Node));
  section.hidden = false;
}

function showReport(report, info) {
  const serving = report.models.find(({ kind }) => kind === info.model_kind);
  fill("models", "How the models compare", showModels(report, info));
  fill("limits", "What to bear in mind", element("ul", { class: "card limits" }, report.honesty.map((text) => element("li", {}, text))));
  if (serving === undefined) return;
  fill("curves", "How well it ranks, and how true its probabilities are", showCurves(report, info));
  fill("thresholds", "What a threshold costs", showThresholds(report, serving, info));
  fill("drivers", "What drives the estimates", showDrivers(serving));
}

// The report may be missing: a version can come without it.
const orNull = (promise) => promise.catch((refusal) => (refusal.status === 404 ? null : Promise.reject(refusal)));

async function start() {
  const [info, report] = await Promise.all([askJson(at("/model-info")), orNull(askJson(at("/report.json")))]);
  find("#champion").replaceChildren(...showChampion(info, report));
  if (report !== null) showReport(report, info);
  fill("traffic", "Live traffic", watchTraffic(info, report));
  fill("versions", "Versions and promotions", await askJson(at("/ui/registry.json")).then(showVersions,
    (refusal) => element("p", { class: "card waiting" }, refusal.message)));
}

start().catch((refusal) => {
  find("#champion").replaceChildren(element("p", { class: "eyebrow" }, "Champion"),
    element("h1", { id: "champion-title" }, "Dashboard"), element("p", { class: "card failure", role: "alert" }, refusal.message));
});
