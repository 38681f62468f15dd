// SPDX-License-Identifier: MIT
// Every version of the registry, and who did what to them, when and why.
import { card, element } from "./dom.js";
import { day, fixed, minute, percent, words } from "./numbers.js";
import { makeTable } from "./table.js";

const SHOWN_EVENTS = 12;
const ACTIONS = {
  publish: ({ to }) => `${to} published`,
  import: ({ to }) => `${to} imported`,
  request: ({ to }) => `${to} proposed as champion`,
  refuse: ({ to }) => `${to} refused as champion`,
  promote: ({ from, to }) => `${to} promoted${from ? `, before it ${from}` : ""}`,
  rollback: ({ from, to }) => `Back from ${from} to ${to}`,
  challenge: ({ to, from }) => (to ? `${to} became the challenger` : `${from} is no challenger any more`),
  sign: ({ to }) => `${to} signed`,
  delete: ({ from }) => `${from} deleted`,
};

function badgesOf({ version, champion, challenger }, serving) {
  const badges = [champion && "champion", challenger && "challenger", version === serving && !champion && "serves"];
  return badges.filter(Boolean).map((text) => element("span", { class: "badge" }, text));
}

function makeRow(version, serving) {
  return {
    class: version.version === serving && "serving",
    "data-version": version.version,
    cells: [
      [version.version, badgesOf(version, serving)], words(version.model_name ?? version.kind),
      fixed(version.cv_auc, 4), fixed(version.auc_roc, 4), fixed(version.ks, 3), percent(version.optimal_threshold, 0),
      version.feature_count ?? "–",
      element("time", { datetime: version.created_at, title: minute(version.created_at) }, day(version.created_at)),
    ],
  };
}

function makeVersions({ versions, n_versions: n, serving }) {
  const heads = ["Version", "Model", "CV AUC", "Test AUC", "KS", "Threshold", "Inputs", "Published"];
  return card(
    makeTable("Versions", heads, versions.map((version) => makeRow(version, serving)).reverse()),
    n > versions.length && element("p", { class: "help" }, `The newest ${versions.length} of ${n}.`));
}

// Keys and digests by their first digits.
const sayDetails = (details) => Object.entries(details)
  .map(([name, text]) => `${words(name)} ${/^[0-9a-f]{64}$/.test(text) ? text.slice(0, 16) : text}`).join(", ");

const makeEvent = (event) => element("li", { class: `event ${event.action}` },
  element("b", {}, ACTIONS[event.action]?.(event) ?? event.action),
  event.reason && element("span", { class: "why" }, `“${event.reason}”`),
  event.details && element("span", { class: "help" }, sayDetails(event.details)),
  element("span", { class: "help" }, `${event.actor}, ${minute(event.at)}`));

function makeHistory({ events, n_events: n }) {
  const newest = [...events].reverse();
  const earlier = newest.slice(SHOWN_EVENTS);
  return card(
    element("h3", {}, "History"),
    element("ol", { class: "history" }, newest.slice(0, SHOWN_EVENTS).map(makeEvent)),
    earlier.length > 0 && element("details", {}, element("summary", {}, `${n - SHOWN_EVENTS} earlier`),
      element("ol", { class: "history" }, earlier.map(makeEvent))));
}

export const showVersions = (registry) =>
  element("div", { class: "pair wide" }, makeVersions(registry), makeHistory(registry));
