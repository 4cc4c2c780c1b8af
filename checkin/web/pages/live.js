// @ts-check
/** The organiser's page: how full, who comes, what was refused, which door is silent. */

import { EventClock, Live, call, find, make, place } from "/faces/centre.js";
import { onLanguage, said, startWords, word } from "/faces/words.js";

const OVERVIEW_MS_MIN = 2_000;
const SILENT_MS = 120_000;

const { event, api } = place();
const clock = new EventClock();
/** @type {any} */
let layout = null;
/** @type {any} */
let overview = null;
/** @type {Live | null} */
let live = null;
let readSeq = -1;
let reading = false;

function showAreas() {
  const stale = !live || live.stale;
  const link = find("#link");
  link.className = `link-state ${stale ? "cut" : ""}`;
  link.textContent = stale ? (live?.staleSince ? word("staleAt", { time: live.staleSince }) : word("connecting")) : word("linked");
  find("#areas").classList.toggle("stale", stale);
  if (!layout || !live) return;
  find("#areas").replaceChildren(...layout.areas.map(areaLine));
  if (live.seq !== readSeq) readOverview();
}

/** @param {any} area */
function areaLine(area) {
  const now = live?.areas.get(area.id);
  const state = now?.state ?? "open";
  const bar = make("i");
  bar.style.setProperty("--share", `${now?.capacity ? Math.min(100, (100 * now.inside) / now.capacity) : 0}%`);
  const numbers = now ? `${now.inside}${now.capacity === null ? "" : ` / ${now.capacity}`}` : "–";
  return make(
    "li",
    { class: `is-${state}${area.parent === null ? "" : " inner"}` },
    make("span", {}, area.parent === null ? make("b", {}, area.name) : make("a", { href: `/events/${event}/room/${area.id}` }, area.name), " ", make("span", { class: "state" }, word(state))),
    make("strong", { class: "number" }, numbers),
    make("span", { class: "bar" }, bar),
  );
}

/** Read the rest when something has happened, not more often than every two seconds. */
async function readOverview() {
  if (reading) return;
  reading = true;
  try {
    overview = await call(`${api}/overview`);
    readSeq = overview.seq;
    showOverview();
  } catch {
    // The link's own sign says so; the next change asks again.
  }
  setTimeout(() => {
    reading = false;
    if (live && live.seq !== readSeq) readOverview();
  }, OVERVIEW_MS_MIN);
}

function showOverview() {
  if (!overview) return;
  showCurve();
  find("#scans").replaceChildren(
    ...(overview.last_scans.length ? overview.last_scans.map(scanLine) : [make("tr", {}, make("td", { colspan: "4" }, word("noScans")))]),
  );
  find("#refusals").replaceChildren(
    ...(overview.refusals.length
      ? overview.refusals.map((/** @type {any} */ one) => make("li", {}, make("span", {}, said(one.hint)), make("strong", { class: "number" }, String(one.count))))
      : [make("li", {}, word("noRefusals"))]),
  );
  showDoors();
}

/** @param {any} scan */
function scanLine(scan) {
  const door = layout.doors.find((/** @type {any} */ one) => one.id === scan.door);
  return make(
    "tr",
    {},
    make("td", { class: "number" }, clock.time(scan.at)),
    make("td", {}, door?.name ?? scan.door),
    make("td", {}, make("bdi", {}, scan.attendee?.name ?? word("nobody"))),
    make("td", { class: scan.outcome }, said(scan.hint)),
  );
}

function showDoors() {
  if (!overview) return;
  find("#doors").replaceChildren(
    ...overview.doors.map((/** @type {any} */ door) => {
      const heard = [door.last_heard_at, door.last_scan_at].filter(Boolean).map((at) => Date.parse(at));
      const silent = heard.length ? clock.now() - Math.max(...heard) : null;
      return make(
        "li",
        {},
        make("a", { href: `/events/${event}/door/${door.id}` }, `${door.id} ${door.name}`),
        make("span", { class: "number" }, `${door.scans} ${word("scans")}`),
        make("span", { class: silent !== null && silent > SILENT_MS * Math.max(1, clock.pace) ? "late" : "quiet" }, `${word("heard")} ${ago(silent)}`),
      );
    }),
  );
}

