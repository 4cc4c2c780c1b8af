// @ts-check
/** The display at a room's door: free places large, what runs, and where to go when it is full. */

import { EventClock, Live, call, find, place } from "/faces/centre.js";
import { showLink, showProgramme, startDisplay } from "/faces/display.js";
import { draw } from "/faces/symbols.js";
import { onLanguage, startWords, word } from "/faces/words.js";

const SYMBOL = { open: "admitted", filling: "look", full: "full", closed: "refused" };

const { id: areaId, api } = place();
const clock = new EventClock();
/** @type {any} */
let layout = null;
/** @type {import("/faces/display.js").Session[]} */
let sessions = [];
/** @type {Live | null} */
let live = null;

function showPlaces() {
  showLink(live);
  const now = live?.areas.get(areaId);
  if (!layout || !now) return;
  const overflow = layout.areas.find((/** @type {any} */ other) => other.overflow_of === areaId);
  const full = now.state === "full";
  const closed = now.state === "closed";
  find("#places").className = `is-${now.state}`;
  draw(find("#symbol"), SYMBOL[now.state]);
  find("#free").textContent = full || closed ? word(now.state) : now.free === null ? "∞" : String(now.free);
  find("#word").textContent = full || closed ? "" : word(now.free === null ? "noLimit" : "freePlaces");
  find("#way").textContent = full && overflow ? word("fullOverflow", { area: overflow.name }) : "";
  find("#of").textContent = now.capacity === null ? `${now.inside} ${word("inside")}` : `${now.inside} ${word("of")} ${now.capacity} ${word("inside")}`;
  find("#share").style.setProperty("--share", `${now.capacity ? Math.min(100, (100 * now.inside) / now.capacity) : 0}%`);
}

function showTime() {
  find("#clock").textContent = clock.last ? clock.time(clock.now()) : "";
  showProgramme(sessions, new Map(), clock, areaId);
}

async function load() {
  layout = await call(`${api}/layout`);
  sessions = (await call(`${api}/sessions`)).sessions;
  clock.zone = layout.event.timezone;
  clock.set(layout.now);
  const area = layout.areas.find((/** @type {any} */ one) => one.id === areaId);
  find("#area").textContent = area ? area.name : areaId;
  document.title = area ? area.name : areaId;
  live ??= new Live(api, [areaId], clock, showPlaces);
  showPlaces();
  showTime();
}

startWords();
startDisplay(load, showTime);
onLanguage(() => {
  showPlaces();
  showTime();
});
