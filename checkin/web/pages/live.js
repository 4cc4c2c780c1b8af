// @ts-check
/** The organiser's page: how full, who comes, how long one waits, what somebody should see to. */

import { levelWord } from "/faces/area.js";
import { call, find, make } from "/faces/centre.js";
import { calmly } from "/faces/deeds.js";
import { onLanguage, said, word } from "/faces/words.js";
import { showAlerts } from "/pages/alerts.js";
import { drawCurve, forecastWords } from "/pages/curve.js";
import { showDoors, showQueues } from "/pages/doors.js";
import { allowed, api, clock, follow, layout, openFrame, page, readAlong } from "/pages/frame.js";
import { drawPlan } from "/pages/plan.js";
import { onResize } from "/pages/svg.js";

/** Also where nothing happens: what is forecast, and who is silent, changes with the time alone. */
const READ_EVERY_MS = 10_000;

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
  const focused = document.activeElement?.getAttribute("data-area");
  drawPlan(find("#plan"), layout, live.areas, overview?.doors ?? [], { page });
  if (focused) /** @type {SVGElement | null} */ (document.querySelector(`#plan [data-area="${CSS.escape(focused)}"]`))?.focus();
  find("#areas-rows").replaceChildren(...layout.areas.map(areaLine));
});

/** @param {any} area */
function areaLine(area) {
  const now = live?.areas.get(area.id);
  const number = (/** @type {number | null | undefined} */ count) => make("td", { class: "number" }, count === null || count === undefined ? "–" : String(count));
  const name = area.parent === null ? make("b", {}, area.name) : make("a", { href: `${page}/room/${encodeURIComponent(area.id)}` }, area.name);
  return make("tr", { class: `is-${now?.state ?? "open"}` }, make("th", { scope: "row" }, name), number(now?.inside), number(now?.capacity), number(now?.free), make("td", { class: "state" }, now ? levelWord(now) : ""));
}

async function read() {
  if (!allowed("people")) return live?.seq ?? 0;
  [overview, sessions] = await Promise.all([call(`${api}/overview`), call(`${api}/sessions`).then((answer) => answer.sessions)]);
  showOverview();
  showAreas();
  return overview.seq;
}

const showOverview = calmly(() => {
  if (!overview) return;
  showAlerts(overview.alerts, sessions, read);
  showQueues(overview.doors, read);
  showCurve();
  showDoors(overview.doors);
  find("#scans").replaceChildren(
    ...(overview.last_scans.length ? overview.last_scans.map(scanLine) : [make("tr", {}, make("td", { colspan: "4" }, word("noScans")))]),
  );
});

function showCurve() {
  if (!overview) return;
  /** @type {{at: number, count: number}[]} */
  const arrivals = overview.arrivals.map((/** @type {any} */ one) => ({ at: Date.parse(one.at), count: one.count }));
  drawCurve(find("#curve"), overview, clock);
  for (const one of document.querySelectorAll(".curve .legend span")) one.toggleAttribute("hidden", !find("#curve").querySelector(`.${one.className}`));
  const total = arrivals.reduce((sum, one) => sum + one.count, 0);
  const most = arrivals.reduce((best, one) => (one.count > best.count ? one : best), { at: 0, count: 0 });
  find("#curve-title").textContent = word("arrivalsForecast");
  find("#forecast-words").textContent = forecastWords(overview.forecast);
  find("#curve-words").textContent = total
    ? word("arrivalsDesc", { total, from: clock.time(arrivals[0].at), most: most.count, at: clock.time(most.at) })
    : word(overview.forecast.arrived ? "arrivalsDeleted" : "arrivalsNone", { count: overview.forecast.arrived });
  find("#curve-desc").textContent = `${find("#forecast-words").textContent} ${find("#curve-words").textContent}`;
  let sum = 0;
  find("#arrivals").replaceChildren(
    ...arrivals.map((one) => make("tr", {}, ...[clock.time(one.at), String(one.count), String((sum += one.count))].map((text) => make("td", { class: "number" }, text)))),
  );
}

/** @param {any} scan */
function scanLine(scan) {
  const door = layout.doors.find((/** @type {any} */ one) => one.id === scan.door);
  return make(
    "tr",
    {},
    make("td", { class: "number" }, clock.time(scan.at)),
    make("td", {}, door?.name ?? scan.door),
    make("td", {}, make("bdi", {}, scan.attendee?.name ?? word(scan.hidden ? "hiddenPerson" : "nobody"))),
    make("td", { class: scan.outcome }, said(scan.hint)),
  );
}

async function start() {
  await openFrame();
  // Whoever sees no names sees how full it is, and no empty cards beside it.
  for (const part of document.querySelectorAll("main > section:not(.house)")) /** @type {HTMLElement} */ (part).hidden = !allowed("people");
  find("#simulation").hidden = !allowed("manage");
  find("#simulation").setAttribute("href", `${page}/simulation`);
  onResize(find("#plan"), () => showAreas());
  onResize(find("#curve"), () => showCurve());
  live = follow(() => {
    for (const part of ["#plan", "#areas"]) find(part).classList.toggle("stale", !live || live.stale);
    showAreas();
    readMore();
  });
  readMore = readAlong(live, read);
  setInterval(() => read().catch(() => {}), READ_EVERY_MS);
}

onLanguage(() => {
  showAreas();
  showOverview();
});
start();
