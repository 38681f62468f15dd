// SPDX-License-Identifier: MIT
// Makes elements. Text goes in as text, never as markup.
const SVG = "http://www.w3.org/2000/svg";

// An attribute "on…" is a listener; true is an attribute without a value; false, null and undefined are none.
function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      made.addEventListener(name.slice(2), value);
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const element = (name, attributes = {}, ...children) =>
  fill(document.createElement(name), attributes, children);

export const drawing = (name, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

export const card = (...children) => element("div", { class: "card" }, children);

export const find = (selector, root = document) => root.querySelector(selector);

// What a style sheet makes of one of its own colours, as something that a canvas takes.
export function colour(name) {
  const probe = element("span", { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

export const wantsStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
