// @ts-check
/** The foyer board: how full every area is, and what runs now and next. */

import { counted, givesNothing, openPlaces } from "/faces/area.js";
import { EventClock, Live, call, find, make, place } from "/faces/centre.js";
import { showProgramme, showState, startDisplay } from "/faces/display.js";
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
  showState(live);
  if (!layout || !live) return;
  const house = layout.areas.find((/** @type {any} */ area) => area.parent === null);
  const rooms = layout.areas.filter((/** @type {any} */ area) => area.parent !== null);
  find("#house").replaceChildren(card(house, "div"));
  find("#rooms").replaceChildren(...rooms.map((/** @type {any} */ area) => card(area, "li")));
}

/** @param {string} area */
function hasPlaces(area) {
  const now = live?.areas.get(area);
  return Boolean(now && now.state !== "closed" && openPlaces(now) !== 0);
}

/** @param {any} area @param {string} tag */
function card(area, tag) {
  const now = live?.areas.get(area.id);
  const open = now ? openPlaces(now) : 0;
  const closed = now?.state === "closed";
  const wait = !closed && givesNothing(live, layout, area.id);
  const state = wait ? "filling" : now && open === 0 && !closed ? "full" : now?.state ?? "open";
  const overflow = layout.areas.find((/** @type {any} */ other) => other.overflow_of === area.id && hasPlaces(other.id));
  const full = now?.free ? word("heldOnly") : word("full");
  const words = wait ? word("waitHere") : state !== "full" ? word(state) : overflow ? `${full} – ${word("overflowIn", { area: overflow.name })}` : full;
  const bar = make("i");
  bar.style.setProperty("--share", `${now?.capacity ? Math.min(100, (100 * now.inside) / now.capacity) : 0}%`);
  const free = !now || wait ? "–" : open === null ? "∞" : counted(live, open);
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
      now?.called.length ? make("span", { class: "called number" }, word("calledNumbers", { numbers: now.called.join(", ") })) : null,
      make("span", { class: "unit number" }, now?.capacity ? `${counted(live, now.inside)} ${word("of")} ${now.capacity} ${word("taken")}` : ""),
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
  live ??= new Live(api, [], clock, showAreas, () => load().catch(() => {}));
  showAreas();
  showTime();
}

startWords();
startDisplay(load, showTime);
onLanguage(() => {
  showAreas();
  showTime();
});
