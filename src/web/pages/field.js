// SPDX-License-Identifier: MIT
// One field of an application, made from its description in /ui/portfolio.json: control, help, rules.
import { element } from "./dom.js";
import { makeChoice, makeLine } from "./control.js";
import { figure, readNumber } from "./numbers.js";

const NOT_KNOWN = ["", "Not known"];
const isNumeric = ({ type }) => type === "int" || type === "number";

// A field that need not be sent and has no default: it can stay folded away.
export const isOptional = (about) => !about.required && about.default === null;

// Whether an empty control means something: null, the default, or no key at all.
const mayBeEmpty = (about) => about.nullable || !about.required;

function toText(value) {
  return value === null || value === undefined ? "" : String(value);
}

// "18 to 70 years", "₹50,000 to ₹5 crore", "at least 0"; "" when both ends are open.
function rangeOf({ min, max, unit }, money) {
  const isMoney = money.isMoney(unit);
  const say = isMoney ? money.short : figure;
  const tail = isMoney || !unit ? "" : ` ${unit}`;
  if (min === null && max === null) return "";
  if (min === null) return `at most ${say(max)}${tail}`;
  return max === null ? `at least ${say(min)}${tail}` : `${say(min)} to ${say(max)}${tail}`;
}

// What stands in an empty line: what it means, or what could stand there.
function whatEmptyMeans({ nullable, default: fallback, example }, say) {
  if (nullable) return "not known";
  return fallback !== null ? say(fallback) : example !== null ? `e.g. ${say(example)}` : null;
}

function makeControl(about, id, money) {
  const options = about.nullable || isOptional(about) ? [NOT_KNOWN] : [];
  const required = { "aria-required": about.required && !about.nullable ? "true" : null };
  switch (about.type) {
    case "enum":
      return makeChoice(id, [...about.choices.map((choice) => [choice, choice]), ...options], required);
    case "bool":
      return makeChoice(id, [["true", "Yes"], ["false", "No"], ...options], required);
    case "date":
      return makeLine(id, { type: "date", ...required });
    case "text":
      return makeLine(id, { type: "text", ...required });
    default: {
      const isMoney = money.isMoney(about.unit);
      return makeLine(id, {
        type: "text",
        inputmode: about.min !== null && about.min < 0 ? "text" : about.type === "int" ? "numeric" : "decimal",
        placeholder: whatEmptyMeans(about, isMoney ? money.plain : String),
        before: isMoney ? money.symbol : null,
        after: isMoney ? money.per(about.unit) : about.unit,
        ...required,
      });
    }
  }
}

export class Field {
  constructor(about, money) {
    const id = `field-${about.name}`;
    this.about = about;
    this.money = money;
    this.range = isNumeric(about) ? rangeOf(about, money) : "";
    this.control = makeControl(about, id, money);
    this.echo = element("output", { class: "echo", for: id });
    this.problem = element("p", { class: "problem", id: `${id}-problem`, hidden: true });
    this.root = this.build(id);
    this.control.describe([`${id}-help`, `${id}-problem`]);
    this.reset();
    this.root.addEventListener("input", () => this.changed());
    this.root.addEventListener("focusout", () => this.left());
  }

  build(id) {
    const { about, control } = this;
    const isGroup = control.root.getAttribute("role") === "radiogroup";
    const label = element(isGroup ? "span" : "label", { id: `${id}-label`, class: "label", for: isGroup ? null : id }, about.label);
    return element("div", { class: "field", "data-name": about.name },
      element("div", { class: "heading" }, label, this.echo),
      control.root,
      element("p", { class: "help", id: `${id}-help` }, this.explain()),
      this.problem);
  }

  explain() {
    const { about, range } = this;
    return [about.help, range && `${range[0].toUpperCase()}${range.slice(1)}.`].filter(Boolean).join(" ");
  }

  get name() { return this.about.name; }
  get text() { return this.control.text; }
  set text(value) {
    this.control.text = value;
    this.showEcho();
  }

  get initial() { return toText(this.about.default); }
  get example() { return toText(this.about.example); }

  reset() {
    this.text = this.initial;
    this.complain(null);
  }

  // What is sent: {value} or {problem}; a value that is undefined is left out.
  read() {
    const { about } = this;
    const text = this.text.trim();
    if (text === "") {
      if (!mayBeEmpty(about)) return { problem: this.expectation() };
      return { value: about.nullable && (about.required || about.default !== null) ? null : undefined };
    }
    if (isNumeric(about)) return this.readNumeric(text);
    return { value: about.type === "bool" ? text === "true" : text };
  }

  readNumeric(text) {
    const { about, money } = this;
    const value = readNumber(text, money.isMoney(about.unit) ? money.symbol : "");
    const isGood = Number.isFinite(value) && (about.type !== "int" || Number.isInteger(value))
      && (about.min === null || value >= about.min) && (about.max === null || value <= about.max);
    return isGood ? { value } : { problem: this.expectation() };
  }

  // What should stand here, as a request.
  expectation() {
    const { about, range } = this;
    if (about.type === "enum" || about.type === "bool") return "Please choose one.";
    if (!isNumeric(about)) return `Please enter a ${about.type}.`;
    return `Please enter a ${about.type === "int" ? "whole number" : "number"}${range && ", "}${range}.`;
  }

  // Shows what is wrong; null takes it back.
  complain(problem) {
    this.problem.textContent = problem ?? "";
    this.problem.hidden = problem === null;
    this.root.classList.toggle("bad", problem !== null);
    this.control.mark(problem !== null);
  }

  check() {
    const { problem = null } = this.read();
    this.complain(problem);
    return problem === null;
  }

  changed() {
    this.showEcho();
    if (!this.problem.hidden) this.check();
  }

  left() {
    if (this.text.trim() !== "") this.check();
  }

  // Large amounts in words, so that nobody has to count digits.
  showEcho() {
    const value = this.money.isMoney(this.about.unit) ? this.read().value : undefined;
    this.echo.textContent = typeof value === "number" && value >= 1000 ? this.money.short(value) : "";
  }

  focus() {
    this.root.closest("details")?.setAttribute("open", "");
    this.control.focus();
  }
}
