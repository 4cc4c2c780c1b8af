// @ts-check
/** What somebody should see to: in words, with who does. */

import { call, find, make } from "/faces/centre.js";
import { button } from "/faces/deeds.js";
import { word } from "/faces/words.js";
import { allowed, api, areaName, clock, layout, page } from "/pages/frame.js";

const LEVELS = { warn: "alertWarn", prepare: "alertPrepare", stop: "alertStop", over: "warnOver" };
const TEXTS = {
  queue: "alertQueue", door_silent: "alertSilent", drift: "alertDrift", conflict: "alertConflict", restored: "alertRestored", not_step_free: "warnSteps", overbooked: "warnOverbooked",
  kept_too_many: "warnKept", room_twice: "warnTwice",
};

/** Where one sees to it. @type {Record<string, string>} */
const LEADS_TO = { conflict: "/stations#conflicts", restored: "/stations" };

/** So many are seen at once, the most urgent; the others are a tap away. */
const SHOWN_MAX = 6;

/** What of the programme should be looked at, and can wait. */
const PROGRAMME = ["overbooked", "kept_too_many", "room_twice"];

/** @type {{id: string, state: string} | null} what somebody has just said of an alert, until it is drawn so */
let said = null;

/** @param {any} alert @param {any[]} sessions */
function alertWords(alert, sessions) {
  const title = (/** @type {string | null} */ id) => sessions.find((one) => one.id === id)?.title ?? id ?? "";
  const door = layout.doors.find((/** @type {any} */ one) => one.id === alert.door);
  const parts = {
    area: areaName(alert.area), door: door?.name ?? alert.door ?? "", name: alert.name, count: Math.abs(Math.round(alert.count ?? 0)),
    limit: alert.limit ?? "", lane: alert.lanes ?? "", session: title(alert.session), other: title(alert.other),
  };
  const aside = alert.aside ? ` ${word("alertAside", { count: alert.aside })}` : "";
  if (alert.kind === "area" && alert.kept) return word("alertStopKept", { ...parts, inside: parts.count, count: alert.kept }) + aside;
  if (alert.kind === "area") return word(LEVELS[/** @type {keyof typeof LEVELS} */ (alert.level)] ?? "alertWarn", parts) + aside;
  if (alert.kind === "queue" && alert.lanes === null) return word(alert.count < alert.limit ? "alertQueueEases" : "alertQueueShort", parts);
  if (alert.kind === "clock_off") return word(alert.count > 0 ? "alertClockAhead" : "alertClockBehind", parts);
  if (alert.kind === "printer" && alert.level === "unreachable") return word("printerUnreachable", parts);
  if (alert.kind === "printer") return word(alert.level === "failed" ? "alertPrinter" : "alertPrints", parts);
  return word(TEXTS[/** @type {keyof typeof TEXTS} */ (alert.kind)], parts);
}

/** @param {any} alerts @param {any[]} sessions @param {() => Promise<unknown>} again reads anew */
export function showAlerts(alerts, sessions, again) {
  const open = alerts.going_on.filter((/** @type {any} */ one) => one.state !== "done");
  const now = open.filter((/** @type {any} */ one) => !PROGRAMME.includes(one.kind));
  const planned = open.filter((/** @type {any} */ one) => PROGRAMME.includes(one.kind));
  const seen = [...alerts.going_on.filter((/** @type {any} */ one) => one.state === "done"), ...alerts.over];
  const lines = (/** @type {any[]} */ some) => some.map((one) => alertLine(one, sessions, again));
  find("#attention").classList.toggle("quiet-now", now.length === 0);
  const more = now.slice(SHOWN_MAX);
  find("#more").hidden = more.length === 0;
  find("#more-count").textContent = word("alertsMore", { count: more.length });
  find("#more-alerts").replaceChildren(...lines(more));
  find("#alerts").replaceChildren(...(now.length ? lines(now.slice(0, SHOWN_MAX)) : [make("li", { class: "calm" }, word("alertsNone"))]));
  find("#planned").hidden = planned.length === 0;
  find("#planned-count").textContent = word("alertsProgramme", { count: planned.length });
  find("#planned-alerts").replaceChildren(...lines(planned));
  find("#seen").hidden = seen.length === 0;
  find("#seen-alerts").replaceChildren(...lines(seen));
  keepFocus(open, seen);
}

/** The focus that was on a button of an alert goes to its next one; where it is done, to the next alert or the list. @param {any[]} open @param {any[]} seen */
function keepFocus(open, seen) {
  const told = said;
  if (!told || [...open, ...seen].find((one) => one.id === told.id)?.state !== told.state) return;
  said = null;
  if (document.activeElement !== document.body) return;
  const next = told.state === "done" ? "#alerts .button" : `[data-alert="${CSS.escape(told.id)}"] .button`;
  /** @type {HTMLElement} */ (document.querySelector(next) ?? find("#alerts")).focus();
}

/** @param {any} alert @param {any[]} sessions @param {() => Promise<unknown>} again */
function alertLine(alert, sessions, again) {
  const say = (/** @type {string} */ state) => async () => {
    said = { id: alert.id, state };
    await call(`${api}/alerts/${encodeURIComponent(alert.id)}`, { method: "PATCH", body: { state } });
    await again();
  };
  const urgent = ["stop", "over"].includes(alert.level) || alert.kind === "restored";
  const buttons = {
    open: [button(`take ${alert.id}`, word("alertTake"), say("taken"), urgent ? "" : "plain"), button(`done ${alert.id}`, word("alertDone"), say("done"))],
    taken: [button(`done ${alert.id}`, word("alertDone"), say("done")), button(`back ${alert.id}`, word("alertRelease"), say("open"))],
    done: [button(`open ${alert.id}`, word("alertReopen"), say("open"))],
    quiet: [],
    over: [],
  }[/** @type {"open" | "taken" | "done" | "quiet" | "over"} */ (alert.state)];
  return make(
    "li", { class: `deed alert ${alert.state}${urgent ? " urgent" : ""}`, "data-kind": alert.kind, "data-alert": alert.id },
    make("span", {}, make("b", {}, alert.kind in LEADS_TO && allowed("stations") ? make("a", { href: page + LEADS_TO[alert.kind] }, alertWords(alert, sessions)) : alertWords(alert, sessions)), make("small", { class: "quiet" }, whenWords(alert))),
    ...(buttons.length ? [make("span", { class: "buttons" }, ...buttons)] : []),
  );
}

/** Since when, and who. @param {any} alert */
function whenWords(alert) {
  const time = (/** @type {string | null} */ at) => (at ? clock.time(at) : "");
  return [
    word("alertSince", { time: time(alert.raised_at) }),
    alert.taken_by ? word("alertTakenBy", { name: alert.taken_by, time: time(alert.taken_at) }) : "",
    alert.done_by ? word("alertDoneBy", { name: alert.done_by, time: time(alert.done_at) }) : "",
    alert.state === "quiet" ? word("alertQuiet") : "",
    alert.ended_at ? word("alertOver", { time: time(alert.ended_at) }) : "",
  ].filter(Boolean).join(" · ");
}