/** @param {number | null} ms */
function ago(ms) {
  if (ms === null) return word("never");
  if (ms < 5_000) return word("justNow");
  return ms < 60_000 ? word("secondsAgo", { count: Math.round(ms / 1000) }) : word("minutesAgo", { count: Math.round(ms / 60_000) });
}

function showCurve() {
  /** @type {{at: number, count: number}[]} */
  const arrivals = overview.arrivals.map((/** @type {any} */ one) => ({ at: Date.parse(one.at), count: one.count }));
  find("#curve-title").textContent = word("arrivals");
  const svg = find("#curve");
  for (const old of svg.querySelectorAll("path, line, text")) old.remove();
  if (!arrivals.length) {
    find("#curve-desc").textContent = find("#curve-words").textContent = word("arrivalsNone");
    return;
  }
  const from = arrivals[0].at;
  const to = Math.max(arrivals[arrivals.length - 1].at, from + 30 * 60_000);
  const most = arrivals.reduce((best, one) => (one.count > best.count ? one : best));
  const total = arrivals.reduce((sum, one) => sum + one.count, 0);
  find("#curve-desc").textContent = find("#curve-words").textContent = word("arrivalsDesc", {
    total, from: clock.time(from), most: most.count, at: clock.time(most.at),
  });
  const x = (/** @type {number} */ at) => 44 + (740 * (at - from)) / (to - from);
  const top = Math.max(5, most.count);
  const y = (/** @type {number} */ count) => 225 - (200 * count) / top;
  /** @type {Map<number, number>} */
  const counts = new Map(arrivals.map((one) => [one.at, one.count]));
  const points = [];
  for (let at = from; at <= to; at += 60_000) points.push(`${x(at).toFixed(1)} ${y(counts.get(at) ?? 0).toFixed(1)}`);
  for (const count of [0, Math.round(top / 2), top]) {
    svg.append(shape("line", { class: "axis", x1: "44", x2: "784", y1: String(y(count)), y2: String(y(count)) }));
    svg.append(label(String(count), 36, y(count) + 5, "end"));
  }
  for (let part = 0; part <= 4; part += 1) {
    const at = from + ((to - from) * part) / 4;
    svg.append(label(clock.time(at), x(at), 250, part === 0 ? "start" : part === 4 ? "end" : "middle"));
  }
  svg.append(shape("path", { class: "below", d: `M${x(from)} 225 L${points.join(" L")} L${x(to)} 225z` }));
  svg.append(shape("path", { class: "line", d: `M${points.join(" L")}` }));
  find("#arrivals").replaceChildren(
    ...arrivals.map((one) => make("tr", {}, make("td", { class: "number" }, clock.time(one.at)), make("td", { class: "number" }, String(one.count)))),
  );
}

/** @param {string} tag @param {Record<string, string>} attributes */
function shape(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** @param {string} text @param {number} x @param {number} y @param {string} anchor */
function label(text, x, y, anchor) {
  const element = shape("text", { x: String(x), y: String(y), "text-anchor": anchor });
  element.textContent = text;
  return element;
}

function showTime() {
  find("#clock").textContent = clock.last ? clock.time(clock.now()) : "";
  showDoors();
}

async function start() {
  layout = await call(`${api}/layout`);
  clock.zone = layout.event.timezone;
  clock.set(layout.now);
  find("#event").textContent = layout.event.name;
  document.title = layout.event.name;
  live = new Live(api, [], clock, showAreas);
  showAreas();
  showTime();
  setInterval(showTime, 1_000);
}

startWords();
find("#board").setAttribute("href", `/events/${event}/board`);
find("#devices").setAttribute("href", `/events/${event}/devices`);
onLanguage(() => {
  showAreas();
  showOverview();
});
start();
