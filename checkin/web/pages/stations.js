// @ts-check
/** Doors that may be cut off: whose the places are, how each station is, and what can be won back. */

import { call, find, make } from "/faces/centre.js";
import { afterwards, ask, button, calmly, notice } from "/faces/deeds.js";
import { onLanguage, word } from "/faces/words.js";
import { showCases } from "/pages/cases.js";
import { allowed, api, areaName, clock, doorName, follow, layout, openFrame, page, readAlong } from "/pages/frame.js";
import { enterHeadcount } from "/pages/headcount.js";

/** Also where nothing happens: how long a station is silent changes with the time alone. */
const READ_EVERY_MS = 4_000;
const CLOCK_OFF_S = 60;
/** From here a difference is worth a word. */
const CLOCK_RIGHT_S = 5;
const RETIRE_AFTER_S = 300;
const TONES = 6;

/** @typedef {{area: string, rights: number, set_aside: number, inside: number, in_doubt: number, to_count: number, unsure: boolean}} Seats */

/** @type {any} */
let shown = null;
/** @type {any[]} */
let cases = [];
/** @type {import("/faces/centre.js").Live} */
let live;
let readMore = () => {};

async function read() {
  const [stations, conflicts] = await Promise.all([call(`${api}/stations`), call(`${api}/conflicts`)]);
  [shown, cases] = [stations, conflicts.conflicts];
  show();
  return shown.seq;
}

const show = calmly(() => {
  if (!layout || !shown) return;
  const some = shown.stations.length > 0;
  find("#none").hidden = some;
  for (const part of ["#seats", "#doors", "#conflicts"]) find(part).hidden = !some;
  showRestored();
  showGlance();
  find("#areas").replaceChildren(...shown.areas.map(areaItem));
  const cards = shown.stations.map(stationCard);
  // Those that are cut off, or wait for a count, before those that are well.
  find("#station-list").replaceChildren(...cards.filter((/** @type {HTMLElement} */ one) => !isWell(one)), ...cards.filter(isWell));
  showCases(cases, read, shown.real_time);
});

// -- the places of an area

/** The places of a station that the centre does not count as filled. @param {any} station @param {string} area */
function held(station, area) {
  const seats = station.seats.find((/** @type {Seats} */ one) => one.area === area);
  return seats ? Math.max(0, seats.set_aside - seats.inside - seats.in_doubt) : 0;
}

/** How a station is, as one word for styles. @param {any} station */
function stateOf(station) {
  if (station.revoked) return "revoked";
  if (station.retired) return "retired";
  if (station.linked) return "linked";
  return station.heard_at ? "cut" : "never";
}

/** @param {any} area */
function areaItem(area) {
  /** @type {{look: string, count: number, text: string, mark: string, to?: string}[]} */
  const parts = [
    { look: "inside", count: area.inside, text: word("seatsInside"), mark: String(area.inside) },
    ...shown.stations.map((/** @type {any} */ one, /** @type {number} */ at) => ({
      look: `held tone-${at % TONES} ${stateOf(one)}`, count: held(one, area.id), text: doorName(one.door), mark: one.door, to: `#station-${one.id}`,
    })),
    { look: "doubt", count: area.in_doubt, text: word("seatsDoubt"), mark: "?" },
    { look: "leaving", count: area.leaving, text: word("seatsLeaving"), mark: "→" },
    { look: "pool", count: area.pool ?? 0, text: word("seatsPool"), mark: String(area.pool ?? "") },
  ].filter((one) => one.count > 0);
  const limit = area.capacity === null ? word("noLimit") : word("seatsApproved", { count: area.capacity });
  const told = parts.map((one) => `${one.text} ${one.count}`).join(", ");
  const bar = make("span", { class: `seat-bar${area.frozen ? " frozen" : ""}`, role: "img", "aria-label": `${area.name}: ${told}` },
    ...parts.map((one) => {
      const part = make("i", { class: one.look, title: `${one.text}: ${one.count}` }, make("b", {}, one.mark));
      part.style.setProperty("--seats", String(one.count));
      return part;
    }));
  const rest = (area.capacity ?? 0) - parts.reduce((sum, one) => sum + one.count, 0);
  if (rest > 0) bar.append(make("i", { class: "rest" }));
  /** @type {HTMLElement | null} */ (bar.querySelector(".rest"))?.style.setProperty("--seats", String(rest));
  const stuck = shown.stations.filter((/** @type {any} */ one) => stateOf(one) !== "linked" && held(one, area.id) > 0);
  const stations = shown.stations.flatMap((/** @type {any} */ one) => one.seats.filter((/** @type {Seats} */ seats) => seats.area === area.id));
  // What a station that is off has there is told, and counted, at that station.
  const doubts = area.to_count - stations.reduce((/** @type {number} */ sum, /** @type {Seats} */ one) => sum + one.to_count, 0);
  return make(
    "li", { class: "area", "data-area": area.id },
    make("h3", {}, make("span", {}, area.name), make("small", { class: "quiet" }, limit)),
    area.capacity === null ? null : bar,
    make("ul", { class: "parts" }, ...parts.map((one) => make("li", { class: one.look }, one.to ? make("a", { href: one.to }, one.text) : make("span", {}, one.text), " ", make("b", { class: "number" }, String(one.count))))),
    stuck.length ? make("p", { class: "stuck" }, word("seatsStuck", { count: stuck.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + held(one, area.id), 0), doors: stuck.map((/** @type {any} */ one) => doorName(one.door)).join(", ") })) : null,
    doubts > 0 ? make("p", { class: "stuck" }, word("seatsToCount", { count: doubts })) : null,
    doubts > 0 ? make("p", { class: "buttons" }, countButton(area.id, "doubts")) : null,
    area.frozen ? make("p", { class: "frozen-words" }, word("seatsFrozen")) : null,
  );
}

