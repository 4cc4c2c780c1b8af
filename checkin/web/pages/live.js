// @ts-check
/** The organiser's page: how full, who comes, what was refused, which door is silent. */

import { certaintyWord, levelWord } from "/faces/area.js";
import { call, find, make } from "/faces/centre.js";
import { calmly } from "/faces/deeds.js";
import { onLanguage, said, word } from "/faces/words.js";
import { api, clock, follow, layout, openFrame, page, readAlong } from "/pages/frame.js";
import { warningLine } from "/pages/warnings.js";

const SILENT_MS = 120_000;

/** @type {any} */
let overview = null;
/** @type {any[]} */
let sessions = [];
/** @type {import("/faces/centre.js").Live | null} */
let live = null;
let readMore = () => {};

const showAreas = calmly(() => {
  if (!layout || !live) return;
  const running = live.evacuation !== "none";
  find("#evacuation").hidden = !running;
  find("#evacuation").textContent = running ? word(live.evacuation === "drill" ? "evacuationDoorDrill" : "evacuationDoor") : "";
  find("#areas").replaceChildren(...layout.areas.map(areaLine));
});

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
    make("span", {}, area.parent === null ? make("b", {}, area.name) : make("a", { href: `${page}/room/${encodeURIComponent(area.id)}` }, area.name), " ", make("span", { class: "state" }, now ? levelWord(now) : "")),
    make("strong", { class: "number" }, numbers),
    make("span", { class: "bar" }, bar),
    now ? make("small", { class: "quiet number" }, [certaintyWord(now, clock), now.kept ? word("keptSeats", { count: now.kept }) : "", now.waiting ? word("waitingCount", { count: now.waiting }) : ""].filter(Boolean).join(" · ")) : null,
  );
}

async function read() {
  [overview, sessions] = await Promise.all([call(`${api}/overview`), call(`${api}/sessions`).then((answer) => answer.sessions)]);
  showOverview();
  return overview.seq;
}

function showOverview() {
  if (!overview) return;
  find("#attention").hidden = overview.warnings.length === 0;
  find("#warnings").replaceChildren(...overview.warnings.map((/** @type {any} */ one) => warningLine(one, sessions)));
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
        make("a", { href: `${page}/door/${encodeURIComponent(door.id)}` }, `${door.id} ${door.name}`),
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

async function start() {
  await openFrame();
  live = follow(() => {
    find("#areas").classList.toggle("stale", !live || live.stale);
    showAreas();
    readMore();
  });
  readMore = readAlong(live, read);
  setInterval(showDoors, 1_000);
}

onLanguage(() => {
  showAreas();
  showOverview();
});
start();
