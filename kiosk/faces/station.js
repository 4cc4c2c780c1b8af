// @ts-check
/** The first page of a station: which faces it has, and what somebody at the machine can put right. */

import { find, make } from "/faces/centre.js";
import { play, unlockSound } from "/faces/sound.js";
import { onLanguage, problemWord, startWords, word } from "/faces/words.js";

const LOOK_EVERY_MS = 2_000;
const CLOCK_OFF_S_MAX = 60; // beyond this a scan is marked, and what was scanned when is a guess
const DISK_FREE_MB_MIN = 200;
const DISK_FREE_MB_WRONG = 20; // a log and the pages of an hour
const SECONDS_MAX = 90; // beyond this a time is told in minutes

/**
 * @typedef {{status: "ok" | "starting" | "disk_full" | "keeper_missing" | "revoked", event: string, event_name: string, door_name: string, area: string,
 *   centre: string, people: number, people_left: number, at: string, clock: string, clock_off_s: number | null, clock_guessed: boolean, real_time: boolean, disk_free_bytes: number, keeper_beside: boolean, prints: boolean, scanner: string, scanner_fault: string,
 *   rooms: Record<string, string>, version: string,
 *   station: {link: "linked" | "slow" | "restored" | "cut" | "revoked", since: string | null, waiting: number, places: number | null, disk: "ok" | "full"}}} Health
 */

/** @type {Health | null} null: the program on this machine does not answer */
let health = null;

/** @param {string} at as the machine says it, with the offset of the event's zone */
function time(at) {
  return at.slice(11, 16);
}

/** @param {Health} now @returns {[string, string, "well" | "look" | "wrong"]} */
function link({ station, centre, status }) {
  const name = word("stationLink");
  if (status === "starting") return [name, word("stationCutHelp", { centre }), "wrong"];
  if (["disk_full", "keeper_missing"].includes(status) && station.link === "cut") return [name, word("stationLinkLater"), "look"];
  if (station.link === "linked") return [name, word("stationLinked", { centre }), "well"];
  if (station.link === "slow") return [name, word("stationSlow"), "look"];
  if (station.link === "restored") return [name, word("stationRestored"), "wrong"];
  if (station.link === "revoked") return [name, word("stationRevoked"), "wrong"];
  const cut = station.since ? word("stationCut", { time: time(station.since) }) : word("stationNever");
  return [name, `${cut}. ${word("stationCutHelp", { centre })}`, "wrong"];
}

/** @param {Health} now @returns {[string, string, "well" | "look" | "wrong"]} */
function clockLine({ clock_off_s: off, clock_guessed: guessed, real_time: compared, at, clock }) {
  const shown = clock ? time(clock) : new Date().toTimeString().slice(0, 5); // of this machine either way
  if (!compared) return [word("stationClock"), word("stationClockNotCompared", { time: shown }), "well"];
  if (off !== null && guessed) return [word("stationClock"), word("stationClockGuess", { time: shown, centre: time(at) }), "look"];
  if (off === null) return [word("stationClock"), word("stationClockUnknown", { time: shown }), "look"];
  if (Math.abs(off) <= CLOCK_OFF_S_MAX) return [word("stationClock"), word("stationClockWell", { time: shown }), "well"];
  const by = Math.abs(off) < SECONDS_MAX ? word("timeSeconds", { count: Math.round(Math.abs(off)) }) : word("timeMinutes", { count: Math.round(Math.abs(off) / 60) });
  return [word("stationClock"), word("stationClockOff", { time: shown, off: by }), "wrong"];
}

/** @param {Health} now @returns {[string, string, "well" | "look" | "wrong"]} */
function disk({ station, disk_free_bytes: free }) {
  const mb = Math.floor(free / 1_000_000);
  if (station.disk === "full") return [word("stationDisk"), word("stationDiskFull"), "wrong"];
  const shown = { mb: mb.toLocaleString(document.documentElement.lang) };
  if (mb >= DISK_FREE_MB_MIN) return [word("stationDisk"), word("stationDiskFree", shown), "well"];
  return [word("stationDisk"), word("stationDiskLow", shown), mb < DISK_FREE_MB_WRONG ? "wrong" : "look"];
}

