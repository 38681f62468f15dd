// SPDX-License-Identifier: MIT
// What / weighs on the wire, packed and kept as it can be, and that nothing of it is fetched twice. Prints the figures.
import assert from "node:assert/strict";
import { formIsThere, withBrowser } from "./browser.mjs";

const MOST = 200_000; // bytes, headers included

async function weigh(page) {
  const sizes = await Promise.all(page.answers.map(async (answer) => {
    const { responseHeadersSize, responseBodySize } = await answer.request().sizes();
    return responseHeadersSize + responseBodySize;
  }));
  return sizes.reduce((sum, size) => sum + size, 0);
}

await withBrowser(async (open) => {
  const page = await open("/");
  await page.waitForLoadState("networkidle");
  await formIsThere(page);
  const first = { bytes: await weigh(page), requests: page.answers.length };
  assert.ok(first.bytes < MOST, `${first.bytes} bytes`);
  assert.equal(new Set(page.answers.map((answer) => answer.url())).size, first.requests);
  for (const answer of page.answers) {
    const { pathname } = new URL(answer.url());
    const headers = await answer.allHeaders();
    assert.equal(answer.status(), 200, pathname);
    assert.equal(headers["cache-control"].includes("immutable"), pathname.startsWith("/assets/"), pathname);
    if (/\.(js|css)$|\/$/.test(pathname)) assert.ok(headers["content-encoding"] === "gzip" || headers["content-length"] < 1000, pathname);
    assert.ok(!pathname.endsWith("/chart.js"), "charts are for the dashboard");
  }
  console.log(JSON.stringify({ page: "/", ...first }));
});
