// SPDX-License-Identifier: MIT
// How soon / is painted, and how long it takes from the press of the button to the painted answer. Prints JSON lines.
import { formIsThere, press, withBrowser } from "./browser.mjs";

const ROUNDS = 15;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

// From the page's own clock: the first frame with content.
const firstPaint = (page) => page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);

// The frame after the one in which the answer stands in the document has it on the screen.
const predictToPaint = (page) => page.evaluate(() => new Promise((resolve) => {
  const start = performance.now();
  const watcher = new MutationObserver(() => {
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
  });
  watcher.observe(document.querySelector("#result .headline"), { childList: true });
  document.querySelector("#form [type=submit]").click();
}));

await withBrowser(async (open) => {
  const paints = [];
  for (let i = 0; i < ROUNDS; i++) {
    const page = await open("/"); // a context of its own: nothing is cached
    await formIsThere(page);
    paints.push(await firstPaint(page));
    await page.context().close();
  }
  const page = await open("/");
  await formIsThere(page);
  await press(page, "Fill in an example");
  const answers = [];
  for (let i = 0; i < ROUNDS; i++) answers.push(await predictToPaint(page));
  console.log(JSON.stringify({ bench: "pages", first_contentful_paint_ms: median(paints), predict_to_paint_ms: median(answers),
    slowest_predict_to_paint_ms: Math.max(...answers), rounds: ROUNDS }));
});
