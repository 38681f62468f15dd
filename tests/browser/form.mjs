// SPDX-License-Identifier: MIT
// The page /: the form is the portfolio's, its messages are its own rules' and the service's, and the answer is what the service says.
import assert from "node:assert/strict";
import { fieldOf, fieldsOf, formIsThere, getJson, give, known, predict, press, textsOf, withBrowser } from "./browser.mjs";

const portfolio = await getJson("/ui/portfolio.json");
const fields = fieldsOf(portfolio);
const isOptional = (field) => !field.required && field.default === null;
const example = Object.fromEntries(fields.filter((field) => field.example !== null).map((field) => [field.name, field.example]));

// Lakh grouping, reckoned here in another way than on the page.
function rupees(value) {
  const [whole, cents] = value.toFixed(2).split(".");
  const head = whole.slice(0, -3).replace(/\B(?=(\d\d)+$)/g, ",");
  return `₹${head}${head ? "," : ""}${whole.slice(-3)}.${cents}`;
}

async function checkForm(page) {
  assert.equal(await page.locator(".field").count(), fields.length);
  for (const field of fields) {
    const root = fieldOf(page, field.name);
    assert.equal(await root.locator(".label").textContent(), field.label);
    assert.equal(await root.locator("input, select").first().evaluate((input) => input.closest("details") !== null), isOptional(field), field.name);
    if (field.help !== null) assert.ok((await root.locator(".help").textContent()).startsWith(field.help));
    if (field.type === "enum") {
      for (const choice of field.choices) assert.ok((await root.textContent()).includes(choice), `${field.name} lacks ${choice}`);
    }
  }
  assert.ok((await fieldOf(page, "age").locator(".help").textContent()).includes("18 to 70 years"));
  assert.ok((await fieldOf(page, "loan_amount").locator(".help").textContent()).includes("₹10,000 to ₹5 crore"));
  assert.equal(await page.locator("details[open]").count(), 0);
  for (const [name, value] of [["dependents", "0"], ["interest_rate", "12"], ["loan_term_months", "36"]]) {
    assert.equal((await textsOf(page))[name], value, `the default of ${name}`);
  }
}

// An empty form is told all that it lacks, and where.
async function checkEmpty(page) {
  await press(page, "Score");
  const missing = fields.filter((field) => field.required && !field.nullable).map((field) => field.name);
  const bad = await page.locator(".field.bad").evaluateAll((found) => found.map((field) => field.dataset.name));
  assert.deepEqual(bad, missing);
  assert.equal(await page.locator(".summary li").count(), missing.length);
  assert.ok(await fieldOf(page, missing[0]).locator(":focus").count() === 1, "the first field that is wrong has the focus");
  assert.equal(await page.locator("#result.answered").count(), 0);
}

// The rules say no before anything is sent, and take it back at once.
async function checkInline(page) {
  const age = fieldOf(page, "age");
  for (const [text, isGood] of [["17", false], ["71", false], ["35.5", false], ["x", false], ["1e1", false], ["3,5", false], ["18", true], ["70", true]]) {
    await age.locator("input").fill(text);
    await age.locator("input").blur();
    assert.equal(await age.locator(".problem").isVisible(), !isGood, text);
    assert.equal(await age.locator("input").getAttribute("aria-invalid"), isGood ? null : "true");
  }
  const income = fieldOf(page, "annual_income");
  for (const [text, echo] of [["9,00,000", "₹9 lakh"], ["₹ 12.5 lakh", "₹12.5 lakh"], ["1.2 crore", "₹1.2 crore"],
    ["10,00,000.50", "₹10 lakh"], ["9,00", ""], ["9,0,000", ""], ["49999", ""]]) {
    await income.locator("input").fill(text);
    assert.equal(await income.locator(".echo").textContent(), echo, text);
  }
}

async function checkAnswer(page, answer) {
  const result = page.locator("#result");
  assert.equal(await result.locator(".pd b").textContent(), `${answer.probability.toFixed(2)} %`);
  assert.equal(await result.locator(".pill").textContent(), answer.risk_category);
  assert.equal(await result.locator(".decision > b").textContent(), answer.recommended_action);
  assert.equal(await result.locator(".description").textContent(), answer.description);
  assert.ok((await result.locator(".facts").textContent()).includes(rupees(answer.emi)), rupees(answer.emi));
  assert.ok((await result.locator(".origin").textContent()).includes(answer.model_version));
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished))); // the bars have grown
  const label = await result.locator(".gauge svg").getAttribute("aria-label");
  assert.ok(label.includes(`${(100 * answer.probability_raw).toFixed(2)} %`) && label.includes(answer.risk_category), label);
  await checkReasons(result, answer);
  const chips = await result.locator(".chips button").allTextContents();
  assert.deepEqual(chips, answer.imputed.map((name) => fields.find((field) => field.name === name).label));
}

