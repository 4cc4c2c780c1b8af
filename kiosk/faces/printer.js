// @ts-check
/** A browser beside a printer: takes what waits, prints it, says how it went. */

import { EventClock, Live, Problem, call, find, make, place, startWhenPossible } from "/faces/centre.js";
import { showLink } from "/faces/link.js";
import { queueLines } from "/faces/queue.js";
import { onLanguage, startWords, word } from "/faces/words.js";

const ASK_MS = 1_500;
const RETRY_MS = 3_000;
const QUEUE_READ_MS = 3_000;

const { api, event } = place();
const KEPT_AS = `checkin-printer ${event}`;
const clock = new EventClock();
const name = /** @type {HTMLInputElement} */ (find("#name"));
const format = /** @type {HTMLSelectElement} */ (find("#format"));
const silent = /** @type {HTMLInputElement} */ (find("#silent"));
/** @type {Live | null} */
let live = null;
/** @type {any[]} */
let formats = [];
let running = false;
/** @type {any} what is being printed */
let current = null;
let stateWord = "printerStopped";

/** @param {string} text */
function say(text) {
  find("#message").textContent = text;
  find("#message").hidden = !text;
}

function show() {
  showLink(live);
  find("#state").textContent = word(stateWord);
  find("#who").textContent = current ? `${current.name} · ${word("badgeNumber", { number: current.desk_number })}` : "";
  find("#deeds").hidden = !current || silent.checked;
  find("#run").textContent = word(running ? "printerStop" : "printerStart");
}

/** What else waits; whoever stands here can withdraw it. */
async function readQueue() {
  const { prints } = await call(`${api}/prints`);
  const held = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.key;
  find("#prints").replaceChildren(...queueLines(api, prints, readQueue));
  if (held) /** @type {HTMLElement | null} */ (find("#prints").querySelector(`[data-key="${CSS.escape(held)}"]`))?.focus();
}

/** Each side of a badge as a picture of its own page. @param {any} one */
async function drawn(one) {
  const sides = formats.find((other) => other.id === format.value)?.sides ?? 1;
  const images = Array.from({ length: sides }, (_, at) =>
    /** @type {HTMLImageElement} */ (make("img", { src: `${api}/badges/${one.badge}.png?format=${format.value}&side=${at + 1}`, alt: "" })));
  find("#sheet").replaceChildren(...images);
  await Promise.all(images.map((image) => image.decode()));
}

/** @param {"printed" | "failed"} state @param {string} [fault] a key of the centre's */
async function report(state, fault = "") {
  const one = current;
  if (!one) return;
  current = null;
  try {
    await call(`${api}/prints/${one.id}`, { method: "PATCH", body: { state, fault } });
  } catch (error) {
    current = one;
    throw error;
  }
  find("#sheet").replaceChildren();
  stateWord = running ? "printerReady" : "printerStopped";
  show();
}

async function next() {
  if (!running || current) return;
  try {
    current = await call(`${api}/prints/next`, { method: "POST", body: { printer: name.value.trim() } });
    say("");
    if (current) {
      stateWord = "printPrinting";
      show();
      await print();
    }
    setTimeout(next, current ? 0 : ASK_MS);
  } catch (error) {
    say(error instanceof Problem ? error.message : word("cut"));
    setTimeout(next, RETRY_MS);
  }
}

async function print() {
  try {
    await drawn(current);
  } catch {
    await report("failed", "not_drawn");
    return;
  }
  window.print();
  if (silent.checked) await report("printed");
}

find("#run").addEventListener("click", () => {
  running = !running;
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify({ name: name.value.trim(), format: format.value, silent: silent.checked }));
  } catch {
    // A browser that keeps nothing asks again tomorrow.
  }
  stateWord = running ? "printerReady" : "printerStopped";
  show();
  next();
});
for (const [id, state] of /** @type {const} */ ([["#good", "printed"], ["#bad", "failed"]])) {
  find(id).addEventListener("click", () => report(state, state === "failed" ? "wrong" : "").then(next, (error) => say(error instanceof Problem ? error.message : word("cut"))));
}
silent.addEventListener("change", show);

let eventName = "";

async function start() {
  const layout = await call(`${api}/layout`);
  eventName = layout.event.name;
  clock.zone = layout.event.timezone;
  clock.set(layout.now);
  showTitle();
  formats = (await call(`${api}/badges/templates`)).formats;
  let before = { name: word("printer"), format: formats[0]?.id, silent: false };
  try {
    before = { ...before, ...JSON.parse(localStorage.getItem(KEPT_AS) ?? "{}") };
  } catch {
    // What was kept cannot be read: begin anew.
  }
  format.replaceChildren(...formats.map((one) => make("option", { value: one.id }, one.name ?? one.id)));
  name.value = before.name;
  format.value = before.format;
  silent.checked = before.silent;
  live = new Live(api, [], clock, () => showLink(live));
  show();
  await readQueue();
  setInterval(() => readQueue().catch(() => {}), QUEUE_READ_MS);
}

function showTitle() {
  document.title = [word("printer"), eventName].filter(Boolean).join(" – ");
}

onLanguage(() => {
  showTitle();
  show();
  readQueue().catch(() => {});
});
startWords();
startWhenPossible(start, (error) => say(/** @type {Problem} */ (error).message));
