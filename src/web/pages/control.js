// SPDX-License-Identifier: MIT
// What a person handles in a field. Each control is {root, text, focus(), describe(ids), mark(bad)}: `text` is "" when nothing is
// chosen, and every change by hand bubbles as "input" or "change".
import { element } from "./dom.js";

const SEGMENTS_MAX = 5; // more choices, or longer ones, make a list to open
const SEGMENTS_LETTERS = 34;

function describedBy(target) {
  return {
    describe: (ids) => target.setAttribute("aria-describedby", ids.join(" ")),
    mark: (bad) => (bad ? target.setAttribute("aria-invalid", "true") : target.removeAttribute("aria-invalid")),
  };
}

// A line to write in; `before` and `after` stand beside it in its box.
export function makeLine(id, { before, after, ...attributes }) {
  const input = element("input", { id, name: id, autocomplete: "off", spellcheck: "false", ...attributes });
  return {
    root: element("div", { class: "box" },
      before && element("span", { class: "affix", "aria-hidden": "true" }, before),
      input,
      after && element("span", { class: "affix", "aria-hidden": "true" }, after)),
    get text() { return input.value; },
    set text(value) { input.value = value; },
    focus: () => input.focus(),
    ...describedBy(input),
  };
}

function makeList(id, options, attributes) {
  const select = element("select", { id, name: id, ...attributes },
    options.map(([value, label]) => element("option", { value }, label)));
  return {
    root: element("div", { class: "box" }, select),
    get text() { return select.value; },
    set text(value) { select.value = value; },
    focus: () => select.focus(),
    ...describedBy(select),
  };
}

function makeSegments(id, options, attributes) {
  const inputs = options.map(([value]) => element("input", { type: "radio", name: id, value, id: `${id}-${value}` }));
  const root = element("div", { class: "segments", role: "radiogroup", "aria-labelledby": `${id}-label`, ...attributes },
    inputs.map((input, i) => element("label", {}, input, element("span", {}, options[i][1]))));
  return {
    root,
    get text() { return inputs.find((input) => input.checked)?.value ?? ""; },
    set text(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
    focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus(),
    ...describedBy(root),
  };
}

// One of `options` ([text, label]); a choice that may stay open has the option "".
export function makeChoice(id, options, attributes) {
  const letters = options.reduce((sum, [, label]) => sum + label.length + 2, 0);
  if (options.length <= SEGMENTS_MAX && letters <= SEGMENTS_LETTERS) return makeSegments(id, options, attributes);
  const closed = options.some(([value]) => value === "") ? [] : [["", "Please choose"]];
  return makeList(id, [...closed, ...options], attributes);
}