async function checkReasons(result, answer) {
  const reasons = await result.locator(".reason").all();
  assert.equal(reasons.length, answer.top_5_shap_features.length);
  const largest = Math.max(...answer.top_5_shap_features.map(({ contribution }) => Math.abs(contribution)));
  for (const [i, reason] of answer.top_5_shap_features.entries()) {
    const raises = reason.direction === "increases_risk";
    assert.equal(await reasons[i].locator(".feature").textContent(), reason.feature);
    const weight = await reasons[i].locator(".weight").textContent();
    assert.equal(weight.replace(/[^\d.]/g, ""), Math.abs(reason.contribution).toFixed(2));
    assert.equal(weight.includes("+") && weight.includes("▲"), raises);
    const share = await reasons[i].locator(".track").evaluate((track) => {
      const bar = track.querySelector("i");
      const [outer, inner] = [track.getBoundingClientRect(), bar.getBoundingClientRect()];
      return [(inner.left + inner.right) / 2 > (outer.left + outer.right) / 2, 2 * inner.width / outer.width];
    });
    assert.equal(share[0], raises, "the side of the bar");
    assert.ok(Math.abs(share[1] - Math.abs(reason.contribution) / largest) < 0.02, `the length of the bar: ${share[1]}`);
  }
  const rows = await result.locator(".sum tbody tr").evaluateAll((all) => all.map((row) => row.children[1].textContent.replace("−", "-")));
  const total = rows.slice(0, -1).reduce((sum, text) => sum + Number(text), 0);
  assert.equal(rows.length, Object.keys(answer.contributions.by_group).length + 2);
  assert.ok(Math.abs(total - Number(rows.at(-1))) < 0.001 * rows.length, "the contributions on the page add up to the margin");
}

// Every field by hand, the answer compared with the service's own.
async function checkScore(page) {
  for (const field of fields.filter(({ name }) => name in example)) await give(page, field, example[field.name]);
  await press(page, "Score");
  await page.locator("#result.answered").waitFor();
  const sent = { ...Object.fromEntries(fields.filter((field) => field.default !== null).map((field) => [field.name, field.default])), ...example };
  const [status, answer] = await predict(sent);
  assert.equal(status, 200);
  await checkAnswer(page, answer);
  await fieldOf(page, "age").locator("input").fill("36");
  assert.equal(await page.locator("#result.stale").count(), 1, "an answer to another form is marked");
}

// The needle follows the probability on both sides of the mark; an instalment of many digits is grouped in lakh and crore.
async function checkGauge(page) {
  await fieldOf(page, "loan_amount").locator("input").fill("5 crore");
  const turn = () => page.locator(".needle").evaluate((needle) => Number(/-?[\d.]+/.exec(needle.style.transform)[0]));
  for (const [score, income] of [["300", "50000"], ["900", "5000000"]]) {
    await fieldOf(page, "credit_score").locator("input").fill(score);
    await fieldOf(page, "annual_income").locator("input").fill(income);
    const answered = page.waitForResponse((answer) => answer.url().includes("/predict"));
    await press(page, "Score");
    const { probability_raw: pd, optimal_threshold_used: threshold, emi } = await (await answered).json();
    await page.locator(".pd b").getByText((100 * pd).toFixed(2)).waitFor();
    assert.ok(emi > 1e6 && (await page.locator("#result .facts").textContent()).includes(rupees(emi)), rupees(emi));
    const share = pd < threshold ? pd / threshold / 2 : 0.5 + (pd - threshold) / (1 - threshold) / 2;
    assert.ok(Math.abs(await turn() - (180 * share - 90)) < 0.1, `${pd}: ${await turn()}`);
  }
}

// Whatever the service finds wrong stands at its field, in the service's own words.
async function checkComplaints(page) {
  const body = { ...Object.fromEntries(fields.map(({ name }) => [name, { no: "value" }])), unheard_of: 1 };
  const [status, { detail }] = await predict(body);
  assert.equal(status, 422);
  assert.ok(detail.length > fields.length);
  page.expected.push(/status of 422/);
  await page.route("**/predict*", (route) => route.continue({ postData: JSON.stringify(body) }));
  await press(page, "Fill in an example");
  await press(page, "Score");
  await page.locator(".summary h2").waitFor();
  for (const { loc, msg } of detail.filter((complaint) => complaint.loc[1] !== "unheard_of")) {
    assert.equal(await fieldOf(page, loc[1]).locator(".problem").textContent(), msg, loc[1]);
    assert.ok(await fieldOf(page, loc[1]).locator(".problem").evaluate((problem) => !problem.hidden));
  }
  const summary = await page.locator(".summary").textContent();
  assert.equal(await page.locator(".summary li").count(), detail.length);
  assert.ok(summary.includes(detail.find((complaint) => complaint.loc[1] === "unheard_of").msg));
  await page.locator(".summary").getByRole("button", { name: "City tier" }).click();
  assert.ok(await fieldOf(page, "city_tier").locator(".problem").isVisible(), "a folded field opens when it is asked for");
  await page.unroute("**/predict*");
}