// -- a station

/** What there is and where: how many are linked, how many are not, and what waits for somebody. */
function showGlance() {
  const count = (/** @type {string[]} */ ...states) => shown.stations.filter((/** @type {any} */ one) => states.includes(stateOf(one))).length;
  const linked = count("linked"), cut = count("cut", "never"), open = cases.filter((one) => one.verdict === null).length;
  const entry = (/** @type {string} */ to, /** @type {string} */ text, look = "") => make("li", { class: look }, make("a", { href: to }, text));
  find("#glance").hidden = shown.stations.length === 0;
  find("#glance ul").replaceChildren(...[
    cut ? entry("#doors", word("stationsCut", { count: cut }), "look") : null,
    open ? entry("#conflicts", word("stationsWait", { count: open }), "look") : null,
    linked || !cut ? entry("#doors", word("stationsLinked", { count: linked })) : null,
  ].filter((one) => one !== null));
}

/** @param {HTMLElement} card */
function isWell(card) {
  return ["linked", "done"].some((look) => card.classList.contains(look)) && !card.querySelector(".to-count");
}

/** Of no use any more, and without a place that could be won back. @param {any} station */
function isDone(station) {
  return (station.retired || station.revoked) && station.known && station.seats.every((/** @type {Seats} */ one) => one.set_aside <= 0);
}

/** @param {any} station @param {number} at */
function stationCard(station, at) {
  const state = stateOf(station);
  const words = {
    linked: () => (station.linked_since ? word("stationLinkedSince", { time: clock.time(station.linked_since) }) : word("linked")),
    cut: () => word("stationCutSince", { time: clock.time(station.heard_at) }),
    never: () => word("stationNotHeard"),
    retired: () => word("stationRetired"),
    revoked: () => word("revoked"),
  };
  const toCount = station.seats.filter((/** @type {Seats} */ one) => one.to_count > 0 || one.unsure);
  return make(
    "li", { class: `card station tone-${at % TONES} ${state}${isDone(station) ? " done" : ""}`, id: `station-${station.id}`, "data-station": station.id },
    make("h3", {}, doorName(station.door), station.name === doorName(station.door) ? null : make("small", { class: "quiet" }, station.name)),
    make("p", { class: `link-state ${state === "linked" ? "" : "cut"}` }, words[state]()),
    make("dl", {},
      ...fact(word("stationLastWord"), ago(station.heard_s), state === "cut" ? "late" : ""),
      ...fact(word("stationRights"), state === "retired" ? "–" : rights(station)),
      ...fact(word("stationLacking"), lacking(station, state), station.due > station.rows ? "late" : ""),
      ...fact(word("stationClock"), shown.real_time ? clockWord(station.offset_s) : word("stationClockDemo"), Math.abs(station.offset_s ?? 0) >= CLOCK_OFF_S ? "late" : ""),
      ...fact(word("stationProgram"), [station.program || word("stationUnknown"), station.epoch ? word("stationEpoch", { epoch: station.epoch.slice(0, 8) }) : ""].filter(Boolean).join(" · "))),
    toCount.length ? make("div", { class: "to-count" }, make("p", {}, total(toCount) ? word("stationToCount", { count: total(toCount) }) : word("stationToCountUnsure")), make("p", { class: "buttons" }, ...toCount.map((/** @type {Seats} */ one) => countButton(one.area, station.id)))) : null,
    state === "retired" ? make("p", { class: "quiet" }, word("stationAnew")) : null,
    isFresh(station) ? make("p", { class: "quiet" }, word("stationCutFirst")) : null,
    make("p", { class: "buttons" },
      station.retired || !station.epoch ? null : button(`retire ${station.id}`, word("stationRetire"), () => retire(station), state === "linked" || isFresh(station) || isDone(station) ? "plain" : ""),
      station.revoked || !allowed("manage") ? null : button(`revoke ${station.id}`, word("revoke"), () => revoke(station), "danger")),
  );
}

