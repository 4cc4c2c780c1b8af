// @ts-check
/** A clicker for a phone: who goes in and out of a room without a badge, and what a headcount found. */

import { certaintyWord, counted, everybody, levelWord, signed } from "/faces/area.js";
import { EventClock, Live, Problem, call, find, isPassing, newId, place, startWhenPossible } from "/faces/centre.js";
import { doubtOnce, faultOf } from "/faces/deeds.js";
import { showLink } from "/faces/link.js";
import { onLanguage, startWords, word } from "/faces/words.js";

const CLICKS_MAX = 500;
const UNDO_MAX = 30;
const RESEND_MS = 2_000;
const TIMEOUT_MS = 5_000;

/** @typedef {{id: string, area: string, change: number}} Click as it is sent */
/** @typedef {{id: string, change: number, name: string}} Done */

const { event, id: areaId, api, root } = place();
const KEPT_AS = `checkin-clicks ${event} ${areaId}`;
const clock = new EventClock();
/** @type {Live | null} */
let live = null;
/** @type {Click[]} clicks that have no answer yet, in their order */
let waiting = keptClicks();
/** @type {Done[]} what can be taken back, the last one first to go */
const done = [];
/** @type {Set<string>} what is being taken back */
const undoing = new Set();
const own = { in: 0, out: 0 };
let sending = false;
let headcountId = "";
let doubt = doubtOnce();

/** @returns {Click[]} what a closed page had not sent */
function keptClicks() {
  try {
    return JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
  } catch {
    return [];
  }
}

function keepClicks() {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(waiting));
  } catch {
    // A browser that keeps nothing still counts while the page is open.
  }
}

/** @param {string} text */
function say(text) {
  find("#message").textContent = text;
  find("#message").hidden = !text;
}

/** @param {number} change */
function click(change) {
  if (waiting.length >= CLICKS_MAX) {
    say(word("clicksFull"));
    return;
  }
  const id = newId();
  waiting.push({ id, area: areaId, change });
  keepClicks();
  remember({ id, change, name: signed(change) });
  own[change > 0 ? "in" : "out"] += Math.abs(change);
  navigator.vibrate?.(change > 0 ? 30 : [30, 60, 30]);
  show();
  sendAll();
}

/** @param {Done} what */
function remember(what) {
  done.push(what);
  if (done.length > UNDO_MAX) done.shift();
}

async function undo() {
  const last = done.pop();
  if (!last) return;
  own[last.change > 0 ? "in" : "out"] -= last.name === word("headcount") ? 0 : Math.abs(last.change);
  const place = waiting.findIndex((one) => one.id === last.id);
  if (place > 0 || (place === 0 && !sending)) {
    waiting.splice(place, 1);
    keepClicks();
  } else {
    undoing.add(last.id);
    takeBack();
  }
  show();
}

/** Take back what the centre has counted already. */
async function takeBack() {
  for (const id of undoing) {
    if (waiting.some((one) => one.id === id)) continue; // not counted yet: after its answer
    try {
      const answer = await call(`${api}/corrections/${id}/undo`, { method: "POST", timeoutMs: TIMEOUT_MS });
      live?.areas.set(areaId, answer.area);
    } catch (error) {
      if (isPassing(error)) {
        setTimeout(takeBack, RESEND_MS);
        return;
      }
      say(faultOf(error));
    }
    undoing.delete(id);
    show();
  }
}

/** Send what waits, one after the other; each has its id, so that none counts twice. */
async function sendAll() {
  if (sending) return;
  sending = true;
  while (waiting.length) {
    const first = waiting[0];
    try {
      const answer = await call(`${api}/corrections`, { method: "POST", body: first, timeoutMs: TIMEOUT_MS });
      live?.areas.set(areaId, answer.area);
      say("");
    } catch (error) {
      if (isPassing(error)) {
        show();
        await new Promise((later) => setTimeout(later, RESEND_MS));
        continue;
      }
      say(faultOf(error));
    }
    waiting.shift();
    keepClicks();
    show();
    if (undoing.size) takeBack();
  }
  sending = false;
  show();
}

