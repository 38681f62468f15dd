// SPDX-License-Identifier: MIT
// What the daemon counts, read from /metrics every two seconds while the page is looked at.
import { card, drawing, element } from "./dom.js";
import { count, duration, fixed, percent } from "./numbers.js";
import { buckets, parse, quantile, select, sum } from "./prometheus.js";
import { ask, chosen } from "./server.js";
import { makeStrip, makeTable } from "./table.js";

const PERIOD_MS = 2000;
const KEPT = 60; // readings in the small line
const SHOWN_ROUTES = 8;
const REQUESTS = "http_server_request_duration_seconds";
const PREDICTIONS = "creditrisk_predictions_total";
const OWN = { portfolio: chosen ?? undefined }; // series of the root's loan book have no such label
const PREDICT = { http_route: chosen === null ? "/predict" : "/portfolios/{name}/predict", http_request_method: "POST" };
const SPANS = [[172800, 86400, "days"], [7200, 3600, "h"], [120, 60, "min"], [0, 1, "s"]];

// How long, in words: 45 s, 12 min, 3 h.
function span(seconds) {
  const [, size, unit] = SPANS.find(([least]) => seconds >= least) ?? SPANS.at(-1);
  return `${count(Math.floor(seconds / size))} ${unit}`;
}

class Tile {
  constructor(name) {
    this.value = element("b", {}, "–");
    this.note = element("small");
    this.root = element("div", { class: "tile", "data-name": name },
      element("dt", {}, name), element("dd", {}, this.value, this.note));
  }

  say(value, note) {
    this.value.textContent = value;
    this.note.textContent = note;
  }
}

// The rates of the last readings as points of a line; the largest touches the top.
function spark(rates) {
  const top = Math.max(...rates, Number.MIN_VALUE);
  const x = (i) => (100 * (i + KEPT - rates.length) / (KEPT - 1)).toFixed(1);
  return rates.map((rate, i) => `${x(i)},${(30 - 28 * rate / top).toFixed(1)}`).join(" ");
}

// One row a route that anyone has asked for, the busiest first.
function makeRoutes(series) {
  const routes = [...new Set(select(series, `${REQUESTS}_count`).map(({ labels }) => labels.http_route))].map((route) => {
    const answers = select(series, `${REQUESTS}_count`, { http_route: route });
    const total = (some) => some.reduce((n, { value }) => n + value, 0);
    const refused = answers.filter(({ labels }) => /^[45]/.test(labels.http_response_status_code));
    return { route, n: total(answers), refused: total(refused), times: buckets(series, REQUESTS, { http_route: route }) };
  });
  const rows = routes.sort((a, b) => b.n - a.n).slice(0, SHOWN_ROUTES).map(({ route, n, refused, times }) => ({
    cells: [route || "unknown", count(n), count(refused), duration(quantile(times, 0.5)), duration(quantile(times, 0.99))],
  }));
  return makeTable("Requests by route", ["Route", "Requests", "Refused", "Median", "99 %"], rows);
}

function makeBands(series, version, colours) {
  const bands = select(series, PREDICTIONS, { ...OWN, version }).map(({ labels: { band }, value }) => ({ band, value }));
  const total = bands.reduce((n, { value }) => n + value, 0);
  return [
    makeStrip(bands.map(({ band, value }) => ({ color: colours.get(band) ?? "gray", share: value }))),
    makeTable("Answers by band", ["Band", "Answers", "Share"],
      bands.map(({ band, value }) => ({ cells: [band, count(value), total > 0 ? percent(value / total) : "–"] }))),
  ];
}

class Traffic {
  constructor(info, report) {
    this.version = info.version;
    const bands = report?.models[0]?.threshold_analysis.test.bands ?? [];
    this.colours = new Map(bands.map(({ name, color }) => [name, color]));
    this.rates = [];
    this.last = null;
    this.scored = new Tile("Applications scored");
    this.rate = new Tile("Per second");
    this.median = new Tile("Median time");
    this.high = new Tile("99th percentile");
    this.invalid = new Tile("Refused as invalid");
    this.active = new Tile("In flight");
    this.line = drawing("polyline", { points: "" });
    this.rate.root.append(drawing("svg",
      { class: "spark", viewBox: "0 0 100 32", preserveAspectRatio: "none", "aria-hidden": "true" }, this.line));
    this.routes = card();
    this.bands = card();
    this.note = element("p", { class: "help", role: "status" });
    const tiles = [this.scored, this.rate, this.median, this.high, this.invalid, this.active];
    this.parts = [element("dl", { class: "tiles live" }, tiles.map(({ root }) => root)),
      element("div", { class: "pair" }, this.routes, this.bands), this.note];
  }

  // The rate since the last reading.
  follow(scored, at) {
    if (this.last !== null) {
      const rate = Math.max(0, 1000 * (scored - this.last.scored) / (at - this.last.at)); // a new daemon counts from 0
      this.rates = [...this.rates, rate].slice(-KEPT);
      this.rate.say(rate < 10 ? fixed(rate, 1) : count(rate), `over the last ${PERIOD_MS / 1000} s`);
    }
    this.last = { scored, at };
    this.line.setAttribute("points", spark(this.rates));
  }

  show(series, at) {
    const scored = sum(series, PREDICTIONS, OWN);
    const times = buckets(series, REQUESTS, PREDICT);
    const requests = sum(series, `${REQUESTS}_count`, PREDICT);
    this.follow(scored, at);
    this.scored.say(count(scored), `in ${span(at / 1000 - sum(series, "process_start_time_seconds"))}`);
    this.median.say(duration(quantile(times, 0.5)), "from request to answer");
    this.high.say(duration(quantile(times, 0.99)), "one in a hundred takes longer");
    this.invalid.say(count(sum(series, `${REQUESTS}_count`, { ...PREDICT, http_response_status_code: "422" })),
      `of ${count(requests)} single requests`);
    this.active.say(count(sum(series, "http_server_active_requests")), "this page's own among them");
    this.routes.replaceChildren(element("h3", {}, "Requests"), makeRoutes(series));
    this.bands.replaceChildren(element("h3", {}, `Answers of ${this.version}`), ...makeBands(series, this.version, this.colours));
  }

  async read() {
    if (document.visibilityState === "visible") {
      try {
        this.show(parse(await (await ask("/metrics")).text()), Date.now());
        this.note.textContent = "";
      } catch (refusal) {
        this.note.textContent = refusal.message;
        if (refusal.status === 401 || refusal.status === 403) return; // whoever gave no key is not asked every two seconds
      }
    }
    setTimeout(() => this.read(), PERIOD_MS);
  }
}

export function watchTraffic(info, report) {
  const traffic = new Traffic(info, report);
  traffic.read();
  return traffic.parts;
}
