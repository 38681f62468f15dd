// SPDX-License-Identifier: MIT
// The page /dashboard: its numbers are those of /model-info, the report, the registry and /metrics.
import assert from "node:assert/strict";
import { getJson, predict, withBrowser } from "./browser.mjs";

const info = await getJson("/model-info");
const report = await getJson("/report.json");
const registry = await getJson("/ui/registry.json");
const { application } = (await getJson("/openapi.json")).paths["/predict"].post.requestBody.content["application/json"].examples;
const serving = report.models.find(({ kind }) => kind === info.model_kind);

// Rounded here by toFixed alone.
const percent = (share, decimals = 1) => `${(100 * share).toFixed(decimals)} %`;
const tileOf = async (page, section, name) => {
  const tile = page.locator(`#${section} .tile[data-name="${name}"]`);
  return [await tile.locator("b").textContent(), await tile.locator("small").textContent()];
};

async function checkChampion(page) {
  assert.equal(await page.locator("#champion-title").textContent(), `${info.model_name.replaceAll("_", " ")} ${info.version}`);
  assert.deepEqual(await tileOf(page, "champion", "Test AUC"),
    [info.auc_roc.toFixed(3), `95 % interval ${serving.metrics.auc_low.toFixed(3)} to ${serving.metrics.auc_high.toFixed(3)}`]);
  assert.deepEqual(await tileOf(page, "champion", "Features"),
    [String(info.feature_count), `model inputs, from ${info.used_fields} of ${info.application_fields} fields`]);
  assert.equal((await tileOf(page, "champion", "Default rate"))[0], percent(info.metrics.default_rate));
  assert.equal((await tileOf(page, "champion", "Threshold"))[0], percent(info.optimal_threshold, 0));
  assert.equal((await tileOf(page, "champion", "Cross-validated AUC"))[0], info.cv_auc.toFixed(3));
}

async function checkModels(page) {
  assert.equal(await page.locator("#models tbody tr").count(), report.models.length);
  for (const { kind, cv_auc: cvAuc, metrics } of report.models) {
    const row = page.locator(`#models tr[data-kind="${kind}"]`);
    const text = await row.textContent();
    assert.equal(await row.locator(".test-auc").textContent(), metrics.auc_roc.toFixed(4));
    for (const value of [cvAuc.toFixed(4), metrics.auc_pr.toFixed(3), metrics.ks.toFixed(3), metrics.f1.toFixed(3)]) assert.ok(text.includes(value), value);
    assert.equal(text.includes("serves"), kind === info.model_kind);
  }
  assert.ok((await page.locator("#models .lead").textContent()).includes(report.champion_rule));
}

// Every chart has been drawn, in more than one colour, and says in words what it shows.
async function checkCharts(page) {
  const charts = page.locator("canvas[role=img]");
  assert.equal(await charts.count(), 6);
  for (const chart of await charts.all()) {
    await chart.scrollIntoViewIfNeeded();
    await page.waitForFunction((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size > 3;
    }, await chart.elementHandle());
    assert.ok((await chart.getAttribute("aria-label")).length > 30);
  }
  const said = await charts.evaluateAll((all) => all.map((canvas) => canvas.getAttribute("aria-label")));
  assert.ok(said[0].includes(serving.metrics.auc_roc.toFixed(3)) && said[1].includes(serving.metrics.auc_pr.toFixed(3)));
}

// The points of the chart whose label begins so, once it is drawn.
async function pointsOf(page, title) {
  const chart = await page.locator(`canvas[aria-label^="${title}."]`).elementHandle();
  await page.waitForFunction((canvas) => globalThis.Chart.getChart(canvas), chart);
  return chart.evaluate((canvas) => globalThis.Chart.getChart(canvas).data.datasets[0].data.map(({ x, y }) => [x, y]));
}

