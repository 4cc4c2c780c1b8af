// @ts-check
/** The face of a door: reads badges, asks the centre, shows the answer. */

import { counted } from "/faces/area.js";
import { Camera } from "/faces/camera.js";
import { EventClock, Live, Problem, call, find, isPassing, make, newId, place } from "/faces/centre.js";
import { showLink } from "/faces/link.js";
import { WedgeScanner } from "/faces/scanner.js";
import { followScreen } from "/faces/screen.js";
import { SerialScanner } from "/faces/serial.js";
import { play, soundIsOn, unlockSound } from "/faces/sound.js";
import { draw } from "/faces/symbols.js";
import { fillWords, onLanguage, said, startWords, word } from "/faces/words.js";

const SHOWN_MS = 6_000;
const SHOWN_LOOK_MS = 15_000;
const SAME_SCAN_MS = 2_000;
const PATIENCE_MS = 800;
const TIMEOUT_MS = 5_000;
const RESEND_MS = 2_000;
const WORD_CQH_MIN = 18;
const KEPT_MAX = 50;
const HELD_MS = 5_000; // whoever has waited longer has gone on, or been let in by hand
const TOLD_MS = 10_000;
const HEADS = {
  area_full: "fullHead", held_seats_only: "heldHead", line_first: "lineHead", wheelchair_full: "fullHead",
  already_inside: "already", item_taken: "already", code_unknown: "unknown", code_forged: "look", code_ambiguous: "chooseHead",
  badge_blocked: "deskHead", not_accredited: "deskHead", proxy_came: "look", registration_waiting: "lineHead",
  group_not_permitted: "wrongDoor", door_closed: "notNow", not_arrived: "look", session_not_booked: "notBooked",
  evacuation: "evacuationHead",
};
/** What a station cannot answer without, by the code of its problem: the word, and what to do. */
const STUCK = { station_disk_full: ["diskFullHead", "stationDiskFull"], station_keeper_missing: ["keyMissingHead", "stationKeyMissing"] };
const KINDS = { arrival: "welcome", entry: "welcome", reentry: "again", exit: "goodbye", handout: "handedOut", return: "takenBack" };

/**
 * @typedef {{id: string, code: string, attendee?: string, door: string, direction: string, scanned_at: string,
 *   switch?: boolean, wait?: boolean, override?: {reason: string}}} Scan
 */

const { event, id: doorId, api } = place();
const clock = new EventClock();
/** @type {any} */
let door = null;
/** @type {"entry" | "exit"} */
let direction = "entry";
let area = "";
/** @type {Live | null} */
let live = null;
/** @type {{code: string, at: number}} */
let lastRead = { code: "", at: -Infinity };
/** @type {Scan | null} */
let lastScan = null;
/** @type {(() => void)} what is shown, to show it again in the other language */
let shown = showReady;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let backToReady;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let told;
/** Scans without an answer, and since when they are here. @type {{scan: Scan, at: number}[]} */
const kept = [];
let sending = 0;
let evacuationShown = "none";
/** @type {WedgeScanner | null} */
let scanner = null;
/** @type {Camera | null} */
let camera = null;
/** What was shown of a scan that the station could not answer. @type {(() => void) | null} */
let stuckShown = null;
/** What was said last of a station's own state. */
let aloneShown = "";

/** @param {string} code @param {string} [other] another way to read it, tried where the first is nobody's */
function read(code, other = "") {
  const at = performance.now();
  // A trembling hand or an impatient second press is the same scan.
  if (code === lastRead.code && at - lastRead.at < SAME_SCAN_MS) {
    lastRead.at = at;
    return;
  }
  lastRead = { code, at };
  closeTyping();
  closePeople();
  send(scanOf({ code }), other);
}

/** @param {Partial<Scan>} what @returns {Scan} */
function scanOf(what) {
  return { id: newId(), code: "", door: doorId, direction, scanned_at: new Date(clock.now()).toISOString(), ...what };
}

/** Ask once more about the same badge, with something to it. @param {Partial<Scan>} what */
function again(what) {
  if (!lastScan) return;
  const { code, attendee } = lastScan;
  send(scanOf({ code, ...(attendee ? { attendee } : {}), ...what }));
}

/** What was tapped about a refusal; a second tap is no second scan. @param {Partial<Scan>} what */
function act(what) {
  if (find("#actions").hidden) return;
  find("#actions").hidden = true;
  again(what);
}

