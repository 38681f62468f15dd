// SPDX-License-Identifier: MIT
// What the daemon counts, read from /metrics every two seconds while the page is looked at.
import { drawing, element } from "./dom.js";
import { count, duration, fixed, percent } from "./numbers.js";
import { buckets, parse, quantile, select, sum } from "./prometheus.js";
import { ask } from "./server.js";

const PERIOD_MS = 2000;
const KEPT = 60; // readings in the small line
const REQUESTS = "http_server_request_duration_seconds";
const PREDICTIONS = "creditrisk_predictions_total";
const PREDICT = { http_route: "/predict", http_request_method: "POST" };

// Since when, in words.
function since(seconds) {
  const [size, unit] = seconds < 120 ? [1, "s"] : seconds < 7200 ? [60, "min"] : seconds < 172800 ? [3600, "h"] : [86400, "days"];
  return `in ${count(Math.floor(seconds / size))} ${unit}`;
}

function makeTile(name) {
  const value = element("b", {}, "–");
  const note = element("small");
  return { root: element("div", { class: "tile", "data-name": name }, element("dt", {}, name), element("dd", {}, value, note)), value, note };
}

const say = ({ value, note }, text, small) => {
  value.textContent = text;
  note.textContent = small;
};

// The rates of the last readings as a line; the largest touches the top.
function spark(rates) {
  const top = Math.max(...rates, 1e-9);
  const points = rates.map((rate, i) => `${(100 * (i + KEPT - rates.length) / (KEPT - 1)).toFixed(1)},${(30 - 28 * rate / top).toFixed(1)}`);
  return points.length > 1 ? points.join(" ") : "";
}

function tableOf(heads, rows, label) {
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    element("table", {}, element("thead", {}, element("tr", {}, heads.map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, rows.map(([name, ...cells]) => element("tr", {}, element("th", { scope: "row" }, name), cells.map((cell) => element("td", {}, cell)))))));
}

// One row a route that anyone has asked for, the busiest first.
function makeRoutes(series) {
  const routes = [...new Set(select(series, `${REQUESTS}_count`).map(({ labels }) => labels.http_route))];
  const rows = routes.map((route) => {
    const all = select(series, `${REQUESTS}_count`, { http_route: route });
    const refused = all.filter(({ labels }) => /^[45]/.test(labels.http_response_status_code)).reduce((total, { value }) => total + value, 0);
    const times = buckets(series, REQUESTS, { http_route: route });
    return [all.reduce((total, { value }) => total + value, 0), [route || "unknown", refused, quantile(times, 0.5), quantile(times, 0.99)]];
  }).sort(([a], [b]) => b - a).slice(0, 8);
  return tableOf(["Route", "Requests", "Refused", "Median", "99 %"],
    rows.map(([n, [route, refused, median, high]]) => [route, count(n), count(refused), duration(median), duration(high)]), "Requests by route");
}

function makeBands(series, version, colours) {
  const bands = select(series, PREDICTIONS, { version }).map(({ labels, value }) => ({ name: labels.band, value, color: colours.get(labels.band) ?? "gray" }));
  const total = bands.reduce((n, { value }) => n + value, 0);
  const parts = bands.map(({ color, value }) => {
    const part = element("i");
    part.style.setProperty("background-color", color);
    part.style.setProperty("flex-grow", total > 0 ? value : 1);
    return part;
  });
  const rows = bands.map(({ name, value }) => [name, count(value), total > 0 ? percent(value / total) : "–"]);
  return [element("div", { class: total > 0 ? "strip" : "strip none", "aria-hidden": "true" }, parts), tableOf(["Band", "Answers", "Share"], rows, "Answers by band")];
}

class Traffic {
  constructor(info, report) {
    this.version = info.version;
    this.colours = new Map((report?.models[0]?.threshold_analysis.test.bands ?? []).map(({ name, color }) => [name, color]));
    this.rates = [];
    this.last = null;
    this.tiles = ["Applications scored", "Per second", "Median time", "Slowest 1 %", "Refused as invalid", "In flight"].map(makeTile);
    this.line = drawing("polyline", { points: "" });
    this.routes = element("div", { class: "card" });
    this.bands = element("div", { class: "card" });
    this.note = element("p", { class: "help", role: "status" });
    const sparkline = drawing("svg", { class: "spark", viewBox: "0 0 100 32", preserveAspectRatio: "none", "aria-hidden": "true" }, this.line);
    this.tiles[1].root.append(sparkline);
    this.parts = [element("dl", { class: "tiles live" }, this.tiles.map(({ root }) => root)),
      element("div", { class: "pair" }, this.routes, this.bands), this.note];
  }

  show(series, at) {
    const scored = sum(series, PREDICTIONS);
    const uptime = at / 1000 - sum(series, "process_start_time_seconds");
    const times = buckets(series, REQUESTS, PREDICT);
    const invalid = sum(series, `${REQUESTS}_count`, { ...PREDICT, http_response_status_code: "422" });
    if (this.last !== null) this.rates.push(Math.max(0, (scored - this.last.scored) / ((at - this.last.at) / 1000)));
    this.rates = this.rates.slice(-KEPT);
    this.last = { scored, at };
    const rate = this.rates.at(-1);
    const [total, perSecond, median, high, refused, active] = this.tiles;
    say(total, count(scored), since(uptime));
    say(perSecond, rate === undefined ? "–" : rate < 10 ? fixed(rate, 1) : count(rate), `over the last ${PERIOD_MS / 1000} s`);
    say(median, duration(quantile(times, 0.5)), "of a POST /predict");
    say(high, duration(quantile(times, 0.99)), "of them take longer");
    say(refused, count(invalid), `of ${count(sum(series, `${REQUESTS}_count`, PREDICT))} single requests`);
    say(active, count(sum(series, "http_server_active_requests")), "this page's own among them");
    this.line.setAttribute("points", spark(this.rates));
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
