// SPDX-License-Identifier: MIT
// Tables, and the colours of the policy's bands beside them.
import { element } from "./dom.js";

const heading = (scope) => (...content) => element("th", { scope }, content);

// A region named `label` that scrolls alone where the table is too wide. A row is {cells} and the attributes of its element; a cell
// is a text, an element or a list of them, the first one heads its row.
export function makeTable(label, heads, rows) {
  const makeRow = ({ cells: [first, ...others], ...attributes }) =>
    element("tr", attributes, heading("row")(first), others.map((cell) => element("td", {}, cell)));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    element("table", {},
      element("thead", {}, element("tr", {}, heads.map((text) => heading("col")(text)))),
      element("tbody", {}, rows.map(makeRow))));
}

export function dot(color) {
  const made = element("i", { class: "dot", "aria-hidden": "true" });
  made.style.setProperty("background-color", color);
  return made;
}

// Shares of a whole, {color, share}, side by side; faint where there is no whole yet.
export function makeStrip(parts) {
  const isEmpty = parts.every(({ share }) => share === 0);
  return element("div", { class: isEmpty ? "strip none" : "strip", "aria-hidden": "true" }, parts.map(({ color, share }) => {
    const part = element("i");
    part.style.setProperty("background-color", color);
    part.style.setProperty("flex-grow", isEmpty ? 1 : share);
    return part;
  }));
}