/** @param {Scan} scan @param {string} [other] */
async function send(scan, other = "") {
  lastScan = scan;
  sending += 1;
  const mine = sending;
  const waiting = setTimeout(() => mine === sending && show(showChecking), PATIENCE_MS);
  try {
    let answer = await call(`${api}/scans`, { method: "POST", body: scan, timeoutMs: TIMEOUT_MS });
    if (other && isNobody(answer)) {
      scan = scanOf({ code: other });
      if (mine === sending) lastScan = scan;
      answer = await call(`${api}/scans`, { method: "POST", body: scan, timeoutMs: TIMEOUT_MS });
    }
    if (!isNobody(answer)) scanner?.learn(scan.code);
    if (mine === sending) showAnswered(answer);
  } catch (error) {
    if (mine === sending) failed(scan, error);
    else keep(scan, error);
  } finally {
    clearTimeout(waiting);
  }
}

/** @param {any} answer to the last scan */
function showAnswered(answer) {
  show(() => showAnswer(answer), canAct(answer) ? SHOWN_LOOK_MS : SHOWN_MS, toneOf(answer));
  if (answer.choices.length) openPeople(word("choosePerson"), answer.choices, (id) => again({ attendee: id }));
}

/**
 * A scanner beside this page has scanned; what is tapped about it is ours. @param {{scan: Scan, answer?: any, problem?: any}} scanned
 */
function showOther({ scan, answer, problem }) {
  closeTyping();
  closePeople();
  sending += 1; // what is on its way was asked before
  lastScan = scan;
  if (problem) failed(scan, new Problem(problem.status, problem, 1));
  else showAnswered(answer);
}

/** @param {string} text */
function tell(text) {
  clearTimeout(told);
  find("#told").textContent = text;
  find("#told").hidden = !text;
  told = setTimeout(() => (find("#told").hidden = true), TOLD_MS);
}

/** @param {Scan} scan @param {unknown} error */
function failed(scan, error) {
  if (error instanceof Problem && !isPassing(error)) {
    const problem = error;
    show(() => paint("refused", "refused", word("look"), { hint: problem.status === 403 ? word("refusedHere") : problem.message }), SHOWN_LOOK_MS, "refused");
    return;
  }
  const stuck = stuckBy(error);
  if (stuck) {
    stuckShown = () => paint("cut", "look", word(stuck[0]), { hint: word(stuck[1]), way: word("notKept") });
    show(stuckShown, SHOWN_LOOK_MS, "look");
    return;
  }
  const isKept = keep(scan, error);
  const head = error instanceof Problem ? "busy" : "noLink";
  const hint = isKept ? (error instanceof Problem ? "notCheckedBusy" : "notChecked") : "notKept";
  show(() => paint("cut", "cut", word(head), { hint: word(hint) }), SHOWN_LOOK_MS, "look");
}

/** @param {unknown} error @returns {string[] | undefined} */
function stuckBy(error) {
  return error instanceof Problem ? STUCK[/** @type {keyof typeof STUCK} */ (error.code)] : undefined;
}

/** Keep a scan that has no answer, to send it again under its id. @param {Scan} scan @param {unknown} error */
function keep(scan, error) {
  if (!isPassing(error) || stuckBy(error) || kept.length >= KEPT_MAX) return false;
  kept.push({ scan, at: performance.now() });
  showKept();
  return true;
}

async function sendKept() {
  if (live?.station) letGo();
  const first = kept[0];
  if (first) {
    try {
      const answer = await call(`${api}/scans`, { method: "POST", body: first.scan, timeoutMs: TIMEOUT_MS });
      kept.shift();
      showKept();
      if (isLate(first)) tell(word(answer.outcome === "admitted" ? "lateAdmitted" : "lateRefused", { time: clock.time(first.scan.scanned_at) }));
      else if (first.scan.id === lastScan?.id) show(() => showAnswer(answer), canAct(answer) ? SHOWN_LOOK_MS : SHOWN_MS, toneOf(answer));
      setTimeout(sendKept, 0);
      return;
    } catch (error) {
      if (!isPassing(error) || stuckBy(error)) kept.shift();
      showKept();
    }
  }
  setTimeout(sendKept, RESEND_MS);
}

/** Whether nobody waits for the answer any more. @param {{at: number}} one */
function isLate(one) {
  return performance.now() - one.at > HELD_MS;
}

