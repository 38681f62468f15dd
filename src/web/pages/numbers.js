// SPDX-License-Identifier: MIT
// How numbers are written and read: shares, figures, money in the grouping of its currency.
const NONE = "–";
const GROUPINGS = {
  indian: { locale: "en-IN", large: [[1e7, "crore"], [1e5, "lakh"]] },
  thousands: { locale: "en-US", large: [[1e9, "billion"], [1e6, "million"]] },
};
const WORDS = { k: 1e3, thousand: 1e3, l: 1e5, lac: 1e5, lakh: 1e5, cr: 1e7, crore: 1e7, m: 1e6, million: 1e6, b: 1e9, billion: 1e9 };

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const withMinus = (text) => text.replace("-", "−");

function write(value, least, most, locale = "en-US") {
  if (!isNumber(value)) return NONE;
  return withMinus(value.toLocaleString(locale, { minimumFractionDigits: least, maximumFractionDigits: most }));
}

export const fixed = (value, decimals) => write(value, decimals, decimals);
export const count = (value) => write(value, 0, 0);
export const percent = (share, decimals = 1) => (isNumber(share) ? `${fixed(100 * share, decimals)} %` : NONE);

// With its sign, unless it is zero to the decimals shown.
export function signed(value, decimals = 2) {
  const text = fixed(value, decimals);
  if (!/[1-9]/.test(text)) return text.replace("−", "");
  return (value > 0 ? "+" : "") + text;
}

// As many decimals as tell something: 0.2214, 35, 1.5, 900,000.
export function figure(value) {
  if (!isNumber(value)) return NONE;
  const size = Math.abs(value);
  return write(value, 0, size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

// A time in seconds: 18 µs, 2.4 ms, 1.3 s.
export function duration(seconds) {
  if (!isNumber(seconds)) return NONE;
  const [scale, unit] = seconds < 1e-3 ? [1e6, "µs"] : seconds < 1 ? [1e3, "ms"] : [1, "s"];
  const value = seconds * scale;
  return `${write(value, 0, value < 10 ? 1 : 0)} ${unit}`;
}

// "Logistic_Regression" is a name for programs.
export const words = (name) => String(name).replaceAll("_", " ");

export const day = (at) =>
  new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

export const minute = (at) =>
  `${day(at)}, ${new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" })} UTC`;

// Money of a currency {code, symbol, grouping} as /ui/portfolio.json states it.
export function makeMoney({ code, symbol, grouping }) {
  const { locale, large } = GROUPINGS[grouping] ?? GROUPINGS.thousands;
  const sign = (value) => (value < 0 ? "−" : "");

  // ₹16,607.15
  function exact(value, decimals = 2) {
    return isNumber(value) ? sign(value) + symbol + write(Math.abs(value), decimals, decimals, locale) : NONE;
  }

  // ₹9 lakh; what is smaller stands in full
  function short(value) {
    const [unit, word] = large.find(([size]) => Math.abs(value) >= size) ?? [];
    if (!isNumber(value) || unit === undefined) return exact(value, 0);
    return `${sign(value)}${symbol}${write(Math.abs(value) / unit, 0, 2, locale)} ${word}`;
  }

  // Whether a unit ("INR", "INR a month") is money, and what else it says ("a month").
  const isMoney = (unit) => unit === code || Boolean(unit?.startsWith(code + " "));
  const per = (unit) => unit.slice(code.length).trim();

  return { symbol, exact, short, isMoney, per, plain: (value) => write(value, 0, 20, locale) };
}

// The number that a person wrote ("9,00,000", "₹ 9 lakh", "1.5"), NaN when it is none. A comma only parts groups of digits: whoever
// writes 3,5 may mean anything.
export function readNumber(text, symbol = "") {
  const bare = text.trim().toLowerCase().replace(symbol.toLowerCase(), "").replaceAll("−", "-").replace(/\s+/g, " ").trim();
  const [, digits = "", word] = /^([-+]?[\d., ]*?) ?([a-z]*)$/.exec(bare) ?? [];
  const isNumber = /^[-+]?(\d+|\d*\.\d+)$/.test(digits) || /^[-+]?\d{1,3}(([, ])\d{2,3})*[, ]\d{3}(\.\d+)?$/.test(digits);
  const scale = word === "" ? 1 : WORDS[word];
  return isNumber && scale !== undefined ? Number((Number(digits.replace(/[, ]/g, "")) * scale).toPrecision(15)) : NaN;
}
