// SPDX-License-Identifier: MIT
// A portfolio with other fields, types and money (pages.py makes it): the form is right and works, without a word of it in the pages.
import assert from "node:assert/strict";
import { fieldOf, formIsThere, give, press, textsOf, withBrowser } from "./browser.mjs";

// As tests/support/small/application.yaml has them.
const FIELDS = {
  age: "Age", grade: "Grade", amount: "Amount", term: "Term", rate: "Rate", agreed: "Agreed instalment", verified: "Verified", since: "Since",
};

await withBrowser(async (open) => {
  const page = await open("/");
  await formIsThere(page);
  assert.deepEqual(Object.keys(await textsOf(page)).sort(), Object.keys(FIELDS).sort());
  for (const [name, label] of Object.entries(FIELDS)) assert.equal(await fieldOf(page, name).locator(".label").textContent(), label);
  assert.equal(await page.locator("#book").textContent(), "Small");
  assert.deepEqual(await page.locator("legend").allTextContents(), ["Applicant", "Loan"]);
  assert.deepEqual(await fieldOf(page, "grade").locator(".segments span").allTextContents(), ["A", "B", "C", "Not known"]);
  assert.equal(await fieldOf(page, "since").locator("input[type=date]").count(), 1);
  assert.equal(await fieldOf(page, "amount").locator(".help").textContent(), "$1,000 to $5 million.");
  assert.deepEqual(await page.locator(".legend li").allTextContents().then((all) => all.map((text) => text.split(" Risk")[0])), ["Low", "High"]);

  await give(page, { name: "age", type: "int" }, 40);
  await give(page, { name: "grade", type: "enum" }, "C");
  await give(page, { name: "amount", type: "number" }, "1,234,567");
  assert.equal(await fieldOf(page, "amount").locator(".echo").textContent(), "$1.23 million");
  await page.locator("details").evaluateAll((all) => all.forEach((details) => { details.open = true; }));
  await give(page, { name: "verified", type: "bool" }, true);
  await give(page, { name: "since", type: "date" }, "2015-03-04");
  const sent = page.waitForRequest("**/predict*");
  await press(page, "Score");
  assert.deepEqual((await sent).postDataJSON(), { age: 40, grade: "C", amount: 1234567, term: 36, rate: 12, verified: true, since: "2015-03-04" });
  await page.locator("#result.answered").waitFor();
  const answer = await (await sent).response().then((response) => response.json());
  assert.equal(await page.locator(".pd b").textContent(), `${answer.probability.toFixed(2)} %`);
  const emi = answer.emi.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ",");
  assert.ok((await page.locator(".facts").textContent()).includes(`$${emi}`), emi);
  assert.deepEqual(await page.locator(".feature").allTextContents(), answer.top_5_shap_features.map(({ feature }) => feature));

  const dashboard = await open("/dashboard");
  await dashboard.locator("#traffic h2").waitFor();
  assert.equal(await dashboard.locator("#champion .eyebrow").textContent(), "Small: the champion");

  // the loan book beside it: chosen in the head of the page, answered for below its own path
  await page.locator(".books select").selectOption({ label: "Retail loans" });
  await page.waitForURL("**/?portfolio=retail");
  await formIsThere(page);
  assert.equal(await page.locator("#book").textContent(), "Retail loans");
  const asked = page.waitForRequest("**/portfolios/retail/predict*");
  await press(page, "Fill in an example");
  await press(page, "Score");
  await asked;
  await page.locator("#result.answered").waitFor();
  await page.locator("header nav").getByText("Dashboard").click();
  await page.locator("#traffic h2").waitFor();
  assert.equal(await page.locator("#champion .eyebrow").textContent(), "Retail loans: the champion");
  await page.waitForFunction(() => document.querySelector("#traffic .tile b").textContent === "1");
});
