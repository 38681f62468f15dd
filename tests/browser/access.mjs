// SPDX-License-Identifier: MIT
// Both pages, on a phone and on a desk, light and dark: axe-core finds nothing at level AA, nothing is too wide; screenshots are taken.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { assertFits, formIsThere, known, press, require, shoot, SIZES, withBrowser } from "./browser.mjs";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const LIGHTS = ["--page", "--glow-1", "--glow-2", "--glow-3"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const list = (violations) => violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);

async function assertAccessible(page, state) {
  await page.evaluate(`${axe}; 0`);
  const { violations, passes } = await page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), TAGS);
  assert.deepEqual(list(violations), [], state);
  assert.ok(passes.length > 15, `axe looked at ${passes.length} rules only`);
}

// The colours depend on the scheme alone, so that one size is enough.
async function assertColours(page, name, size) {
  for (const light of size === "desk" ? LIGHTS : []) await assertContrast(page, light, `${name}, on ${light}`);
}

// axe cannot judge colours on a gradient: here each of its colours in turn is the whole page's.
async function assertContrast(page, light, state) {
  const { violations, passes } = await page.evaluate((name) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`body { background-color: var(${name}) !important; } body::before { display: none !important; }`);
    document.adoptedStyleSheets = [sheet];
    return window.axe.run({ runOnly: { type: "rule", values: ["color-contrast"] } }).finally(() => { document.adoptedStyleSheets = []; });
  }, light);
  assert.deepEqual(list(violations), [], state);
  assert.ok(passes[0]?.nodes.length > 40, `${state}: axe judged the colours of ${passes[0]?.nodes.length} elements only`);
}

async function lookAtForm(page, name, size) {
  await formIsThere(page);
  await press(page, "Score");
  await assertAccessible(page, `${name}, with problems`);
  await shoot(page, `${name}-problems`);
  await press(page, "Fill in an example");
  await press(page, "Score");
  await page.locator("#result.answered").waitFor();
  await shoot(page, name);
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  await assertAccessible(page, `${name}, with an answer`);
  await assertColours(page, name, size);
  await assertFits(page);
}

async function lookAtDashboard(page, name, size) {
  await page.locator("#traffic tbody tr").first().waitFor();
  await shoot(page, name);
  await assertAccessible(page, name);
  await assertColours(page, name, size);
  await assertFits(page);
}

await withBrowser(async (open) => {
  for (const size of Object.keys(SIZES)) {
    for (const scheme of ["dark", "light"]) {
      const options = { size, scheme, reducedMotion: "reduce" };
      await lookAtForm(await open("/", options), `form-${size}-${scheme}`, size);
      await lookAtDashboard(await open("/dashboard", options), `dashboard-${size}-${scheme}`, size);
    }
  }
});
console.log(`screenshots: ${known.folder}`);
