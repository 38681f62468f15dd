// SPDX-License-Identifier: MIT
// What moves the estimates most, over all test loans.
import { element } from "./dom.js";
import { fixed } from "./numbers.js";

const TOP = 12;

export function showDrivers({ groups }) {
  const largest = groups[0]?.value ?? 1;
  return element("div", { class: "card" },
    element("ol", { class: "drivers" }, groups.slice(0, TOP).map(({ group, value }) => {
      const bar = element("i", { "aria-hidden": "true" });
      bar.style.setProperty("--size", value / largest);
      return element("li", {}, element("span", {}, group), bar, element("b", {}, fixed(value, 2)));
    })),
    element("p", { class: "help" }, `Mean size of the contribution to the log-odds, for the ${Math.min(TOP, groups.length)} largest of ${groups.length} groups of inputs. `
      + "It tells what moves this model, not what causes defaults."));
}
