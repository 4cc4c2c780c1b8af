// @ts-check
/** Badges before they are printed: each format on the hardest names, drawn anew when a template changes. */

import { Problem, call, find, make } from "/faces/centre.js";
import { onLanguage, word } from "/faces/words.js";
import { api, event, follow, openFrame } from "/pages/frame.js";

const TEMPLATES_READ_MS = 1_500;
const MEASURING_MS_MAX = 120_000;

const FIELDS = {
  title: "fieldTitle", given_name: "fieldGivenName", family_name: "fieldFamilyName", organisation: "fieldOrganisation",
  place: "fieldPlace", group: "fieldGroup", event_name: "fieldEvent", event_line: "fieldEvent", forums: "fieldForum",
};

/** @type {any[]} */
let formats = [];
/** @type {{attendee: string, name: string}[]} */
let hardest = [];
let version = "";
/** @type {any} the last pre-flight; null while it runs */
let preflight = null;
/** @type {unknown} why there was none */
let preflightFault = null;
let round = 0;

const choice = /** @type {HTMLSelectElement} */ (find("#format"));
const person = /** @type {HTMLSelectElement} */ (find("#attendee"));

const chosenFormat = () => formats.find((one) => one.id === choice.value) ?? formats[0];

/** @param {string} kind @param {number} side */
function drawing(kind, side = 1) {
  return `${api}/badges/preview/${encodeURIComponent(person.value)}.${kind}?format=${choice.value}&side=${side}`;
}

/** The picture as a data URL; throws `Problem`. @param {string} path @returns {Promise<string>} */
async function picture(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Problem(answer.status, await answer.json(), 1);
  const content = await answer.blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(content);
  });
}

async function draw() {
  const mine = ++round;
  showSource();
  if (!person.value) return;
  find("#pdf").setAttribute("href", drawing("pdf").replace(/&side=1$/, ""));
  try {
    const sides = Array.from({ length: chosenFormat().sides }, (_, at) => at + 1);
    const sources = await Promise.all(sides.map((side) => picture(drawing("png", side))));
    if (mine !== round) return;
    const name = person.selectedOptions[0]?.textContent ?? "";
    find("#sides").replaceChildren(...sources.map((src, at) => make("img", { src, alt: word("badgeAlt", { name, side: at + 1 }) })));
    find("#fault").hidden = true;
  } catch (error) {
    if (mine !== round) return;
    find("#sides").replaceChildren();
    complain(error);
  }
}

/** @param {unknown} error */
function complain(error) {
  find("#fault").textContent = error instanceof Problem ? error.message : word("cut");
  find("#fault").hidden = false;
}

async function measure() {
  const format = choice.value;
  preflight = preflightFault = null;
  showPreflight();
  try {
    const answer = await call(`${api}/badges/preflight?format=${format}`, { timeoutMs: MEASURING_MS_MAX });
    if (format === choice.value) preflight = answer;
  } catch (error) {
    if (format === choice.value) preflightFault = error;
  }
  showPreflight();
}

function showPreflight() {
  if (preflightFault) {
    find("#verdict").textContent = preflightFault instanceof Problem ? preflightFault.message : word("cut");
  } else if (!preflight) {
    find("#verdict").textContent = word("preflightRuns");
  } else {
    const parts = { count: preflight.misfits.length, checked: preflight.checked };
    find("#verdict").textContent = word(preflight.misfits.length ? "preflightMisfits" : "preflightWell", parts);
  }
  find("#misfits").replaceChildren(...(preflight?.misfits ?? []).map(misfitLine));
}

/** @param {any} misfit */
function misfitLine(misfit) {
  const field = word(FIELDS[/** @type {keyof typeof FIELDS} */ (misfit.field)]);
  const why = misfit.letters ? word("misfitLetters", { field, letters: [...misfit.letters].join(" ") }) : word("misfitLength", { field });
  return make("li", {}, make("b", {}, make("bdi", {}, misfit.name)), ` ${misfit.desk_number || ""} `, make("span", { class: "quiet" }, why));
}

function showSource() {
  const format = chosenFormat();
  find("#template").setAttribute("href", `${api}/badges/templates/${format.id}.typ`);
  find("#source").textContent = word(format.own ? "templateOwn" : "templateOurs", { file: `${event}/badges/${format.id}.typ` });
}

function showChoices() {
  const kept = choice.value;
  choice.replaceChildren(...formats.map((one) => make("option", { value: one.id }, one.own ? word("formatOwn", { name: one.name }) : one.name)));
  if (kept) choice.value = kept;
}

async function readTemplates() {
  const answer = await call(`${api}/badges/templates`);
  const changed = version !== answer.version;
  version = answer.version;
  formats = answer.formats;
  if (!changed) return;
  showChoices();
  await draw();
  await measure();
}

function watchTemplates() {
  setTimeout(() => readTemplates().catch(complain).finally(watchTemplates), TEMPLATES_READ_MS);
}

choice.addEventListener("change", () => Promise.all([draw(), measure()]));
person.addEventListener("change", draw);

async function start() {
  await openFrame("badges");
  follow(() => {});
  onLanguage(() => {
    showChoices();
    showSource();
    showPreflight();
  });
  hardest = (await call(`${api}/badges/hardest`)).attendees;
  person.replaceChildren(...hardest.map((one) => make("option", { value: one.attendee }, one.name)));
  await readTemplates();
  watchTemplates();
}

start().catch(complain);
