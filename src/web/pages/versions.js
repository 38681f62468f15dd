// SPDX-License-Identifier: MIT
// Every version of the registry, and who did what to them, when and why.
import { element } from "./dom.js";
import { day, fixed, minute, percent, words } from "./numbers.js";

const SHOWN_EVENTS = 12;
const ACTIONS = {
  publish: ({ to }) => `${to} published`,
  import: ({ to }) => `${to} imported`,
  request: ({ to }) => `${to} proposed as champion`,
  promote: ({ from, to }) => `${to} promoted${from ? `, before it ${from}` : ""}`,
  rollback: ({ from, to }) => `Back from ${from} to ${to}`,
  challenge: ({ to, from }) => (to ? `${to} became the challenger` : `${from} is no challenger any more`),
  sign: ({ to }) => `${to} signed`,
  delete: ({ from }) => `${from} deleted`,
};

const badge = (text) => element("span", { class: "badge" }, text);

function row(version, serving) {
  return element("tr", { class: version.version === serving && "serving", "data-version": version.version },
    element("th", { scope: "row" }, version.version, version.champion && badge("champion"), version.challenger && badge("challenger"),
      version.version === serving && !version.champion && badge("serves")),
    element("td", { class: "name" }, words(version.model_name ?? version.kind)),
    element("td", {}, fixed(version.cv_auc, 4)), element("td", {}, fixed(version.auc_roc, 4)), element("td", {}, fixed(version.ks, 3)),
    element("td", {}, percent(version.optimal_threshold, 0)), element("td", {}, version.feature_count ?? "–"),
    element("td", {}, element("time", { datetime: version.created_at, title: minute(version.created_at) }, day(version.created_at))));
}

function makeTable({ versions, n_versions: n, serving }) {
  const heads = ["Version", "Model", "CV AUC", "Test AUC", "KS", "Threshold", "Inputs", "Published"];
  return element("div", { class: "card" },
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Versions" },
      element("table", {}, element("thead", {}, element("tr", {}, heads.map((name) => element("th", { scope: "col" }, name)))),
        element("tbody", {}, [...versions].reverse().map((version) => row(version, serving))))),
    n > versions.length && element("p", { class: "help" }, `The newest ${versions.length} of ${n}.`));
}

const makeEvent = (event) => element("li", { class: `event ${event.action}` },
  element("b", {}, (ACTIONS[event.action] ?? (() => event.action))(event)),
  event.reason && element("span", { class: "reason" }, `“${event.reason}”`),
  element("span", { class: "help" }, `${event.actor}, ${minute(event.at)}`));

function makeHistory({ events, n_events: n }) {
  const newest = [...events].reverse();
  const rest = newest.slice(SHOWN_EVENTS);
  return element("div", { class: "card" }, element("h3", {}, "History"),
    element("ol", { class: "history" }, newest.slice(0, SHOWN_EVENTS).map(makeEvent)),
    rest.length > 0 && element("details", {}, element("summary", {}, `${n - SHOWN_EVENTS} earlier`),
      element("ol", { class: "history" }, rest.map(makeEvent))));
}

export const showVersions = (registry) => element("div", { class: "pair wide" }, makeTable(registry), makeHistory(registry));