/** A station decides by itself: what it could not, is scanned again by whoever is still there. */
function letGo() {
  const late = kept.filter(isLate);
  if (!late.length) return;
  kept.splice(0, kept.length, ...kept.filter((one) => !isLate(one)));
  showKept();
  tell(word("letGo", { count: late.length }));
  if (late.some((one) => one.scan.id === lastScan?.id)) show(() => paint("cut", "look", word("scanAgain"), { hint: word("scanAgainHow") }), SHOWN_LOOK_MS);
}

/** @param {any} answer */
function isNobody(answer) {
  return !answer.attendee && answer.choices.length === 0;
}

/** @param {any} answer */
function toneOf(answer) {
  if (answer.outcome === "admitted") return "admitted";
  return answer.soft || answer.choices.length ? "look" : "refused";
}

/** Whether there is something to tap about an answer. @param {any} answer */
function canAct(answer) {
  return answer.outcome === "refused" && (answer.soft || answer.switch || answer.line || answer.choices.length > 0);
}

/** @param {() => void} showing @param {number} [forMs] @param {"admitted"|"look"|"refused"} [sound] */
function show(showing, forMs, sound) {
  clearTimeout(backToReady);
  shown = showing;
  showing();
  if (sound) play(sound);
  if (forMs) backToReady = setTimeout(() => show(showReady), forMs);
}

/**
 * @param {string} tone @param {string} symbol @param {string} head
 * @param {{name?: string, organisation?: string, hint?: string, way?: string, answer?: any}} [rest]
 */
function paint(tone, symbol, head, { name = "", organisation = "", hint = "", way = "", answer = null } = {}) {
  offer(answer); // first: what it offers takes room from the answer
  const main = find("#answer");
  const alone = Boolean(answer?.provisional);
  main.className = alone ? `${tone} alone` : tone;
  find("#band").hidden = !alone;
  draw(find("#symbol"), symbol);
  find("#head").textContent = head;
  if (alone) fit("#band", "24cqh");
  const highest = tone === "ready" ? 16 : alone && find("#actions").hidden ? 33 : 36;
  const large = (/** @type {number} */ cqh) => fit("#head", tone === "ready" ? `min(${cqh}cqh, 8cqw)` : `${cqh}cqh`);
  large(highest);
  const nameCqh = alone ? 8 : 11;
  find("#name").style.setProperty("--name", `min(${name.length > 26 ? nameCqh - (alone ? 2 : 3) : nameCqh}cqh, 6cqw)`);
  find("#name").textContent = name;
  find("#organisation").textContent = organisation;
  find("#hint").textContent = hint;
  find("#way").textContent = way;
  // What is said below the word is read to its end: the word gives way.
  const sheet = find("#sheet");
  for (let cqh = highest - 3; cqh >= WORD_CQH_MIN && sheet.scrollHeight > sheet.clientHeight; cqh -= 3) large(cqh);
}

/** What can be done about a refusal, each by one tap. @param {any} answer */
function offer(answer) {
  const about = answer && answer.outcome === "refused" && direction === "entry" ? answer : null;
  find("#actions").hidden = !about || !canAct(about) || !(about.soft || about.switch || waitable(about));
  find("#switch").hidden = !about?.switch;
  find("#switch").textContent = about?.switch ? word("switchTo", { title: about.switch.title }) : "";
  find("#wait").hidden = !waitable(about);
  find("#override").hidden = !about?.soft;
  find("#reasons").hidden = true;
  find("#override").setAttribute("aria-expanded", "false");
}

/** Whether a number of the waiting line can be taken. @param {any} answer */
function waitable(answer) {
  return Boolean(answer?.line && answer.line.number === null && answer.attendee);
}

/** The word as large as height and width let it be. @param {string} id @param {string} largest */
function fit(id, largest) {
  const element = find(id);
  element.style.setProperty("--word", largest);
  const over = element.scrollWidth / element.clientWidth;
  if (over > 1) element.style.setProperty("--word", `${parseFloat(getComputedStyle(element).fontSize) / over - 1}px`);
}

