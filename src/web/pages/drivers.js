// SPDX-License-Identifier: MIT
// What moves the estimates most, over all test loans.
import { card, element } from "./dom.js";
import { fixed } from "./numbers.js";

const MOST = 12;

function makeDriver({ group, value }, largest) {
  const bar = element("i", { "aria-hidden": "true" });
  bar.style.setProperty("--size", value / largest);
  return element("li", {}, element("span", {}, group), bar, element("b", {}, fixed(value, 2)));
}

export function showDrivers({ groups }) {
  const shown = groups.slice(0, MOST);
  return card(
    element("ol", { class: "drivers" }, shown.map((group) => makeDriver(group, shown[0].value))),
    element("p", { class: "help" }, "The mean size of the contribution to the log-odds, of the "
      + `${shown.length} largest of ${groups.length} groups of inputs. It tells what moves this model, not what causes defaults.`));
}