async function checkLink(page, open) {
  await press(page, "Fill in an example");
  await give(page, fields.find(({ name }) => name === "interest_rate"), "");
  await fieldOf(page, "city_tier").evaluate((field) => field.closest("details").open = true);
  await give(page, fields.find(({ name }) => name === "city_tier"), 2);
  await give(page, fields.find(({ name }) => name === "phone_verified"), true);
  await press(page, "Copy link");
  await page.locator(".note").getByText(/[Ll]ink/).waitFor();
  const link = new URL(page.url());
  assert.ok(link.search === "" && link.hash.includes("age=35"), "no value of the form is sent with the address");
  const other = await open("/" + link.hash);
  await formIsThere(other);
  assert.deepEqual(await textsOf(other), await textsOf(page));
}

// A second link in the same tab is another application: nothing of the first stays, and its answer is marked.
async function checkOtherLink(page) {
  await press(page, "Fill in an example");
  await press(page, "Score");
  await page.locator("#result.answered:not(.stale)").waitFor();
  await page.evaluate(() => { location.hash = "#age=52"; });
  await page.locator("#result.stale").waitFor();
  const texts = await textsOf(page);
  assert.equal(texts.age, "52");
  for (const { name, default: value } of fields.filter((field) => field.name !== "age" && field.type !== "enum" && field.type !== "bool")) {
    assert.equal(texts[name], value === null ? "" : String(value), name);
  }
}

// What is changed while the service reckons makes its answer one to another form.
async function checkHaste(page) {
  await press(page, "Fill in an example");
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await page.route("**/predict*", async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest("**/predict*");
  await press(page, "Score");
  const answered = (await asked).response();
  await fieldOf(page, "age").locator("input").fill("36");
  go();
  await answered;
  await page.locator("#result.answered.stale").waitFor();
  await page.unroute("**/predict*");
}

// A contribution that shows as zero neither raised nor lowered anything.
async function checkNothing(page) {
  await press(page, "Fill in an example");
  for (const contribution of [0, 0.004, -0.004]) {
    await page.route("**/predict*", async (route) => {
      const response = await route.fetch();
      const answer = await response.json();
      answer.top_5_shap_features[4].contribution = contribution;
      await route.fulfill({ response, json: answer });
    });
    const answered = page.waitForResponse("**/predict*");
    await press(page, "Score");
    await answered;
    const reason = page.locator("#result.answered:not(.stale) .reason").nth(4);
    await reason.locator(".weight").getByText("0.00", { exact: true }).waitFor();
    assert.ok((await reason.textContent()).includes("It hardly changed the estimated risk."), await reason.textContent());
    assert.equal(await reason.locator(".weight.raises, .weight.lowers").count(), 0);
    await page.unroute("**/predict*");
  }
}

async function checkKeyboard(open) {
  const page = await open("/");
  await formIsThere(page);
  await fieldOf(page, "age").locator("input").focus();
  await page.keyboard.type("35");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowRight");
  assert.equal((await textsOf(page)).gender, portfolio.groups[0].fields[1].choices[1], "arrows choose");
  await page.keyboard.press("Tab");
  assert.ok(await fieldOf(page, "marital_status").locator(":focus").count() === 1);
  await fieldOf(page, "age").locator("input").focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.locator(".summary h2").isVisible(), "Enter asks for the answer");
}

async function checkStillness(open) {
  const page = await open("/", { reducedMotion: "reduce" });
  await formIsThere(page);
  assert.equal(await page.locator(".needle").evaluate((needle) => getComputedStyle(needle).transitionDuration), "0s");
}

async function checkFailure(open) {
  const page = await open("/");
  page.expected.push(/Failed to load resource/);
  await formIsThere(page);
  await page.route("**/predict*", (route) => route.abort());
  await press(page, "Fill in an example");
  await press(page, "Score");
  await page.locator("#result .failure").getByText("cannot be reached").waitFor();
}

await withBrowser(async (open) => {
  const page = await open("/");
  await formIsThere(page);
  await checkForm(page);
  await checkEmpty(page);
  await checkInline(page);
  await checkScore(page);
  await checkGauge(page);
  await checkLink(page, open);
  await checkOtherLink(page);
  await checkHaste(page);
  await checkNothing(page);
  await checkComplaints(page);
  await checkKeyboard(open);
  await checkStillness(open);
  await checkFailure(open);
});
console.log(`${fields.length} fields of ${known.url}`);
