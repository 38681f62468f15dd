// SPDX-License-Identifier: MIT
// Chart.js in the colours of the page. Every chart is drawn anew when the colours change.
import "./chart.js"; // a classic script: it leaves Chart in the window, unless the program was built without it
import { colour, element, wantsStillness } from "./dom.js";

const { Chart } = globalThis;
const SERIES = ["--accent", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];
const drawn = new Map();

export const hasCharts = Chart !== undefined;

// The colour of the i-th model of a run, the same in every chart.
export const seriesColour = (i) => colour(SERIES[i % SERIES.length]);

// A line of points [x, y]; `thin` for what only accompanies.
export const line = (label, points, color, { thin = false, dash = [], dots = false } = {}) => ({
  label,
  data: points.map(([x, y]) => ({ x, y })),
  borderColor: color,
  backgroundColor: color,
  borderWidth: thin ? 1.25 : 2.5,
  borderDash: dash,
  pointRadius: dots ? 4 : 0,
  pointHitRadius: dots ? 10 : 0,
  pointHoverRadius: dots ? 5 : 4,
  tension: 0,
});

function axis(title, { percent = false, min = 0, max, format } = {}) {
  const say = format ?? (percent ? (value) => `${Math.round(100 * value)} %` : undefined);
  return {
    type: "linear", min, max,
    title: { display: true, text: title, color: colour("--soft") },
    ticks: { color: colour("--soft"), maxTicksLimit: 6, ...(say ? { callback: say } : {}) },
    grid: { color: colour("--line"), drawTicks: false, borderColor: colour("--line") },
  };
}

// A vertical line at x, with its label at the top.
const marker = ({ x, text }) => ({
  id: "marker",
  afterDatasetsDraw({ ctx, chartArea: { top, bottom, right }, scales }) {
    const at = scales.x.getPixelForValue(x);
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("--ink");
    ctx.setLineDash([4, 4]);
    ctx.beginPath();
    ctx.moveTo(at, top);
    ctx.lineTo(at, bottom);
    ctx.stroke();
    ctx.font = `500 12px ${Chart.defaults.font.family}`;
    ctx.textAlign = at > right - 80 ? "right" : "left";
    ctx.fillText(text, at + (at > right - 80 ? -6 : 6), bottom - 8);
    ctx.restore();
  },
});

function draw(canvas, make) {
  drawn.get(canvas)?.chart.destroy();
  const { lines, x, y, mark, legend = lines.length > 1 } = make();
  const chart = new Chart(canvas, {
    type: "line",
    data: { datasets: lines },
    plugins: mark ? [marker(mark)] : [],
    options: {
      responsive: true, maintainAspectRatio: false, parsing: false, normalized: true,
      animation: wantsStillness() ? false : { duration: 400 },
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: { x: axis(x.title, x), y: axis(y.title, y) },
      plugins: {
        legend: {
          display: legend, position: "bottom", align: "start",
          labels: { color: colour("--ink"), boxWidth: 14, boxHeight: 2, padding: 14 },
        },
        tooltip: {
          backgroundColor: colour("--ink"), titleColor: colour("--page"), bodyColor: colour("--page"), displayColors: false,
          callbacks: {
            title: (items) => items.length > 0 ? `${x.title}: ${(x.say ?? String)(items[0].parsed.x)}` : "",
            label: ({ dataset, parsed }) => `${dataset.label}: ${(y.say ?? String)(parsed.y)}`,
          },
        },
      },
    },
  });
  drawn.set(canvas, { chart, make });
}

// A card with a chart. `description` is all that those who cannot see it get; `make` gives {lines, x, y, mark}.
export function makeChart(title, description, make) {
  const root = element("figure", { class: "card" },
    element("figcaption", {}, element("h3", {}, title), element("p", { class: "help" }, description)));
  if (hasCharts) {
    const canvas = element("canvas", { role: "img", "aria-label": `${title}. ${description}` });
    root.append(element("div", { class: "plot" }, canvas));
    requestAnimationFrame(() => draw(canvas, make)); // it needs its place in the page first
  }
  return root;
}

if (hasCharts) {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  addEventListener("themechange", () => drawn.forEach(({ make }, canvas) => draw(canvas, make)));
}
