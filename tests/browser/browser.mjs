// SPDX-License-Identifier: MIT
// What the scripts of this folder share: a browser of their own that watches every page for complaints and strange hosts.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";

export const known = JSON.parse(process.env.CR_PAGES);
export const require = createRequire(known.tools);
const { chromium } = require("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync"];
export const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } };
const PATIENCE_MS = 30000; // a busy machine is no fault of the pages

// Runs `use(open)`; open(path, options) gives a page. Afterwards no page may have complained or asked another host, unless the
// script expected a complaint: page.expected is a list of patterns.
export async function withBrowser(use) {
  const browser = await chromium.launch({ executablePath: known.chromium, args: FLAGS });
  const opened = [];

  async function open(path, { size = "desk", scheme = "dark", ...options } = {}) {
    const context = await browser.newContext({ viewport: SIZES[size], colorScheme: scheme, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    Object.assign(page, { complaints: [], hosts: new Set(), answers: [], expected: [] });
    page.on("console", (message) => page.complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => page.complaints.push(`error: ${error.message}`));
    page.on("request", (request) => page.hosts.add(new URL(request.url()).origin));
    page.on("response", (answer) => page.answers.push(answer));
    opened.push(page);
    await page.goto(known.url + path, { waitUntil: "load" });
    return page;
  }

  try {
    await use(open);
    for (const page of opened) {
      assert.deepEqual(page.complaints.filter((text) => !page.expected.some((pattern) => pattern.test(text))), []);
      assert.deepEqual([...page.hosts], [known.url]);
    }
    assert.ok(opened.length > 0);
  } finally {
    await browser.close();
  }
}

export const getJson = async (path) => (await fetch(known.url + path)).json();

// What the service says to an application: [status, body].
export async function predict(application) {
  const answer = await fetch(`${known.url}/predict?explain=full`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(application),
  });
  return [answer.status, await answer.json()];
}

export const fieldsOf = (portfolio) => portfolio.groups.flatMap(({ fields }) => fields);
export const formIsThere = (page) => page.locator(".field").first().waitFor();
export const fieldOf = (page, name) => page.locator(`.field[data-name="${name}"]`);
export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

// Gives a field a value as a person would.
export async function give(page, { name, type }, value) {
  const field = fieldOf(page, name);
  const text = type === "bool" ? (value ? "Yes" : "No") : String(value);
  const segment = field.locator(".segments").getByRole("radio", { name: text, exact: true });
  if (await segment.count() > 0) await segment.check();
  else if (await field.locator("select").count() > 0) await field.locator("select").selectOption({ label: text });
  else await field.locator("input").fill(text);
}

export const textsOf = (page) => page.evaluate(() => Object.fromEntries([...document.querySelectorAll(".field")].map((field) => {
  const input = field.querySelector("select, input:not([type=radio]), input:checked");
  return [field.dataset.name, input?.value ?? ""];
})));

// The whole page as one screen, so that what sticks to an edge of the screen sticks to one of the page.
export async function shoot(page, name) {
  mkdirSync(known.folder, { recursive: true });
  const { width, height } = page.viewportSize();
  await page.setViewportSize({ width, height: await page.evaluate(() => document.documentElement.scrollHeight) });
  await page.screenshot({ path: `${known.folder}/${name}.png`, fullPage: true, animations: "disabled" });
  await page.setViewportSize({ width, height });
}

// Nothing is wider than the screen.
export async function assertFits(page) {
  const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= screen, `${page.url()}: ${content} px of content on a screen of ${screen} px`);
}
