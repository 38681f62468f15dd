// SPDX-License-Identifier: MIT
// Where the daemon asks for keys (auth.mode key), the pages ask for one and keep it for the tab.
import assert from "node:assert/strict";
import { formIsThere, known, press, withBrowser } from "./browser.mjs";

async function giveKey(page, key) {
  await page.locator("dialog input").fill(key);
  await press(page, "Use this key");
}

await withBrowser(async (open) => {
  const page = await open("/");
  page.expected.push(/status of 401/);
  await formIsThere(page);
  await press(page, "Fill in an example");
  await press(page, "Score");
  await giveKey(page, "no…key"); // which no header can carry
  assert.ok(await page.locator("dialog input").evaluate((input) => !input.validity.valid));
  await giveKey(page, " no.key ");
  await page.locator("dialog[open] input").waitFor();
  await giveKey(page, known.key);
  await page.locator("#result.answered").waitFor();
  assert.equal(await page.locator("dialog").count(), 0);
  await page.goto(`${known.url}/dashboard`);
  await page.locator("#traffic tbody tr").first().waitFor();
  assert.equal(await page.locator("dialog").count(), 0, "the tab still has the key");

  const stranger = await open("/dashboard");
  stranger.expected.push(/status of 401/);
  await stranger.locator("dialog input").waitFor();
  await press(stranger, "Cancel");
  await stranger.locator("#champion .failure").waitFor();
});
