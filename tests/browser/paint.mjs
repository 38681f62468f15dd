// SPDX-License-Identifier: MIT
// How soon / is painted, and how long it takes from the press of the button to the painted answer. Prints a JSON line: times on the
// clock, which a busy machine lengthens, beside two empty frames of the same page, and the processor time of the page's main thread.
import { formIsThere, press, withBrowser } from "./browser.mjs";

const ROUNDS = 15;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

// From the page's own clock: the first frame with content.
const firstPaint = (page) => page.evaluate(() => new Promise((resolve) => {
  new PerformanceObserver((list) => list.getEntriesByName("first-contentful-paint").forEach(({ startTime }) => resolve(startTime)))
    .observe({ type: "paint", buffered: true });
}));

// The frame after the one in which the answer stands in the document has it on the screen.
const predictToPaint = (page) => page.evaluate(() => new Promise((resolve) => {
  const start = performance.now();
  new MutationObserver((_, watcher) => {
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
  }).observe(document.querySelector("#result .headline"), { childList: true });
  document.querySelector("#form [type=submit]").click();
}));

const twoFrames = (page) => page.evaluate(() => new Promise((resolve) => {
  const start = performance.now();
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
}));

async function busyMs(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
}

await withBrowser(async (open) => {
  const paints = [];
  for (let i = 0; i < ROUNDS; i++) {
    const page = await open("/"); // a context of its own: nothing is cached
    paints.push(await firstPaint(page));
    await formIsThere(page);
    await page.context().close();
  }
  const page = await open("/");
  await formIsThere(page);
  await press(page, "Fill in an example");
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const [answers, frames, busy] = [[], [], []];
  for (let i = 0; i < ROUNDS; i++) {
    const before = await busyMs(session);
    answers.push(await predictToPaint(page));
    busy.push(await busyMs(session) - before);
    frames.push(await twoFrames(page));
  }
  console.log(JSON.stringify({ bench: "pages", first_contentful_paint_ms: median(paints), predict_to_paint_ms: median(answers),
    two_empty_frames_ms: median(frames), predict_main_thread_cpu_ms: median(busy), rounds: ROUNDS }));
});