/** Cut off for so short a time that it comes back by itself more often than not. @param {any} station */
function isFresh(station) {
  return stateOf(station) === "cut" && station.heard_s < RETIRE_AFTER_S;
}

/** @param {string} name @param {string} text @param {string} [look] */
function fact(name, text, look = "") {
  return [make("dt", {}, name), make("dd", { class: `number ${look}` }, text)];
}

/** @param {Seats[]} seats */
function total(seats) {
  return Math.max(0, ...seats.map((one) => one.to_count));
}

/** @param {number | null} seconds */
function ago(seconds) {
  if (seconds === null) return word("never");
  if (seconds < 15) return word("justNow");
  return seconds < 90 ? word("secondsAgo", { count: Math.round(seconds) }) : word("minutesAgo", { count: Math.round(seconds / 60) });
}

/** @param {any} station */
function rights(station) {
  const some = station.seats.filter((/** @type {Seats} */ one) => one.rights > 0);
  return some.length ? some.map((/** @type {Seats} */ one) => `${areaName(one.area)} ${one.rights}`).join(" · ") : word("stationNoRights");
}

/** @param {any} station @param {string} state */
function lacking(station, state) {
  const count = station.due - station.rows;
  if (state === "linked") return word("stationRows", { count });
  if (state === "never") return word("stationUnknown");
  return count ? word("stationRowsAtLeast", { count }) : word("stationRowsNoneKnown");
}

/** @param {number | null} offset */
function clockWord(offset) {
  if (offset === null) return word("stationUnknown");
  const off = Math.abs(offset);
  if (off < CLOCK_RIGHT_S) return word("stationClockRight");
  const time = off < 90 ? word("timeSeconds", { count: Math.round(off) }) : word("timeMinutes", { count: Math.round(off / 60) });
  return word(offset > 0 ? "stationClockAhead" : "stationClockBehind", { time });
}

// -- winning places back

/** @param {string} area @param {string} of whose places it wins back: a button of the same area stands at each */
function countButton(area, of) {
  return button(`count ${area} ${of}`, word("stationCountArea", { area: areaName(area) }), () => count(area));
}

/** Count an area: what is set aside there for stations that are switched off, or in doubt, comes free. @param {string} area */
function count(area) {
  const now = live.areas.get(area);
  if (!now) return;
  const frees = shown.areas.find((/** @type {any} */ one) => one.id === area)?.to_count ?? 0;
  const about = frees ? [make("p", {}, word("stationCountFrees", { count: frees }))] : [];
  enterHeadcount({ id: area, name: areaName(area) }, now, read, { about, undo: false });
}