function showReady() {
  const station = live?.station;
  if (station?.link === "revoked") {
    paint("refused", "refused", word("stop"), { hint: word("stationRevoked") });
    return;
  }
  if (live?.lacks) {
    const [head, hint] = STUCK[live.lacks];
    paint("cut", "look", word(head), { hint: word(hint) });
    return;
  }
  const evacuation = live?.evacuation ?? "none";
  if (evacuation !== "none" && direction === "entry" && !door?.item) {
    paint("refused", "refused", word("evacuationHead"), { hint: word(live?.cut ? "evacuationDoorAlone" : evacuation === "drill" ? "evacuationDoorDrill" : "evacuationDoor") });
    return;
  }
  if (evacuation !== "none" && !door?.item) {
    paint("ready", "ready", word("presentExitNow"));
    return;
  }
  const counter = direction === "exit" ? "presentReturn" : "presentHandout";
  paint("ready", "ready", door?.item ? word(counter, { item: itemName(door.item) }) : word(direction === "exit" ? "presentExit" : "present"), aloneWord());
}

function showChecking() {
  paint("checking", "checking", word("checking"));
}

/** @param {any} answer */
function showAnswer(answer) {
  const person = answer.attendee;
  const rest = {
    name: person?.name ?? "",
    organisation: person ? [person.organisation, groupName(person.group)].filter(Boolean).join(" · ") : "",
    hint: said(answer.hint),
    way: [said(answer.way), answer.outcome === "admitted" ? bookingsOf(person) : ""].filter(Boolean).join(" · "),
    answer,
  };
  if (answer.outcome === "admitted") {
    const tone = answer.kind === "exit" || answer.kind === "return" ? "exit" : "admitted";
    if (answer.item) rest.hint = `${answer.item}: ${rest.hint}`;
    paint(answer.asks_back.length ? "look" : tone, tone, word(KINDS[/** @type {keyof typeof KINDS} */ (answer.kind)] ?? "welcome"), rest);
    return;
  }
  const number = answer.line?.number;
  const head = typeof number === "number" ? word("numberHead", { number }) : word(HEADS[/** @type {keyof typeof HEADS} */ (answer.reason)] ?? "stop");
  if ((answer.provisional || answer.frozen) && answer.reason === "area_full") {
    // What is full is the centre's to know; of this door it is certain that it has no place left to give. Nor does a
    // centre that came from a backup know.
    paint("refused", answer.provisional ? "cut" : "look", word("lineHead"), rest);
    return;
  }
  const full = ["area_full", "held_seats_only", "line_first", "wheelchair_full"].includes(answer.reason);
  const look = answer.soft || answer.choices.length > 0;
  paint(look ? "look" : "refused", full ? "full" : look ? "look" : "refused", head, rest);
}

/** The sessions that this person has booked and that are still to come. @param {any} person */
function bookingsOf(person) {
  return (person?.bookings ?? []).map((/** @type {any} */ one) => `${clock.time(one.starts_at)} ${one.title} (${one.name})`).join(" · ");
}

/** @type {Map<string, string>} */
const items = new Map();
/** @param {string} id */
function itemName(id) {
  return items.get(id) ?? id;
}

/** Name people to choose from. @param {string} title @param {any[]} people @param {(id: string) => void} chosen */
function openPeople(title, people, chosen) {
  find("#people-title").textContent = title;
  const filter = /** @type {HTMLInputElement} */ (find("#person-filter"));
  filter.hidden = people.length < 8;
  filter.value = "";
  const list = () => {
    const wanted = filter.value.toLocaleLowerCase();
    find("#choices").replaceChildren(
      ...people.filter((one) => one.name.toLocaleLowerCase().includes(wanted)).map((one) => {
        const inside = one.inside ? make("small", {}, word("insideNow")) : one.organisation ? make("small", {}, one.organisation) : null;
        const button = make("button", { type: "button", class: "button plain" }, make("bdi", {}, one.name), inside);
        button.addEventListener("click", () => {
          closePeople();
          chosen(one.id);
        });
        return make("li", {}, button);
      }),
      ...(people.length ? [] : [make("li", {}, word("crewNone"))]),
    );
  };
  filter.oninput = list;
  list();
  clearTimeout(backToReady);
  /** @type {HTMLDialogElement} */ (find("#people")).showModal();
}

function closePeople() {
  const dialog = /** @type {HTMLDialogElement} */ (find("#people"));
  if (dialog.open) dialog.close();
}

/** @type {Map<string, string>} */
const groups = new Map();
/** @param {string} id */
function groupName(id) {
  return groups.get(id) ?? id;
}

