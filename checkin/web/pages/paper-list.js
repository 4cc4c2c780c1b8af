// @ts-check
/** A paper list is entered: number, time, Enter, the next. By keyboard alone; each line can be taken back. */

import { call, find, make, newId } from "/faces/centre.js";
import { button, complain, faultOf } from "/faces/deeds.js";
import { onLanguage, said, word } from "/faces/words.js";
import { api, clock, follow, layout, openFrame } from "/pages/frame.js";

const form = /** @type {HTMLFormElement} */ (find("#line"));
const LINES_SHOWN_MAX = 200;

/** @type {{line: any, undone: boolean}[]} the newest first */
let entered = [];
/** What is on its way: pressed twice, it is one line. @type {any} */
let sending = null;

/** @param {string} name */
function input(name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}

/** “942”, “9:42”, “09.42” on the event's day, as an instant with its offset. @param {string} text */
function instant(text) {
  const digits = text.replace(/\D/g, "").padStart(4, "0");
  const wall = `${layout.event.date}T${digits.slice(0, 2)}:${digits.slice(2)}:00`;
  // What the zone's clock shows at that instant in UTC tells the offset there.
  const utc = Date.parse(`${wall}Z`);
  const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: clock.zone, dateStyle: "short", timeStyle: "medium" });
  const offset = Date.parse(`${parts.format(utc).replace(" ", "T")}Z`) - utc;
  return new Date(utc - offset).toISOString();
}

async function enter() {
  const fault = find("#fault");
  fault.hidden = true;
  const body = { number: Number(input("number").value), door: input("door").value, direction: input("direction").value, at: instant(input("time").value) };
  if (!sending || JSON.stringify(sending.body) !== JSON.stringify(body)) sending = { id: newId(), body };
  try {
    const line = await call(`${api}/paper-lines`, { method: "POST", body: { id: sending.id, ...body } });
    sending = null;
    entered = [{ line, undone: false }, ...entered].slice(0, LINES_SHOWN_MAX);
    input("number").value = "";
    // The time stays, marked: lines of a list are close to each other.
    input("number").focus();
  } catch (error) {
    fault.textContent = faultOf(error);
    fault.hidden = false;
    input("number").select();
  }
  show();
}

function show() {
  const standing = entered.filter((one) => !one.undone);
  find("#counted").textContent = word("paperCounted", { count: standing.length, conflicts: standing.filter((one) => one.line.conflict).length });
  find("#entered").replaceChildren(...entered.map(lineShown));
}

/** @param {{line: any, undone: boolean}} one */
function lineShown(one) {
  const { line } = one;
  const door = layout.doors.find((/** @type {any} */ door) => door.id === line.door)?.name ?? line.door;
  const told = [
    make("b", { class: "number" }, `${line.number} · ${clock.time(line.at)}`), " ",
    make("bdi", {}, line.name || word("paperHidden")), make("small", { class: "quiet" }, `${word(line.direction)} · ${door}`),
    line.conflict ? make("small", { class: "conflict" }, `⚠ ${word("paperConflict", { reason: said(line.conflict) })}`) : null,
    line.moved ? null : make("small", { class: "quiet" }, word("paperEarlier")),
  ];
  return make("li", { class: "deed" }, make("span", { class: one.undone ? "gone" : "" }, ...told.filter((part) => part !== null)),
    one.undone ? make("span", { class: "tag" }, word("paperUndone")) : button(`undo-${line.id}`, word("undo"), async () => {
      await call(`${api}/paper-lines/${line.id}/undo`, { method: "POST" });
      one.undone = true;
      show();
      input("number").focus();
    }));
}

form.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  enter();
});
// Enter in the number goes on to the time; in the time it enters the line.
input("number").addEventListener("keydown", (pressed) => {
  if (pressed.key !== "Enter" || !input("number").value) return;
  pressed.preventDefault();
  input("time").focus();
  input("time").select();
});

async function start() {
  await openFrame("paperList");
  follow(() => {});
  onLanguage(show);
  const doors = layout.doors.filter((/** @type {any} */ one) => !one.item);
  input("door").replaceChildren(...doors.map((/** @type {any} */ one) => make("option", { value: one.id }, one.name)));
  const { lines } = await call(`${api}/paper-lines`);
  entered = lines.map((/** @type {any} */ line) => ({ line, undone: false }));
  show();
  if (!form.contains(document.activeElement)) input("number").focus(); // or it would take it from whoever types already
}

start().catch(complain);
