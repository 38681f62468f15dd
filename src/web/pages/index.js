// SPDX-License-Identifier: MIT
// The page /: a form made from the portfolio, and the answer beside it.
import { element, find } from "./dom.js";
import { Form } from "./form.js";
import { makeMoney } from "./numbers.js";
import { Result } from "./result.js";
import { askJson, at, postJson } from "./server.js";

const root = find("#form");

function start(portfolio) {
  const money = makeMoney(portfolio.currency);
  const form = new Form(root, portfolio, money, { submit, changed: () => result.outdate() });
  const result = new Result(find("#result"), portfolio, money, form);

  async function submit(application) {
    const { edition } = form;
    try {
      result.show(await postJson(at("/predict?explain=full"), application));
      if (form.edition !== edition) result.outdate();
    } catch (refusal) {
      const complaints = refusal.body?.detail;
      if (Array.isArray(complaints)) form.showComplaints(complaints);
      else result.fail(refusal);
    }
  }

  form.readLink();
  find("#book").textContent = portfolio.title;
  document.title = `${portfolio.title} · creditrisk`;
}

askJson(at("/ui/portfolio.json")).then(start, (refusal) => {
  root.replaceChildren(element("div", { class: "card failure", role: "alert" },
    element("h2", {}, refusal.message ?? "Something went wrong"),
    refusal.status === 503 && element("p", {}, "The form is made from the model that serves. Train and promote one: ",
      element("code", {}, "creditrisk train --promote"), "."),
    element("button", { type: "button", onclick: () => location.reload() }, "Try again")));
});