function showNumbers() {
  const now = live?.areas.get(area);
  const stale = showLink(live);
  showAlone();
  if (live && live.evacuation !== evacuationShown) {
    evacuationShown = live.evacuation;
    show(showReady, undefined, live.evacuation === "none" ? undefined : "refused");
  }
  find("#numbers").classList.toggle("stale", stale);
  find("#numbers").hidden = Boolean(live?.lacks);
  if (!now) return;
  find("#inside").textContent = counted(live, now.inside);
  find("#of").textContent = now.capacity === null ? word("inside") : `${word("of")} ${now.capacity}`;
  find("#free").textContent = now.free === null ? "∞" : String(now.free);
  find("#freeword").textContent = now.state === "open" ? word("free") : `${word("free")} · ${word(now.state)}`;
  if (now.frozen) find("#freeword").textContent = word("free"); // why is said above
  else if (now.set_aside && now.state === "full") find("#freeword").textContent += ` · ${word("asidePlaces", { count: now.set_aside })}`;
  if (now.kept) find("#freeword").textContent += ` · ${word("keptSeats", { count: now.kept })}`;
  if (now.waiting) find("#freeword").textContent += ` · ${word("waitingCount", { count: now.waiting })}`;
  if (now.called.length) find("#freeword").textContent += ` · ${word("calledNumbers", { numbers: now.called.join(", ") })}`;
  const places = live?.alone || live?.station?.link === "restored" ? live.station?.places ?? null : null;
  if (places !== null) {
    // Free places are the centre's to know; what this door may give of them is certain.
    find("#free").textContent = String(places);
    find("#freeword").textContent = word("stationMayAdmit");
  }
  find("#numbers").className = `is-${now.state}${stale ? " stale" : ""}`;
  find("#share").style.setProperty("--share", `${now.capacity ? Math.min(100, (100 * now.inside) / now.capacity) : 0}%`);
}

/** What the machine at this door can still do is said large, and changes what is shown while nobody's badge is. */
function showAlone() {
  const station = live?.station;
  find("#stop-here").hidden = !live?.cut || Boolean(door?.item) || Boolean(live.lacks);
  find("#stop-here").textContent = word(live?.evacuation === "none" ? "evacuateHere" : "evacuateHereEnd");
  const said = station ? `${station.link} ${live?.lacks} ${station.since} ${station.places}` : `${isFrozen()}`;
  if (said === aloneShown) return;
  aloneShown = said;
  if (shown === showReady) showReady();
  if (shown === stuckShown && !live?.lacks) show(showReady);
}

/** Whether the centre came from a backup and gives no place away yet. */
function isFrozen() {
  return live?.areas.get(area)?.frozen ?? false;
}

/** What stands below the word of a door that decides by itself, or whose centre does not. */
function aloneWord() {
  const station = live?.station;
  if (!station && isFrozen() && direction === "entry" && !door?.item) return { hint: word("stationRestored") };
  if (!station || !["cut", "restored"].includes(station.link)) return {};
  const hint = station.link === "restored" ? word("stationRestored") : station.since ? word("stationCut", { time: clock.time(station.since) }) : word("stationNever");
  if (station.places === null || direction === "exit" || door?.item) return { hint };
  return { hint, way: station.places ? word("stationPlaces", { count: station.places }) : word("stationNoPlaces") };
}

function showKept() {
  find("#kept").hidden = kept.length === 0;
  find("#kept").textContent = word("kept", { count: kept.length });
}

/** @param {"entry" | "exit"} wanted */
function setDirection(wanted) {
  direction = wanted;
  lastRead = { code: "", at: -Infinity }; // the same badge, the other way, is another scan
  camera?.forget();
  for (const one of ["entry", "exit"]) {
    const button = find(`#${one}`);
    button.setAttribute("aria-pressed", String(one === wanted));
    button.classList.toggle("plain", one !== wanted);
  }
  show(showReady);
}

/** @param {string} [text] */
function openTyping(text = "") {
  find("#typing").hidden = false;
  const input = /** @type {HTMLInputElement} */ (find("#code"));
  input.value = text;
  input.focus();
}

function closeTyping() {
  find("#typing").hidden = true;
  /** @type {HTMLInputElement} */ (find("#code")).value = "";
}

function showSound() {
  find("#sound").hidden = soundIsOn();
}

