// SPDX-License-Identifier: MIT
// The head of every page: where we are, which version answers, light or dark.
import { element, find } from "./dom.js";
import { words } from "./numbers.js";
import { at, chosen } from "./server.js";

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
  const health = await fetch(at("/health")).then((answer) => answer.json()).catch(() => null);
  const good = health?.status === "healthy";
  state.classList.toggle("good", good);
  state.replaceChildren(good ? element("b", {}, health.model_version) : "", good ? ` ${words(health.model_name)}` : "No model answers");
}

// Where the daemon serves several loan books, a way from one to the other.
async function offerBooks() {
  const { portfolios } = await fetch("/portfolios").then((answer) => answer.json()).catch(() => ({ portfolios: [] }));
  const books = portfolios.filter(({ model_version: version }) => version !== null);
  if (books.length < 2) return;
  const options = books.map((book) => element("option",
    { value: book.default ? "" : book.name, selected: book.name === chosen }, book.title));
  const go = ({ target: { value } }) => location.assign(location.pathname + (value && `?portfolio=${encodeURIComponent(value)}`));
  find(".top nav").after(element("div", { class: "box books" }, element("select", { "aria-label": "Loan book", onchange: go }, options)));
}

for (const link of document.querySelectorAll('header a:is([href="/"], [href="/dashboard"])')) link.search = location.search;
for (const link of document.querySelectorAll("header nav a")) {
  if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
}
find("#theme").addEventListener("click", toggle);
dark.addEventListener("change", announce);
announce();
showHealth();
offerBooks();
