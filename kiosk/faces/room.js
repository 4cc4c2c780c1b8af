// @ts-check
/** The display at a room's door: free places large, what runs, and where to go when it is full. */

import { counted, givesNothing, openPlaces, withWay } from "/faces/area.js";
import { EventClock, Live, call, find, make, place } from "/faces/centre.js";
import { showProgramme, showState, startDisplay } from "/faces/display.js";
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
  showState(live);
  const now = live?.areas.get(areaId);
  if (!layout || !now) return;
  const open = openPlaces(now);
  const closed = now.state === "closed";
  // Cut off, what is free elsewhere is not known here: full is only what was full, as far as is known.
  const isFull = now.capacity !== null && now.inside >= now.capacity;
  const wait = !closed && !isFull && givesNothing(live, layout, areaId);
  const none = open === 0 && !closed && !wait;
  find("#places").className = wait ? "is-filling" : none ? "is-full" : `is-${now.state}`;
  draw(find("#symbol"), wait ? (live?.alone ? "cut" : "look") : none ? "full" : SYMBOL[now.state]);
  find("#free").textContent = wait ? word("lineHead") : closed ? word("closed") : open === null ? "∞" : none ? word(now.free === 0 ? "full" : "heldOnly") : counted(live, open);
  find("#word").textContent = wait ? word("waitHere") : none || closed ? "" : word(open === null ? "noLimit" : "freePlaces");
  showElsewhere(none, now);
  showLine(now);
  const taken = now.capacity === null ? `${counted(live, now.inside)} ${word("inside")}` : `${counted(live, now.inside)} ${word("of")} ${now.capacity} ${word("inside")}`;
  const elsewhere = [now.kept && word("keptSeats", { count: now.kept }), now.set_aside && word("asidePlaces", { count: now.set_aside })];
  find("#of").textContent = [taken, ...elsewhere].filter(Boolean).join(" · ");
  find("#share").style.setProperty("--share", `${now.capacity ? Math.min(100, (100 * now.inside) / now.capacity) : 0}%`);
}

/** The area where the same is shown, while it has places. */
function overflowOf() {
  const other = layout.areas.find((/** @type {any} */ one) => one.overflow_of === areaId);
  const there = other && live?.areas.get(other.id);
  return there && there.state !== "closed" && openPlaces(there) !== 0 ? other : null;
}

/** Where the same is shown, and what else runs in this slot with places. @param {boolean} none @param {import("/faces/centre.js").AreaNow} now */
function showElsewhere(none, now) {
  const overflow = overflowOf();
  find("#way").textContent = none && overflow ? word("overflowIn", { area: withWay(overflow) }) : "";
  find("#instead").replaceChildren(
    ...now.instead.filter((one) => one.area !== overflow?.id).map((one) =>
      make("li", {}, make("b", { class: "number" }, one.free === null ? "∞" : String(one.free)), make("span", {}, one.title, make("small", {}, withWay(one)))),
    ),
  );
}

/** Whose number is called, and how many wait. @param {import("/faces/centre.js").AreaNow} now */
function showLine(now) {
  find("#line").hidden = !now.waiting;
  find("#called").textContent = now.called.length ? word("calledNumbers", { numbers: now.called.join(", ") }) : "";
  find("#waiting").textContent = word("waitingCount", { count: now.waiting });
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
  const shownToo = layout.areas.filter((/** @type {any} */ one) => one.overflow_of === areaId).map((/** @type {any} */ one) => one.id);
  live ??= new Live(api, [areaId, ...shownToo], clock, showPlaces, () => load().catch(() => {}));
  showPlaces();
  showTime();
}

startWords();
startDisplay(load, showTime);
onLanguage(() => {
  showPlaces();
  showTime();
});
