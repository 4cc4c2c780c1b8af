// @ts-check
/** The doors as they do now: how fast, what they refuse, how long one waits, how many lanes it takes. */

import { call, find, make } from "/faces/centre.js";
import { button } from "/faces/deeds.js";
import { said, word } from "/faces/words.js";
import { allowed, api, areaName, clock, layout, page } from "/pages/frame.js";
import { rounded } from "/pages/plan.js";

const SILENT_S = 120;
/** A queue that somebody is told of, in minutes. */
const LONG_MIN = 5;

/** @param {any[]} doors @param {() => Promise<unknown>} again reads anew */
export function showQueues(doors, again) {
  const queued = doors.filter((one) => one.entrance);
  find("#queues").replaceChildren(...queued.map((one) => queueLine(one, again)));
}

/** @param {any} door @param {() => Promise<unknown>} again */
function queueLine(door, again) {
  const advice = door.advice;
  const wait = advice ? advice.now.wait_min : 0;
  const long = wait > LONG_MIN;
  const lines = [make("h3", {}, door.name, " ", make("small", { class: "quiet" }, door.id)), make("p", { class: "wait number" }, waitWords(wait))];
  if (long) lines.push(make("p", { class: "suggestion" }, suggestion(advice, door)));
  lines.push(make("p", { class: "quiet reason" }, advice ? reason(advice) : word("queueNobody")), lanes(door, again));
  return make("li", { class: `queue${long ? " long" : ""}`, "data-door": door.id }, ...lines);
}

/** @param {number} minutes */
function waitWords(minutes) {
  return minutes < 0.5 ? word("queueNone") : word("queueMinutes", { minutes: Math.round(minutes) });
}

/** The planner's reasons. @param {any} advice */
function reason(advice) {
  const { now } = advice;
  const parts = {
    arrivals: rounded(advice.arrivals_per_min), count: now.lanes, service: Math.round(advice.service_s), capacity: rounded(now.per_min),
    source: word(advice.measured ? "serviceMeasured" : "serviceAssumed"), queue: Math.round(now.queue),
    time: clock.time(clock.now() + now.worst_in_min * 60_000),
  };
  return now.queue >= 1 ? `${word("queueReason", parts)} ${word("queueGrows", parts)}` : word("queueReason", parts);
}

/** @param {any} advice @param {any} door */
function suggestion(advice, door) {
  const { then } = advice;
  if (advice.short) return word("queueShort", { count: door.lanes, wait: Math.round(then.wait_min) });
  return word("queueOpen", { count: then.lanes, wait: waitWords(then.wait_min) });
}

/** @param {any} door @param {() => Promise<unknown>} again */
function lanes(door, again) {
  const words = make("span", {}, word("lanesOpen", { open: door.lanes_open, count: door.lanes }), make("small", { class: "quiet" }, word(door.lanes_set ? "lanesSet" : "lanesHeard")));
  if (!allowed("correct") || door.lanes < 2) return make("p", { class: "lanes" }, words);
  const open = (/** @type {number | null} */ count) => async () => {
    await call(`${api}/doors/${encodeURIComponent(door.id)}/lanes`, { method: "PUT", body: { lanes: count } });
    await again();
  };
  const fewer = button(`fewer ${door.id}`, "−", open(door.lanes_open - 1));
  const more = button(`more ${door.id}`, "+", open(door.lanes_open + 1));
  fewer.setAttribute("aria-label", word("lanesFewer", { door: door.name }));
  more.setAttribute("aria-label", word("lanesMore", { door: door.name }));
  if (door.lanes_open <= 1) fewer.setAttribute("disabled", "");
  if (door.lanes_open >= door.lanes) more.setAttribute("disabled", "");
  return make("p", { class: "lanes" }, fewer, words, more);
}

/** @param {any[]} doors */
export function showDoors(doors) {
  find("#doors").replaceChildren(...doors.map(doorLine));
}

/** @param {any} door */
function doorLine(door) {
  const counter = layout.doors.find((/** @type {any} */ one) => one.id === door.id)?.item;
  const silent = door.silent_s !== null && door.silent_s > SILENT_S;
  const refused = door.refusals.map((/** @type {any} */ one) => `${one.count}× ${said(one.hint)}`).join(" · ");
  const ms = (/** @type {number | null} */ time) => (time === null ? "–" : word("milliseconds", { count: rounded(time) }));
  return make(
    "tr", { "data-door": door.id },
    make("th", { scope: "row" }, make("a", { href: `${page}/door/${encodeURIComponent(door.id)}` }, `${door.id} ${door.name}`), make("small", { class: "quiet" }, counter ? word("counter") : areaName(door.area))),
    make("td", { class: "number" }, door.per_min ? rounded(door.per_min) : "–"),
    make("td", { class: "number" }, String(door.scans)),
    make("td", { class: "number" }, door.lanes_open === null ? "–" : `${door.lanes_open} / ${door.lanes}`),
    make("td", { class: "number" }, ms(door.median_ms)),
    make("td", { class: "number" }, ms(door.p95_ms)),
    make("td", {}, make("b", { class: "number" }, door.refused ? String(door.refused) : "–"), refused ? make("small", { class: "quiet" }, refused) : null),
    make("td", { class: silent ? "late" : "quiet" }, silent ? `${word("silent")} · ` : "", ago(door.silent_s)),
  );
}

/** @param {number | null} seconds */
function ago(seconds) {
  if (seconds === null) return word("never");
  if (seconds < 35) return word("justNow");
  return seconds < 90 ? word("secondsAgo", { count: Math.round(seconds) }) : word("minutesAgo", { count: Math.round(seconds / 60) });
}
