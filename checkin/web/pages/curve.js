// @ts-check
/** How many have arrived, against how many were expected. */

import { word } from "/faces/words.js";
import { label, shape } from "/pages/svg.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * @param {Element} svg @param {any} overview @param {import("/faces/centre.js").EventClock} clock
 */
export function drawCurve(svg, overview, clock) {
  const width = Math.max(280, Math.round(svg.getBoundingClientRect().width) || 800);
  const height = width < 560 ? 250 : 300;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const { arrivals, forecast } = overview;
  const now = Date.parse(overview.now);
  const come = summed(arrivals);
  const plan = forecast.plan.map(read);
  const ahead = forecast.points.map(read);
  const starts = [plan[0]?.at, come[0]?.at].filter((at) => at !== undefined);
  const from = Math.min(...(starts.length ? starts : [now - HOUR_MS]));
  const to = Math.max(plan.at(-1)?.at ?? 0, ahead.at(-1)?.at ?? 0, come.at(-1)?.at ?? 0, from + HOUR_MS);
  const top = nice(Math.max(forecast.total.high, plan.at(-1)?.mean ?? 0, forecast.arrived, 4));
  const left = 44;
  const right = width - 14;
  const low = height - 30;
  const x = (/** @type {number} */ at) => left + ((right - left) * (Math.min(at, to) - from)) / (to - from);
  const y = (/** @type {number} */ count) => low - ((low - 16) * count) / top;
  const line = (/** @type {[number, number][]} */ points) => points.map(([at, count]) => `${x(at).toFixed(1)} ${y(count).toFixed(1)}`).join("L");
  const parts = [];
  for (let step = 0; step <= 4; step += 1) {
    const count = (top * step) / 4;
    parts.push(shape("path", { class: "axis", d: `M${left} ${y(count).toFixed(1)}H${right}` }), label(String(count), left - 7, y(count) + 4, { "text-anchor": "end" }));
  }
  const every = [0.5, 1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS).find((one) => ((to - from) / one) * 56 < right - left) ?? 24 * HOUR_MS;
  for (let at = Math.ceil(from / every) * every; at <= to; at += every) {
    parts.push(shape("path", { class: "axis", d: `M${x(at).toFixed(1)} ${low}v5` }), label(clock.time(at), x(at), low + 20, { "text-anchor": "middle" }));
  }
  if (ahead.length > 1) {
    const band = [...ahead.map((one) => [one.at, one.high]), ...[...ahead].reverse().map((one) => [one.at, one.low])];
    parts.push(shape("path", { class: "band", d: `M${line(/** @type {any} */ (band))}z` }));
  }
  if (plan.length > 1) parts.push(shape("path", { class: "plan", d: `M${line(plan.map((one) => [one.at, one.mean]))}` }));
  if (ahead.length > 1) parts.push(shape("path", { class: "ahead", d: `M${line(ahead.map((one) => [one.at, one.mean]))}` }));
  if (now > from && now < to) parts.push(shape("path", { class: "now", d: `M${x(now).toFixed(1)} ${low}V14` }));
  if (come.length) {
    const end = Math.min(Math.max(now, come[come.length - 1].at), to);
    const points = [[come[0].at, 0], ...come.map((one) => [one.at + MINUTE_MS, one.count]), [end, forecast.arrived]].filter(([at]) => at <= end);
    parts.push(shape("path", { class: "come", d: `M${line(/** @type {any} */ (points))}` }));
    parts.push(shape("circle", { class: "dot", cx: x(end), cy: y(forecast.arrived), r: 5 }));
    const before = x(end) > left + 60;
    parts.push(label(String(forecast.arrived), x(end) + (before ? -12 : 12), y(forecast.arrived) - 8, { class: "value", "text-anchor": before ? "end" : "start" }));
  }
  const old = svg.querySelectorAll(":scope > :not(title):not(desc)");
  for (const one of old) one.remove();
  svg.append(...parts);
}

/** The forecast in words. @param {any} forecast */
export function forecastWords(forecast) {
  const round = (/** @type {number} */ count) => Math.round(count);
  const source = { set: "noShowSet", events: "noShowEvents", default: "noShowDefault" }[/** @type {"set" | "events" | "default"} */ (forecast.source)];
  const [low, high] = [round(forecast.total.low), round(forecast.total.high)];
  const words = word(low === high && forecast.arrived ? "forecastCertain" : "forecastWords", {
    arrived: forecast.arrived, total: round(forecast.total.mean), low, high,
    registered: forecast.registered, percent: round(forecast.no_show_percent), source: word(source, { count: forecast.events }), expected: forecast.expected,
  });
  return forecast.walk_ins ? `${words} ${word("forecastWalkIns", { count: forecast.walk_ins })}` : words;
}

/** @param {any} one */
function read(one) {
  return { at: Date.parse(one.at), low: one.low, mean: one.mean, high: one.high };
}

/** @param {{at: string, count: number}[]} arrivals */
function summed(arrivals) {
  let sum = 0;
  return arrivals.map((one) => ({ at: Date.parse(one.at), count: (sum += one.count) }));
}

/** A round number above, which four parts leave round. @param {number} most */
function nice(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 6, 8, 10].map((one) => one * power).find((one) => one >= most * 1.04) ?? 20 * power;
}
