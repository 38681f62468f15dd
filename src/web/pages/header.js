// SPDX-License-Identifier: MIT
// The head of every page: where we are, which version answers, light or dark.
import { element, find } from "./dom.js";
import { words } from "./numbers.js";

const SLOT = "creditrisk.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme === "" ? dark.matches : theme === "dark";
}

// Those who draw with colours of their own (a canvas) hear "themechange".
function announce() {
  find("#theme").setAttribute("aria-pressed", String(isDark()));
  dispatchEvent(new Event("themechange"));
}

function toggle() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(SLOT, theme);
  announce();
}

async function showHealth() {
  const state = find("#health");
  const health = await fetch("/health").then((answer) => answer.json()).catch(() => null);
  const good = health?.status === "healthy";
  state.classList.toggle("good", good);
  state.replaceChildren(good ? element("b", {}, health.model_version) : "", good ? ` ${words(health.model_name)}` : "No model answers");
}

for (const link of document.querySelectorAll("header nav a")) {
  if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
}
find("#theme").addEventListener("click", toggle);
dark.addEventListener("change", announce);
announce();
showHealth();
