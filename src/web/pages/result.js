// SPDX-License-Identifier: MIT
// The panel of the answer: gauge, decision, instalment, reasons, and what the model had to fill in.
import { element } from "./dom.js";
import { bandsOf, Gauge } from "./gauge.js";
import { fixed, percent, words } from "./numbers.js";
import { makeReasons, makeSum } from "./reasons.js";
import { dot } from "./table.js";

function makeLegend(portfolio) {
  const bands = bandsOf(portfolio);
  const range = ({ from, to }, i) => (i === bands.length - 1 ? `from ${percent(from)}` : i === 0 ? `below ${percent(to)}`
    : `${percent(from)} to ${percent(to)}`);
  return element("ul", { class: "legend", "aria-label": "Bands" },
    bands.map((band, i) => element("li", {}, dot(band.color), band.name, " ", element("span", {}, range(band, i)))));
}

const fact = (name, ...value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));

export class Result {
  constructor(root, portfolio, money, form) {
    Object.assign(this, { root, portfolio, money, form });
    this.gauge = new Gauge(portfolio);
    this.headline = element("div", { class: "headline", role: "status" },
      element("p", { class: "waiting" }, "Fill in the form, or take the example, to see the decision and its reasons here."));
    this.body = element("div", { class: "body" });
    root.replaceChildren(element("h2", { class: "hidden" }, "Result"), this.gauge.root, this.headline, makeLegend(portfolio), this.body);
  }

  show(answer) {
    this.root.classList.remove("stale", "failed");
    this.root.classList.add("answered");
    this.gauge.show({ probability: answer.probability_raw, band: answer.risk_category });
    this.headline.replaceChildren(...this.makeHeadline(answer));
    this.body.replaceChildren(this.makeFacts(answer), makeReasons(answer, this.portfolio, this.money, this.form), makeSum(answer),
      ...this.makeImputed(answer.imputed), this.makeOrigin(answer));
    this.bringIntoView();
  }

  makeHeadline({ probability, risk_category: band, risk_color: color, recommended_action: action, description }) {
    this.root.style.setProperty("--band", color);
    return [
      element("p", { class: "pd" }, element("b", {}, `${fixed(probability, 2)} %`), element("span", {}, " probability of default")),
      element("p", { class: "decision" }, element("span", { class: "pill" }, dot(color), band), element("b", {}, action)),
      element("p", { class: "description" }, description),
    ];
  }

  makeFacts({ emi, emi_assumed_rate: assumed, optimal_threshold_used: threshold }) {
    return element("dl", { class: "facts" },
      emi !== null && fact("Monthly instalment", element("b", {}, this.money.exact(emi)),
        assumed && element("small", {}, " at an assumed rate")),
      fact("High risk from", element("b", {}, percent(threshold))));
  }

  makeImputed(names) {
    if (names.length === 0) return [];
    const title = names.length === 1 ? "One field was not given" : `${names.length} fields were not given`;
    return [element("section", { class: "imputed", "aria-labelledby": "imputed-title" },
      element("h3", { id: "imputed-title" }, title),
      element("p", { class: "help" }, "The model filled in what is typical. Give one to sharpen the estimate:"),
      element("ul", { class: "chips" }, names.map((name) => element("li", {},
        element("button", { type: "button", onclick: () => this.form.focus(name) }, this.form.label(name))))))];
  }

  makeOrigin({ model_version: version, model_name: model, decision_id: id }) {
    return element("p", { class: "origin" }, `${words(model)} ${version}. Decision `, element("code", {}, id));
  }

  // Below the form, on a phone, the answer would stand out of sight.
  bringIntoView() {
    const { top } = this.root.getBoundingClientRect();
    if (top > 0.6 * innerHeight) this.root.scrollIntoView({ block: "start" });
  }

  // The form is not any more what was answered.
  outdate() {
    if (this.root.classList.contains("answered")) this.root.classList.add("stale");
  }

  fail(error) {
    this.root.classList.remove("answered", "stale");
    this.root.classList.add("failed");
    this.gauge.show(null);
    this.body.replaceChildren();
    this.headline.replaceChildren(element("p", { class: "failure" }, error.message));
    this.bringIntoView();
  }
}