// Where nobody is declined there is no precision, and no point. The report is the daemon's but for the last thresholds.
async function checkSweep(page) {
  const changed = structuredClone(report);
  const { sweep, out_of_fold: { optimum } } = changed.models.find(({ kind }) => kind === serving.kind).threshold_analysis;
  const nobody = { tp: 0, fp: 0, declined: 0, precision: 0, recall: 0 };
  for (const at of [...sweep.slice(-3), optimum]) Object.assign(at, nobody);
  await page.route("**/report.json", (route) => route.fulfill({ json: changed }));
  await page.reload();
  assert.deepEqual(await pointsOf(page, "Recall"), sweep.map(({ threshold, recall }) => [threshold, recall]));
  assert.deepEqual(await pointsOf(page, "Precision"), sweep.slice(0, -3).map(({ threshold, precision }) => [threshold, precision]));
  assert.equal(await page.locator('canvas[aria-label="Precision. Nobody is declined."]').count(), 1);
}

async function checkThresholds(page) {
  const { optimum, half } = serving.threshold_analysis.test;
  const rows = await page.locator("#thresholds .pair > :first-child tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
  assert.deepEqual(rows[0].slice(2, 5), [String(optimum.tp), String(optimum.fn), percent(optimum.declined)]);
  assert.deepEqual(rows[1].slice(2, 5), [String(half.tp), String(half.fn), percent(half.declined)]);
  assert.ok((await page.locator("#thresholds .lead").textContent()).includes(percent(optimum.savings / half.cost)));
  const drivers = await page.locator(".drivers li").allTextContents();
  assert.deepEqual(drivers, serving.groups.slice(0, drivers.length).map(({ group, value }) => group + value.toFixed(2)));
}

async function checkVersions(page) {
  for (const version of registry.versions) {
    const text = await page.locator(`#versions tr[data-version="${version.version}"]`).textContent();
    assert.ok(text.includes(version.auc_roc.toFixed(4)) && text.includes(version.model_name.replaceAll("_", " ")), text);
    assert.equal(text.includes("champion"), version.champion);
    assert.equal(text.includes("challenger"), version.challenger);
  }
  assert.ok(registry.versions.length === 3 && registry.serving === "v2" && registry.events.length === 7);
  const history = await page.locator(".event").allTextContents();
  assert.equal(history.length, registry.events.length);
  assert.ok(history[0].startsWith("v3 became the challenger“to be looked at in shadow”"), history[0]);
  const { key } = registry.events.find(({ action }) => action === "sign").details;
  assert.ok(history.some((text) => text.includes(`v1 signedkey ${key.slice(0, 16)}`) && !text.includes(key)), history);
  assert.ok(history[1].startsWith("v2 promoted, before it v1“trained with another model to compare”"), history[1]);
}

// What is scored while the page is open appears on it.
async function checkTraffic(page) {
  const counted = async () => Number((await tileOf(page, "traffic", "Applications scored"))[0]);
  await page.waitForFunction(() => document.querySelector("#traffic .tile b").textContent !== "–");
  assert.equal(await counted(), 0);
  for (let i = 0; i < 25; i++) assert.equal((await predict(application.value))[0], 200);
  assert.equal((await predict({}))[0], 422);
  await page.waitForFunction(() => document.querySelector("#traffic .tile b").textContent === "25");
  assert.equal((await tileOf(page, "traffic", "Refused as invalid"))[0], "1");
  assert.match((await tileOf(page, "traffic", "Median time"))[0], /^[\d.]+ (µs|ms)$/);
  const bands = await page.locator("#traffic .pair > :last-child tbody td:nth-child(2)").allTextContents();
  assert.equal(bands.reduce((sum, text) => sum + Number(text), 0), 25);
}

await withBrowser(async (open) => {
  const page = await open("/dashboard");
  await page.locator("#traffic h2").waitFor();
  await checkChampion(page);
  await checkModels(page);
  await checkCharts(page);
  await checkThresholds(page);
  await checkVersions(page);
  await checkTraffic(page);
  await checkSweep(await open("/dashboard"));
});
