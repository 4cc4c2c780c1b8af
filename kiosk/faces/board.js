// @ts-check
/** The foyer board: how full every area is, and what runs now and next. */

import { EventClock, Live, call, find, make, place } from "/faces/centre.js";
import { showLink, showProgramme, startDisplay } from "/faces/display.js";
import { onLanguage, startWords, word } from "/faces/words.js";

const { api } = place();
const clock = new EventClock();
/** @type {any} */
let layout = null;
/** @type {import("/faces/display.js").Session[]} */
let sessions = [];
/** @type {Live | null} */
let live = null;
/** @type {Map<string, string>} */
const names = new Map();

function showAreas() {
  showLink(live);
  if (!layout || !live) return;
  const house = layout.areas.find((/** @type {any} */ area) => area.parent === null);
  const rooms = layout.areas.filter((/** @type {any} */ area) => area.parent !== null);
  find("#house").replaceChildren(card(house, "div"));
  find("#rooms").replaceChildren(...rooms.map((/** @type {any} */ area) => card(area, "li")));
}

/** @param {any} area @param {string} tag */
function card(area, tag) {
  const now = live?.areas.get(area.id);
  const state = now?.state ?? "open";
  const overflow = layout.areas.find((/** @type {any} */ other) => other.overflow_of === area.id);
  const words = state === "full" && overflow ? word("fullOverflow", { area: overflow.name }) : word(state);
  const bar = make("i");
  bar.style.setProperty("--share", `${now?.capacity ? Math.min(100, (100 * now.inside) / now.capacity) : 0}%`);
  const free = !now ? "–" : now.free === null ? "∞" : String(now.free);
  return make(
    tag,
    { class: `place is-${state}` },
    make("h2", {}, area.name),
    make("span", { class: "free number" }, free),
    make("span", { class: "bar" }, bar),
    make(
      "span",
      { class: "foot" },
      make("span", { class: "state" }, words),
      make("span", { class: "unit number" }, now?.capacity ? `${now.inside} ${word("of")} ${now.capacity} ${word("taken")}` : ""),
    ),
  );
}

function showTime() {
  find("#clock").textContent = clock.last ? clock.time(clock.now()) : "";
  showProgramme(sessions, names, clock, null);
}

async function load() {
  layout = await call(`${api}/layout`);
  sessions = (await call(`${api}/sessions`)).sessions;
  clock.zone = layout.event.timezone;
  clock.set(layout.now);
  for (const area of layout.areas) names.set(area.id, area.name);
  find("#event").textContent = layout.event.name;
  document.title = layout.event.name;
  live ??= new Live(api, [], clock, showAreas);
  showAreas();
  showTime();
}

startWords();
startDisplay(load, showTime);
onLanguage(() => {
  showAreas();
  showTime();
});