function show() {
  const stale = showLink(live, true);
  document.body.classList.toggle("stale-link", stale);
  const now = live?.areas.get(areaId);
  const last = done[done.length - 1];
  find("#undo").textContent = last ? word("undoWhat", { what: last.name }) : word("undo");
  /** @type {HTMLButtonElement} */ (find("#undo")).disabled = !last;
  const kept = stale && waiting.length ? word("clicksKept", { count: waiting.length }) : "";
  find("#own").textContent = [word("ownClicks", own), kept].filter(Boolean).join(" · ");
  if (!now) return;
  const inside = Math.max(0, now.inside + waiting.reduce((sum, one) => sum + one.change, 0));
  find("#count").className = `is-${now.state}`;
  find("#inside").textContent = counted(live, inside);
  find("#of").textContent = now.capacity === null ? "" : `${word("of")} ${now.capacity}`;
  find("#share").style.setProperty("--share", `${now.capacity ? Math.min(100, (100 * inside) / now.capacity) : 0}%`);
  find("#level").textContent = levelWord(now);
  find("#certainty").textContent = certaintyWord(now, clock);
  /** @type {HTMLButtonElement} */ (find("#minus")).disabled = inside === 0;
}

function openHeadcount() {
  headcountId = newId();
  doubt = doubtOnce();
  const form = /** @type {HTMLFormElement} */ (find("#counted"));
  form.reset();
  showChange();
  /** @type {HTMLDialogElement} */ (find("#counting")).showModal();
}

function showChange() {
  const now = live?.areas.get(areaId);
  const count = now ? everybody(now) : 0;
  find("#shownow").textContent = word("headcountNow", { count });
  const typed = /** @type {HTMLInputElement} */ (find("#counted [name=headcount]")).value;
  find("#change").textContent = typed === "" ? "" : word("headcountChange", { change: signed(Number(typed) - count) });
}

/** @param {SubmitEvent} submitted */
async function enterHeadcount(submitted) {
  submitted.preventDefault();
  const data = new FormData(/** @type {HTMLFormElement} */ (submitted.target));
  try {
    const body = { id: headcountId, area: areaId, headcount: Number(data.get("headcount")), note: data.get("note") };
    const limit = live?.areas.get(areaId)?.capacity ?? null;
    doubt(limit !== null && body.headcount > limit, word("headcountAbove", { limit: limit ?? "" }));
    const answer = await call(`${api}/corrections`, { method: "POST", body });
    remember({ id: headcountId, change: answer.change, name: word("headcount") });
    say("");
    /** @type {HTMLDialogElement} */ (find("#counting")).close();
  } catch (error) {
    find("#change").textContent = faultOf(error);
  }
  show();
}

async function start() {
  const [layout, me] = await Promise.all([call(`${api}/layout`), call(`${root}/api/v1/me`)]);
  clock.zone = layout.event.timezone;
  clock.set(layout.now);
  const area = layout.areas.find((/** @type {any} */ one) => one.id === areaId);
  if (!area) {
    say(word("areaUnknown"));
    return;
  }
  find("#area").textContent = area.name;
  document.title = area.name;
  find("#headcount").hidden = !me.may.includes("correct");
  for (const id of ["#plus", "#minus"]) /** @type {HTMLButtonElement} */ (find(id)).disabled = !me.may.includes("click");
  live = new Live(api, [areaId], clock, show);
  addEventListener("keydown", (pressed) => {
    if (pressed.target instanceof HTMLInputElement || /** @type {HTMLDialogElement} */ (find("#counting")).open) return;
    if (["+", "ArrowUp"].includes(pressed.key)) find("#plus").click();
    if (["-", "ArrowDown"].includes(pressed.key)) find("#minus").click();
    if (pressed.key === "Backspace") find("#undo").click();
  });
  show();
  sendAll();
}

find("#plus").addEventListener("click", () => click(1));
find("#minus").addEventListener("click", () => click(-1));
find("#undo").addEventListener("click", undo);
find("#headcount").addEventListener("click", openHeadcount);
find("#notcounted").addEventListener("click", () => /** @type {HTMLDialogElement} */ (find("#counting")).close());
find("#counted").addEventListener("submit", (submitted) => enterHeadcount(/** @type {SubmitEvent} */ (submitted)));
find("#counted [name=headcount]").addEventListener("input", showChange);
onLanguage(show);
startWords();
startWhenPossible(start, (error) => say(/** @type {Problem} */ (error).message));