/** Take in the venue as it is now: names, the door, its area. @returns {Promise<boolean>} whether there is such a door */
async function loadLayout() {
  const layout = await call(`${api}/layout`);
  clock.zone = layout.event.timezone;
  clock.set(layout.now);
  for (const group of layout.groups) groups.set(group.id, group.name);
  for (const item of layout.items) items.set(item.id, item.name);
  door = layout.doors.find((/** @type {any} */ one) => one.id === doorId);
  if (!door) {
    paint("refused", "refused", word("stop"), { hint: word("doorUnknown") });
    return false;
  }
  area = door.area;
  const areaName = layout.areas.find((/** @type {any} */ one) => one.id === area).name;
  find("#door").textContent = door.name === areaName || door.name.startsWith(areaName) ? door.name : `${door.name} · ${areaName}`;
  document.title = `${door.name} – ${layout.event.name}`;
  find("#directions").hidden = door.direction !== "both";
  if (door.item) {
    for (const [id, key] of [["#entry", "handOut"], ["#exit", "takeBack"]]) find(id).dataset.word = key;
    find("#directions").hidden = layout.items.find((/** @type {any} */ one) => one.id === door.item)?.kind !== "lent";
    fillWords();
  }
  find("#crew").hidden = Boolean(door.item);
  find("#clicker").setAttribute("href", `/events/${encodeURIComponent(event)}/clicker/${encodeURIComponent(area)}`);
  return true;
}

async function start() {
  show(showReady);
  if (!(await loadLayout())) return;
  setDirection(door.direction === "exit" ? "exit" : "entry");
  live = new Live(api, [area], clock, showNumbers, () => loadLayout().catch(() => {}));
  scanner = new WedgeScanner(read, (text) => openTyping(text));
  new SerialScanner({ button: find("#serial-switch"), onCode: read, told: tell });
  followScreen(api, doorId, showOther);
  camera = new Camera({ button: find("#camera-switch"), view: find("#camera"), api, onCode: read, onToggle: () => shown() });
  showNumbers();
  sendKept();
}

find("#entry").addEventListener("click", () => setDirection("entry"));
find("#exit").addEventListener("click", () => setDirection("exit"));
find("#type").addEventListener("click", () => openTyping());
find("#stoptyping").addEventListener("click", closeTyping);
find("#typing").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const code = /** @type {HTMLInputElement} */ (find("#code")).value.trim();
  if (code) read(code);
});
find("#override").addEventListener("click", () => {
  const open = find("#reasons").hidden;
  find("#reasons").hidden = !open;
  find("#override").setAttribute("aria-expanded", String(open));
  clearTimeout(backToReady);
  backToReady = setTimeout(() => show(showReady), SHOWN_LOOK_MS);
  if (open) find("#reasons button").focus();
});
for (const button of document.querySelectorAll("[data-reason]")) {
  button.addEventListener("click", () => act({ override: { reason: word(/** @type {HTMLElement} */ (button).dataset.reason ?? "") } }));
}
find("#stop-here").addEventListener("click", async () => {
  const state = live?.evacuation === "none" ? "evacuation" : "none";
  await call(`${api}/evacuation`, { method: "POST", body: { state } }).catch((error) => tell(error.message));
});
find("#switch").addEventListener("click", () => act({ switch: true }));
find("#wait").addEventListener("click", () => act({ wait: true }));
find("#nobody").addEventListener("click", closePeople);
find("#crew").addEventListener("click", async () => {
  try {
    const { crew } = await call(`${api}/crew`);
    openPeople(word("crewList"), crew, (id) => send(scanOf({ attendee: id })));
  } catch (error) {
    show(() => paint("cut", "cut", word("noLink"), { hint: error instanceof Problem ? error.message : word("connecting") }), SHOWN_LOOK_MS);
  }
});
for (const gesture of ["pointerdown", "keydown"]) {
  addEventListener(gesture, () => unlockSound().then(showSound, () => {}), { capture: true });
}
addEventListener("resize", () => shown());
onLanguage(() => {
  shown();
  showNumbers();
  showKept();
});
showSound();
draw(find("#band-symbol"), "cut");

/** The centre may not be there yet: try until it is. */
async function startWhenPossible() {
  try {
    await start();
  } catch (error) {
    if (error instanceof Problem && error.status < 500) throw error;
    showLink(null);
    // A station that never heard of its event, or that can answer nothing, says so.
    const [head, hint] = stuckBy(error) ?? [];
    if (head) {
      find("#link").textContent = word(head);
      paint("cut", "look", word(head), { hint: word(hint) });
    } else paint("cut", "cut", word("noLink"), { hint: error instanceof Problem ? error.message : word("connecting") });
    setTimeout(startWhenPossible, 2_000);
  }
}
startWords();
startWhenPossible();