/** @param {any} station */
function retire(station) {
  const areas = station.seats.filter((/** @type {Seats} */ one) => one.set_aside > one.inside);
  const lost = station.due - station.rows;
  const off = make("label", { class: "check" }, make("input", { type: "checkbox", name: "off", required: "" }), make("span", {}, word("retireIsOff")));
  const content = [
    ...(station.linked ? [make("p", { class: "message" }, word("retireLinked"))] : []),
    make("p", {}, word("retireMeans")),
    make("ol", { class: "steps" },
      ...(station.linked ? [] : [make("li", {}, word("retireStepLook"))]),
      make("li", {}, word("retireStepOff")),
      make("li", {}, word("retireStepHere")),
      make("li", {}, areas.length ? word("retireStepCount", { areas: areas.map((/** @type {Seats} */ one) => areaName(one.area)).join(", ") }) : word("retireStepNone"))),
    make("p", { class: "message" }, word("retireDanger")),
    station.linked ? "" : make("p", { class: "quiet" }, lost ? word("retireLost", { count: lost }) : word("retireSince", { time: station.heard_at ? clock.time(station.heard_at) : "–" })),
    off,
  ];
  ask(word("retireTitle", { door: doorName(station.door) }), content, word("retireYes"), async () => {
    await call(`${api}/stations/${encodeURIComponent(station.id)}/retire`, { method: "POST" });
    await read();
    const next = shown.stations.find((/** @type {any} */ one) => one.id === station.id)?.seats.find((/** @type {Seats} */ one) => one.to_count > 0);
    notice(word(next ? "retiredCount" : "retiredDone", { door: doorName(station.door) }));
    if (next) afterwards(() => count(next.area));
  }, "danger");
}

/** @param {any} station */
function revoke(station) {
  const content = [make("p", {}, word("revokeStation")), make("p", {}, word("revokeStationPlaces"))];
  ask(word("revokeStationTitle", { door: doorName(station.door) }), content, word("revokeYes"), async () => {
    await call(`${api}/devices/${encodeURIComponent(station.id)}`, { method: "DELETE" });
    notice(word("revokeStationDone", { door: doorName(station.door) }));
    await read();
  }, "danger");
}

// -- after a restore

function showRestored() {
  const unheard = shown.stations.filter((/** @type {any} */ one) => !one.known);
  const frozen = shown.frozen.map(areaName).join(", ");
  const { restored } = shown;
  const waits = restored !== null || (shown.frozen.length > 0 && unheard.length > 0);
  find("#restored").hidden = !waits;
  if (!waits) return;
  const parts = { reported: restored?.reported ?? shown.stations.length - unheard.length, count: shown.stations.length, time: restored?.at ? clock.time(restored.at) : "" };
  find("#h-restored").textContent = restored === null ? word("restoredWaiting", parts) : word(restored.at ? "restoredAt" : "restoredSometime", parts);
  find("#restored-words").replaceChildren(
    make("p", {}, restored === null ? word("restoredFrozenStill", { areas: frozen }) : word("restoredFrozen", { areas: frozen })),
    make("ul", { class: "chips" }, ...shown.stations.map((/** @type {any} */ one) => make("li", { class: one.known ? "told" : "untold" }, `${doorName(one.door)} – ${word(one.known ? "restoredTold" : "restoredUntold")}`))),
    ...(restored === null ? [] : [make("p", {}, word("restoredMissing"))]),
    ...(unheard.length ? [make("p", {}, word("restoredUnheard"))] : []),
    ...(restored?.uncounted.length ? [
      make("p", {}, word("restoredUncounted")),
      make("p", { class: "buttons" }, ...restored.uncounted.map((/** @type {string} */ area) =>
        button(`count ${area}`, word("stationCountArea", { area: areaName(area) }), () => count(area)))),
    ] : []),
    ...(restored === null ? [] : [make("p", { class: "buttons" }, button("confirm", word("restoredConfirm"), () => confirm(restored.generation, unheard), ""))]),
  );
}

/** @param {number} generation @param {any[]} unheard */
function confirm(generation, unheard) {
  const content = [
    make("p", {}, word("restoredList", { count: shown.stations.length })),
    make("ul", { class: "chips" }, ...shown.stations.map((/** @type {any} */ one) => make("li", {}, doorName(one.door)))),
    make("p", { class: "message" }, word("restoredDanger")),
    ...(unheard.length ? [make("p", {}, word("restoredUnheard"))] : []),
  ];
  ask(word("restoredConfirm"), content, word("restoredYes"), async () => {
    await call(`${api}/stations/roster`, { method: "POST", body: { generation } });
    notice(word("restoredDone"));
    await read();
  });
}

async function start() {
  await openFrame("stations");
  find("#to-devices").setAttribute("href", `${page}/devices`);
  find("#to-devices").hidden = !allowed("manage");
  live = follow(() => {
    for (const part of ["#seats", "#doors"]) find(part).classList.toggle("stale", live.stale);
    show();
    readMore();
  });
  readMore = readAlong(live, read);
  setInterval(() => read().catch(() => {}), READ_EVERY_MS);
  await read();
  if (location.hash === "#conflicts") find("#conflicts").focus();
}

onLanguage(show);
start();
