// SPDX-License-Identifier: MIT
// Why: contributions to the log-odds, as signed bars and as a sum that anyone can check.
import { element } from "./dom.js";
import { figure, fixed, percent, signed, words } from "./numbers.js";

// What the portfolio calls this direction of the feature's group.
function sentence(portfolio, name, contribution) {
  const { group } = portfolio.features[name] ?? {};
  const speaker = Object.values(portfolio.features).find((feature) => feature.group === group && feature.raises !== null);
  return (contribution > 0 ? speaker?.raises : speaker?.lowers) ?? null;
}

function valueOf(portfolio, money, { name, value }) {
  const { unit = null } = portfolio.features[name] ?? {};
  if (value === null) return "not known";
  if (typeof value !== "number") return words(value);
  return money.isMoney(unit) ? money.short(value) : [figure(value), unit].filter(Boolean).join(" ");
}

// A bar from the middle: to the right what raises the risk, to the left what lowers it; `size` 0 to 1.
function bar(contribution, size) {
  const fill = element("i", { class: contribution > 0 ? "raises" : "lowers" });
  fill.style.setProperty("--size", size.toFixed(4));
  return element("div", { class: "track", "aria-hidden": "true" }, fill);
}

function makeReason(reason, portfolio, money, form, largest) {
  const { feature, contribution, sources } = reason;
  const raises = contribution > 0;
  const jumps = sources.map((name) => element("button", { type: "button", class: "jump", onclick: () => form.focus(name) }, form.label(name)));
  return element("li", { class: "reason" },
    element("div", { class: "heading" },
      element("span", {}, element("b", { class: "feature" }, feature), " ", element("span", { class: "value" }, valueOf(portfolio, money, reason))),
      element("span", { class: `weight ${raises ? "raises" : "lowers"}` }, `${raises ? "▲" : "▼"} ${signed(contribution)}`)),
    bar(contribution, Math.abs(contribution) / largest),
    element("p", { class: "help" }, sentence(portfolio, reason.name, contribution) ?? (raises ? "Raised the estimated risk" : "Lowered the estimated risk"),
      jumps.length > 0 && [". From ", jumps.flatMap((jump, i) => (i === 0 ? [jump] : [", ", jump]))], "."));
}

export function makeReasons(answer, portfolio, money, form) {
  const reasons = answer.top_5_shap_features;
  const largest = Math.max(...reasons.map(({ contribution }) => Math.abs(contribution)), Number.MIN_VALUE);
  return element("section", { class: "reasons", "aria-labelledby": "reasons-title" },
    element("h3", { id: "reasons-title" }, "What moved the estimate"),
    element("p", { class: "sides", "aria-hidden": "true" }, element("span", {}, "◂ lowers the risk"), element("span", {}, "raises the risk ▸")),
    element("ol", {}, reasons.map((reason) => makeReason(reason, portfolio, money, form, largest))));
}

function row(name, contribution, kind) {
  return element("tr", { class: kind }, element("th", { scope: "row" }, name), element("td", {}, signed(contribution, 3)),
    element("td", {}, `× ${fixed(Math.exp(contribution), 2)}`));
}

// Base value and all contributions add up to the margin, which is the probability's log-odds.
export function makeSum(answer) {
  const groups = Object.entries(answer.contributions.by_group).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  return element("details", { class: "sum" },
    element("summary", {}, `All ${groups.length} reasons, and how they add up`),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All contributions" }, element("table", {},
      element("thead", {}, element("tr", {}, ["Reason", "Log-odds", "Odds"].map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, row("Where every applicant starts", answer.base_value, "total"),
        groups.map(([name, contribution]) => row(name, contribution)),
        element("tr", { class: "total" }, element("th", { scope: "row" }, `Sum: ${percent(answer.probability_raw, 2)}`),
          element("td", {}, signed(answer.margin, 3)), element("td", {}, fixed(Math.exp(answer.margin), 3)))))),
    element("p", { class: "help" }, "The odds of default are the probability divided by its complement; every reason multiplies them. "
      + "The contributions are exact Shapley values of this model. They tell what moved the estimate, not what causes a default."));
}
