// @ts-check
/** Things to tap and to fill in: buttons with a deed, questions, and a way back from what was done. */

import { Problem, make } from "/faces/centre.js";
import { word } from "/faces/words.js";

const UNDO_MS = 30_000;
const NOTICES_MAX = 3;
const TOLD_MS = 8_000;
const DRAW_MS_MIN = 1_000;

/**
 * Draw anew once a second at most, and not while something is being tapped or chosen: what somebody is
 * about to tap does not change under the finger. @param {() => void} draw @returns {() => void}
 */
export function calmly(draw) {
  let due = false;
  let waiting = false;
  let down = false;
  const run = () => {
    if (down || document.activeElement instanceof HTMLSelectElement) return;
    if (!due || waiting) return;
    due = false;
    waiting = true;
    const key = focusedKey();
    draw();
    focusKey(key);
    setTimeout(() => {
      waiting = false;
      run();
    }, DRAW_MS_MIN);
  };
  addEventListener("pointerdown", () => (down = true), { capture: true });
  for (const end of ["pointerup", "pointercancel", "focusout"]) {
    addEventListener(end, () => setTimeout(() => {
      down = false;
      run();
    }, 0), { capture: true });
  }
  return () => {
    due = true;
    run();
  };
}

function focusedKey() {
  return /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.key;
}

/** The focus back to what bears a key, also where it was drawn anew since. @param {string | undefined} key */
function focusKey(key) {
  if (key) /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(key)}"]`))?.focus();
}

/** @typedef {{line: HTMLElement, undo: (() => Promise<unknown>) | null, from: Element | null, busy: boolean}} Notice */
/** @type {Notice[]} what is said just now, the newest last */
const notices = [];

/** Say what was done, with the way back where there is one. @param {string} text @param {(() => Promise<unknown>) | null} [undo] */
export function notice(text, undo = null) {
  let shown = document.querySelector("#notice");
  if (!shown) {
    shown = make("div", { id: "notice", role: "status" });
    document.body.append(shown);
  }
  /** @type {Notice} */
  const one = { line: make("p", {}, make("span", {}, text)), undo, from: null, busy: false };
  if (undo) {
    const back = make("button", { type: "button", class: "button" }, word("undo"));
    back.addEventListener("click", () => takeBack(one));
    // Where the focus came from, it goes back to.
    back.addEventListener("focus", (event) => {
      const from = /** @type {Element | null} */ (event.relatedTarget);
      if (!shown.contains(from)) one.from = from;
    });
    one.line.append(back);
  }
  shown.append(one.line);
  notices.push(one);
  while (notices.length > NOTICES_MAX) forget(notices[0]);
  showKeys();
  setTimeout(() => forget(one), undo ? UNDO_MS : TOLD_MS);
}

/** @param {Notice} one */
async function takeBack(one) {
  if (one.busy || !one.undo) return;
  one.busy = true;
  try {
    await one.undo();
  } catch (error) {
    complain(error);
    // Without a connection it can be tried again; what the centre refuses cannot.
    if (!(error instanceof Problem)) {
      one.busy = false;
      return;
    }
  }
  forget(one);
}

/** @param {Notice} one */
function forget(one) {
  const at = notices.indexOf(one);
  if (at < 0) return;
  notices.splice(at, 1);
  const held = one.line.contains(document.activeElement);
  one.line.remove();
  showKeys();
  if (!held || !(one.from instanceof HTMLElement)) return;
  if (one.from.isConnected) one.from.focus();
  else focusKey(one.from.dataset.key);
}

function lastUndo() {
  return notices.findLast((one) => one.undo && !one.busy);
}

/** The newest that can be taken back says by which keys. */
function showKeys() {
  const last = lastUndo();
  for (const one of notices) {
    one.line.querySelector("kbd")?.remove();
    if (one === last) one.line.querySelector("button")?.append(make("kbd", {}, word("undoKeys")));
  }
}

addEventListener("keydown", (pressed) => {
  if (pressed.key.toLowerCase() !== "z" || !(pressed.ctrlKey || pressed.metaKey) || pressed.shiftKey || pressed.altKey) return;
  const field = document.activeElement;
  const edits = (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && field.value !== "";
  const last = lastUndo();
  if (edits || !last || document.querySelector("dialog[open]")) return;
  pressed.preventDefault();
  takeBack(last);
});

/** Something that is done only when it is said twice. */
export class Doubt extends Error {}

/** Doubt the first time that something looks wrong; whoever says it again means it. @returns {(wrong: boolean, text: string) => void} */
export function doubtOnce() {
  let doubted = false;
  return (wrong, text) => {
    if (!wrong || doubted) return;
    doubted = true;
    throw new Doubt(text);
  };
}

/** What a failure says to people, in their language where there are words for it. @param {unknown} error */
export function faultOf(error) {
  if (error instanceof Doubt) return error.message;
  return error instanceof Problem ? error.message : word("cut");
}

/** Say what failed, and what to do. @param {unknown} error */
export function complain(error) {
  notice(faultOf(error));
}

/**
 * A button with a deed; what fails is said. Its key keeps the focus on it while the page is drawn anew.
 * @param {string} key @param {string} text @param {() => Promise<unknown> | void} deed @param {string} [look]
 */
export function button(key, text, deed, look = "plain") {
  const one = make("button", { type: "button", class: `button ${look}`, "data-key": key }, text);
  one.addEventListener("click", async () => {
    /** @type {HTMLButtonElement} */ (one).disabled = true;
    try {
      await deed();
    } catch (error) {
      complain(error);
    }
    /** @type {HTMLButtonElement} */ (one).disabled = false;
    if (document.activeElement === document.body) focusKey(key);
  });
  return one;
}

/** A labelled field. @param {string} label @param {HTMLElement} input */
export function field(label, input) {
  return make("label", { class: "field" }, make("span", {}, label), input);
}

/** @param {string} name @param {[string, string][]} options value and text @param {string} [chosen] @param {Record<string, string>} [more] */
export function select(name, options, chosen, more = {}) {
  return make("select", { name, ...more }, ...options.map(([value, text]) => make("option", { value, ...(value === chosen ? { selected: "" } : {}) }, text)));
}

/**
 * Ask in a dialog; resolves with what was filled in, or null. @param {string} title @param {(Node | string)[]} content
 * @param {string} yes @param {(data: FormData) => Promise<void>} deed what “yes” does; what it throws is shown in the dialog
 * @param {string} [look]
 */
export function ask(title, content, yes, deed, look = "") {
  const fault = make("p", { class: "message", role: "alert", hidden: "" });
  const no = make("button", { type: "button", class: "button plain" }, word("cancel"));
  const form = make("form", {}, make("h2", { id: "asked" }, title), ...content, fault, make("p", { class: "buttons" }, no, make("button", { class: `button ${look}` }, yes)));
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: "asking", "aria-labelledby": "asked" }, form));
  const opener = focusedKey();
  no.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    focusKey(opener);
  });
  let busy = false;
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    if (busy) return;
    busy = true;
    try {
      await deed(new FormData(/** @type {HTMLFormElement} */ (form)));
      dialog.close();
    } catch (error) {
      fault.hidden = false;
      fault.textContent = faultOf(error);
    }
    busy = false;
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** When the dialog that asks has gone, and the focus is back at what opened it: what comes next. @param {() => void} then */
export function afterwards(then) {
  document.querySelector("dialog[open]")?.addEventListener("close", then, { once: true });
}
