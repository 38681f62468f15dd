// SPDX-License-Identifier: MIT
// The form of an application: groups of fields, what is wrong with them, what to do with them.
import { element } from "./dom.js";
import { Field, isOptional } from "./field.js";
import * as link from "./link.js";

const folded = (n) => (n === 1 ? "1 optional field" : `${n} optional fields`);

function makeGroup(name, fields) {
  return element("fieldset", { class: "card group" },
    element("legend", {}, name),
    element("div", { class: "fields" }, fields.map((field) => field.root)));
}

function makeFolded(name, fields) {
  const state = element("span", { class: "state" });
  const tell = () => {
    const filled = fields.filter((field) => field.text !== field.initial).length;
    state.textContent = filled > 0 ? `${filled} of ${fields.length} given` : folded(fields.length);
    state.classList.toggle("given", filled > 0);
  };
  const root = element("details", { class: "card group" },
    element("summary", {}, element("span", { class: "title" }, name), state),
    element("div", { class: "fields" }, fields.map((field) => field.root)));
  root.addEventListener("input", tell);
  return { root, tell };
}

export class Form {
  // `submit(application)` is called with what is to be scored, `changed()` whenever a field is; `edition` counts the changes.
  constructor(root, portfolio, money, { submit, changed }) {
    this.root = root;
    this.submit = submit;
    this.groups = portfolio.groups.map(({ name, fields }) => ({ name, fields: fields.map((about) => new Field(about, money)) }));
    this.fields = this.groups.flatMap(({ fields }) => fields);
    this.byName = new Map(this.fields.map((field) => [field.name, field]));
    this.edition = 0;
    this.build();
    root.addEventListener("input", () => {
      this.edition += 1;
      changed();
    });
    root.addEventListener("submit", (event) => this.handle(event));
    addEventListener("hashchange", () => this.readLink());
  }

  build() {
    const parts = (keep) => this.groups.map(({ name, fields }) => [name, fields.filter((field) => keep(field.about))])
      .filter(([, fields]) => fields.length > 0);
    this.summary = element("div", { class: "summary", role: "alert", tabindex: "-1" });
    this.note = element("p", { class: "note", role: "status" });
    this.button = element("button", { class: "primary", type: "submit" }, "Score");
    this.folds = parts(isOptional).map(([name, fields]) => makeFolded(name, fields));
    this.root.replaceChildren(
      this.summary,
      ...parts((about) => !isOptional(about)).map(([name, fields]) => makeGroup(name, fields)),
      ...(this.folds.length > 0 ? [element("h2", { class: "more" }, "If it is known")] : []),
      ...this.folds.map(({ root }) => root),
      this.makeActions());
    this.tell();
  }

  makeActions() {
    const plain = (label, onclick) => element("button", { type: "button", onclick }, label);
    return element("div", { class: "actions bar" }, this.button,
      plain("Fill in an example", () => this.fill((field) => field.example || field.initial)),
      plain("Clear", () => this.fill((field) => field.initial)),
      plain("Copy link", async () => { this.note.textContent = await link.share(this.fields); }),
      this.note);
  }

  tell() {
    for (const fold of this.folds) fold.tell();
  }

  fill(text) {
    for (const field of this.fields) {
      field.reset();
      field.text = text(field);
    }
    this.showProblems([]);
    this.note.textContent = "";
    this.tell();
    this.root.dispatchEvent(new Event("input"));
  }

  // A link is another application: what it does not name is what it is at first.
  readLink() {
    const texts = link.read(this.fields);
    if (texts !== null) this.fill((field) => texts.get(field.name) ?? field.initial);
  }

  // The application; null when something is wrong with it, which is then shown.
  read() {
    const application = {};
    const bad = this.fields.filter((field) => !field.check());
    this.showProblems(bad.map((field) => [field, field.problem.textContent]));
    for (const field of this.fields) {
      const { value } = field.read();
      if (value !== undefined) application[field.name] = value;
    }
    return bad.length === 0 ? application : null;
  }

  async handle(event) {
    event.preventDefault();
    const application = this.button.hasAttribute("aria-busy") ? null : this.read();
    if (application === null) return;
    this.button.setAttribute("aria-busy", "true");
    await this.submit(application);
    this.button.removeAttribute("aria-busy");
  }

  // What the service found wrong: each complaint at its field, the rest above the form.
  showComplaints(complaints) {
    this.showProblems(complaints.map(({ loc, msg }) => {
      const field = this.byName.get(loc[1]);
      field?.complain(msg);
      return [field, msg];
    }));
  }

  // A list of [field or undefined, text] above the form; the first field gets the focus.
  showProblems(problems) {
    const title = problems.length === 1 ? "One thing needs attention" : `${problems.length} things need attention`;
    const entry = ([field, text]) => element("li", {},
      field ? [this.makeJump(field), `: ${text}`] : text);
    this.summary.replaceChildren(...(problems.length > 0 ? [element("h2", {}, title), element("ul", {}, problems.map(entry))] : []));
    const first = problems.find(([field]) => field)?.[0];
    if (first) first.focus();
    else if (problems.length > 0) this.summary.focus();
  }

  makeJump(field) {
    return element("button", { type: "button", class: "jump", onclick: () => field.focus() }, field.about.label);
  }

  focus(name) {
    this.byName.get(name)?.focus();
  }

  label(name) {
    return this.byName.get(name)?.about.label ?? name;
  }
}