/** @param {Health} now @returns {[string, string, "well" | "look" | "wrong"]} */
function keeperLine({ keeper_beside: beside, status }) {
  if (status === "keeper_missing") return [word("stationKey"), problemWord("station_keeper_missing"), "wrong"];
  return [word("stationKey"), word(beside ? "stationKeyBeside" : "stationKeyApart"), beside ? "look" : "well"];
}

/** @param {Health} now @returns {[string, string, "well" | "look" | "wrong"]} */
function scannerLine({ scanner, scanner_fault: fault }) {
  if (!scanner) return [word("stationScanner"), word("stationScannerNone"), "well"];
  return [word("stationScanner"), fault ? word("stationScannerFault", { line: scanner, fault }) : word("stationScannerWell", { line: scanner }), fault ? "wrong" : "well"];
}

/** @param {Health} now @returns {[string, string, "well" | "look" | "wrong"]} */
function known({ people, people_left: left, station, status }) {
  if (status === "starting") return [word("stationKnows"), word("stationStarting"), "wrong"];
  const cut = station.link === "cut", alone = cut || station.link === "restored";
  const knows = [word("stationPeople", { count: people })];
  if (left) knows.push(word("stationPeopleLeft", { count: left }));
  if (station.places !== null) knows.push(word(alone ? "stationPlaces" : "stationSetAside", { count: station.places }));
  const nobody = alone && station.places === 0;
  return [word("stationKnows"), knows.join(" · "), left && cut ? "wrong" : left || !people || nobody ? "look" : "well"];
}

function show() {
  const lines = health
    ? [link(health), known(health), /** @type {[string, string, "well" | "look" | "wrong"]} */ ([word("stationLog"), word("stationWaiting", { count: health.station.waiting }), health.station.waiting ? "look" : "well"]), clockLine(health), disk(health), keeperLine(health), scannerLine(health), /** @type {[string, string, "well"]} */ ([word("stationProgram"), health.version, "well"])]
    : [/** @type {[string, string, "wrong"]} */ ([word("stationProgram"), word("stationSilent"), "wrong"])];
  find("#state").replaceChildren(...lines.flatMap(([name, text, how]) => [make("dt", {}, name), make("dd", { class: how }, text)]));
  const odd = lines.filter(([, , how]) => how !== "well").length;
  const summary = find("#summary");
  summary.textContent = odd ? word("stationToLook", { count: odd }) : word("stationAllWell");
  summary.className = lines.some(([, , how]) => how === "wrong") ? "wrong" : odd ? "look" : "well";
  summary.hidden = false;
  if (!health) return;
  const event = `/events/${encodeURIComponent(health.event)}`;
  find("#print").hidden = !health.prints;
  find("#door").textContent = health.door_name;
  find("#event").textContent = health.event_name;
  document.title = `${health.door_name} – ${word("station")}`;
  find("#to-clicker").setAttribute("href", `${event}/clicker/${encodeURIComponent(health.area)}`);
  find("#to-desk").setAttribute("href", `/centre${event}/desk`);
  find("#to-board").setAttribute("href", `${event}/board`);
  const rooms = Object.entries(health.rooms);
  find("#rooms").replaceChildren(...(rooms.length ? [make("h3", {}, word("stationRooms"))] : []), ...rooms.map(([id, name]) => make("a", { class: "button plain", href: `${event}/room/${encodeURIComponent(id)}` }, name)));
}

async function look() {
  try {
    const answer = await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(LOOK_EVERY_MS * 2) });
    health = await answer.json(); // whatever the status is: it says why
  } catch {
    health = null;
  }
  show();
  setTimeout(look, LOOK_EVERY_MS);
}

find("#hear").addEventListener("click", async () => {
  await unlockSound();
  play("admitted");
});
find("#print").addEventListener("click", () => {
  find("#sheet-door").textContent = health ? `${health.event_name} · ${health.door_name}` : "";
  find("#sheet-time").textContent = new Date().toLocaleString(document.documentElement.lang);
  print();
});
onLanguage(show);
startWords();
look();
