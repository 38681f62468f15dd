// SPDX-License-Identifier: MIT
// Why: contributions to the log-odds, as signed bars and as a sum that anyone can check.
import { element } from "./dom.js";
import { figure, fixed, percent, signed, words } from "./numbers.js";
import { makeTable } from "./table.js";

// What shows as zero has no direction.
const isNothing = (contribution) => signed(contribution) === signed(0);

// What the portfolio calls this direction of the feature's group.
function sentence(portfolio, name, contribution) {
  if (isNothing(contribution)) return "It hardly changed the estimated risk.";
  const { group } = portfolio.features[name] ?? {};
  const speaker = Object.values(portfolio.features).find((feature) => feature.group === group && feature.raises !== null);
  const said = contribution > 0 ? speaker?.raises : speaker?.lowers;
  return `${said ?? `It ${contribution > 0 ? "raised" : "lowered"} the estimated risk`}.`;
}

function valueOf(portfolio, money, { name, value }) {
  const { unit = null } = portfolio.features[name] ?? {};
  if (value === null) return "not known";
  if (typeof value !== "number") return words(value);
  return money.isMoney(unit) ? money.short(value) : [figure(value), unit].filter(Boolean).join(" ");
}

// A bar from the middle: to the right what raises the risk, to the left what lowers it; `size` 0 to 1.
function makeBar(contribution, size) {
  const fill = element("i", { class: contribution > 0 ? "raises" : "lowers" });
  fill.style.setProperty("--size", size.toFixed(4));
  return element("div", { class: "track", "aria-hidden": "true" }, fill);
}

// The fields that a reason is made of, each a way to it.
function makeSources(names, form) {
  const jumps = names.map((name) =>
    element("button", { type: "button", class: "jump", onclick: () => form.focus(name) }, form.label(name)));
  return jumps.length > 0 && [" From ", jumps.flatMap((jump, i) => (i === 0 ? [jump] : [", ", jump])), "."];
}

function makeReason(reason, portfolio, money, form, largest) {
  const { feature, contribution, sources } = reason;
  const [way, mark] = isNothing(contribution) ? ["", ""] : contribution > 0 ? ["raises", "▲ "] : ["lowers", "▼ "];
  return element("li", { class: "reason" },
    element("div", { class: "heading" },
      element("span", {}, element("b", { class: "feature" }, feature), " ",
        element("span", { class: "value" }, valueOf(portfolio, money, reason))),
      element("span", { class: `weight ${way}` }, mark + signed(contribution))),
    makeBar(contribution, isNothing(contribution) ? 0 : Math.abs(contribution) / largest),
    element("p", { class: "help" }, sentence(portfolio, reason.name, contribution), makeSources(sources, form)));
}

export function makeReasons(answer, portfolio, money, form) {
  const reasons = answer.top_5_shap_features;
  const largest = Math.max(...reasons.map(({ contribution }) => Math.abs(contribution)), Number.MIN_VALUE);
  return element("section", { class: "reasons", "aria-labelledby": "reasons-title" },
    element("h3", { id: "reasons-title" }, "What moved the estimate"),
    element("p", { class: "sides", "aria-hidden": "true" },
      element("span", {}, "← lowers the risk"), element("span", {}, "raises the risk →")),
    element("ol", {}, reasons.map((reason) => makeReason(reason, portfolio, money, form, largest))));
}

// Base value and all contributions add up to the margin, which is the probability's log-odds.
export function makeSum({ contributions, base_value: base, margin, probability_raw: probability }) {
  const groups = Object.entries(contributions.by_group).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  const makeRow = (name, contribution) => ({ cells: [name, signed(contribution, 3), `× ${fixed(Math.exp(contribution), 2)}`] });
  return element("details", { class: "sum" },
    element("summary", {}, `All ${groups.length} reasons, and how they add up`),
    makeTable("All contributions", ["Reason", "Log-odds", "Odds"], [
      { class: "total", ...makeRow("Where every applicant starts", base) },
      ...groups.map(([name, contribution]) => makeRow(name, contribution)),
      { class: "total", cells: [`Sum: ${percent(probability, 2)}`, signed(margin, 3), fixed(Math.exp(margin), 3)] },
    ]),
    element("p", { class: "help" }, "The odds of default are the probability divided by its complement; every reason multiplies "
      + "them. The contributions are exact Shapley values of this model: they tell what moved the estimate, not what causes "
      + "a default."));
}
