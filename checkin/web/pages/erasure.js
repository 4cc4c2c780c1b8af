// @ts-check
/** What is deleted when: looked at, set, done at once after a question, proved. */

import { call, find, make } from "/faces/centre.js";
import { Doubt, ask, button, complain, faultOf, notice } from "/faces/deeds.js";
import { progress } from "/faces/progress.js";
import { onLanguage, shownLanguage, word } from "/faces/words.js";
import { api, clock, follow, openFrame } from "/pages/frame.js";

const LONG_MS = 600_000;
const form = /** @type {HTMLFormElement} */ (find("#days"));
const STAGES = { needs: "erasureNeeds", passages: "erasurePassages", names: "erasureNames" };
const ABOUT = { needs: "erasureNeedsWhat", passages: "erasurePassagesWhat", names: "erasureNamesWhat" };
const COUNTED = { needs: "erasureCountNeeds", passages: "erasureCountPassages", names: "erasureCountNames", certificates: "erasureCountCertificates" };

/** @type {any} */
let plan = null;

/** @param {string} date */
function day(date) {
  if (date.length === 10) return new Date(`${date}T12:00Z`).toLocaleDateString(shownLanguage(), { dateStyle: "long", timeZone: "UTC" });
  return new Date(date).toLocaleDateString(shownLanguage(), { dateStyle: "long", timeZone: clock.zone });
}

function show() {
  find("#state").textContent = word(plan.on ? "erasureIsOn" : "erasureIsOff");
  find("#stages").replaceChildren(...plan.stages.map(stageLine));
  find("#proof").setAttribute("href", `${api}/erasure.pdf?language=${shownLanguage() === "en" ? "en" : "de"}`);
  showTravel();
}

function fill() {
  for (const stage of plan.stages) input(`${stage.stage}_days`).value = String(stage.days);
  input("on").checked = plan.on;
}

/** @param {string} name */
function input(name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}

/** A certificate is asked for as long as travel expenses can be. */
function showTravel() {
  const early = Number(input("names_days").value) < 457;
  find("#brkg").textContent = word(early ? "erasureTooEarly" : "erasureTravel", { date: day(plan.certificates_until) });
  find("#brkg").classList.toggle("message", early);
}

/** @param {any} stage */
function stageLine(stage) {
  const key = STAGES[/** @type {keyof typeof STAGES} */ (stage.stage)];
  const counts = Object.entries(stage.done_at ? stage.removed : stage.counts).map(([what, count]) => word(COUNTED[/** @type {keyof typeof COUNTED} */ (what)], { count })).join(", ");
  const when = stage.done_at ? word("erasureDoneOn", { date: day(stage.done_at) }) : word(stage.due ? "erasureOverdue" : "erasureDueOn", { date: day(stage.due_on) });
  return make("li", { class: stage.done_at ? "done" : stage.due ? "due" : "" },
    make("h3", {}, word(key)),
    make("p", {}, make("b", {}, when), " · ", make("span", { class: "number" }, counts)),
    make("p", { class: "quiet" }, word(ABOUT[/** @type {keyof typeof ABOUT} */ (stage.stage)])),
    stage.done_at ? null : make("p", { class: "buttons" }, button(`erase-${stage.stage}`, word("erasureNow"), () => askErase(stage), "danger")));
}

/** @param {any} stage */
function askErase(stage) {
  const key = STAGES[/** @type {keyof typeof STAGES} */ (stage.stage)];
  const sure = make("input", { name: "sure", required: "", autocomplete: "off" });
  const content = [
    make("p", {}, word("erasureAsk", { what: word(key) })),
    make("label", { class: "field" }, make("span", {}, word("erasureType", { word: word("erasureTyped") })), sure),
  ];
  const working = make("div", {});
  content.push(working);
  ask(word("erasureNow"), content, word("erasureNow"), async (data) => {
    if (String(data.get("sure")).trim().toUpperCase() !== word("erasureTyped")) {
      throw new Doubt(word("erasureType", { word: word("erasureTyped") }));
    }
    const bar = progress(working, { label: "erasureRuns" }); // how long the database takes to be written anew, nobody knows
    try {
      await call(`${api}/erasure`, { method: "POST", body: { stage: stage.stage }, timeoutMs: LONG_MS });
    } finally {
      bar.done();
    }
    notice(word("erasureGone"));
    await read();
  }, "danger");
}

async function read() {
  plan = await call(`${api}/erasure`);
  fill();
  show();
}

form.addEventListener("input", showTravel);
form.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const fault = find("#fault");
  fault.hidden = true;
  try {
    const body = { on: input("on").checked, ...Object.fromEntries(["needs_days", "passages_days", "names_days"].map((name) => [name, Number(input(name).value)])) };
    plan = await call(`${api}/erasure`, { method: "PUT", body });
    show();
    notice(word("erasureSaved"));
  } catch (error) {
    fault.textContent = faultOf(error);
    fault.hidden = false;
  }
});

async function start() {
  await openFrame("erasure");
  follow(() => {});
  onLanguage(show);
  await read();
}

start().catch(complain);
