// @ts-check
/** Badges before they are printed: each format on the hardest names, drawn anew when a template changes. */

import { Problem, call, find, make } from "/faces/centre.js";
import { saveAs } from "/faces/saving.js";
import { Stopped, begunBefore, made } from "/faces/work.js";
import { onLanguage, word } from "/faces/words.js";
import { api, event, follow, openFrame } from "/pages/frame.js";

const TEMPLATES_READ_MS = 1_500;
const MEASURING_MS_MAX = 120_000;

const FIELDS = {
  title: "fieldTitle", given_name: "fieldGivenName", family_name: "fieldFamilyName", organisation: "fieldOrganisation",
  place: "fieldPlace", group: "fieldGroup", event_name: "fieldEvent", event_line: "fieldEvent", forums: "fieldForum", agenda: "fieldForum",
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
const group = /** @type {HTMLSelectElement} */ (find("#group"));

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

/** What typst says of a template → the word for it. @type {[RegExp, string][]} */
const TEMPLATE_SAYS = [
  [/^unknown variable: (.+)$/, "templateUnknownName"],
  [/^dictionary does not contain key "(.+)"$/, "templateNoField"],
  [/^unclosed delimiter$/, "templateUnclosed"],
  [/^unclosed string$/, "templateUnclosed"],
  [/^unexpected argument: (.+)$/, "templateArgument"],
  [/^unexpected (.+)$/, "templateUnexpected"],
  [/^missing argument: (.+)$/, "templateExpected"],
  [/^expected ([^,]+)/, "templateExpected"],
  [/^file not found: (.+)$/, "templateNoFile"],
  [/^imports files of this folder/, "templateForeign"],
];

/** What failed, in words of the page. @param {unknown} error */
function saidOf(error) {
  if (!(error instanceof Problem)) return word("cut");
  if (error.code !== "template_wrong") return error.message;
  const { file, line, said } = error.data;
  const [pattern, key] = TEMPLATE_SAYS.find(([one]) => one.test(said)) ?? [null, "templateSays"];
  const what = word(key, { message: said, name: (pattern && said.match(pattern)?.[1]) ?? "" });
  return word("templateWrongAt", { file, line, what });
}

/** @type {unknown} what is complained of now */
let fault = null;

/** @param {unknown} error */
function complain(error) {
  fault = error;
  find("#fault").textContent = saidOf(error);
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
    find("#verdict").textContent = saidOf(preflightFault);
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
  find("#sheet-choice").hidden = !format.sheet;
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

/** @type {any[]} */
let groups = [];
/** @type {{count: number, missing: number, who: any[], fault: unknown} | null} what the last document holds */
let printed = null;

function showGroups() {
  const kept = group.value;
  group.replaceChildren(make("option", { value: "" }, word("everybody")), ...groups.map((one) => make("option", { value: one.id }, one.name)));
  group.value = kept;
}

function showPrinted() {
  const told = find("#printed");
  const said = printed?.fault ? saidOf(printed.fault) : printed ? word(printed.missing ? "printAllMissing" : "printAllDone", { count: printed.count }) : "";
  told.replaceChildren(said, ...(printed?.who.length ? [make("ul", {}, ...printed.who.map(misfitLine))] : []));
}

/** Everybody's badges as one file; who is missing in it is named. */
function printAll() {
  const sheet = /** @type {HTMLInputElement} */ (find("#sheet"));
  const body = { format: choice.value, sheet: sheet.checked && chosenFormat().sheet, ...(group.value ? { group: group.value } : {}) };
  return taken(made({ host: find("#all"), label: "printAllRuns", path: `${api}/badges/document`, body }));
}

/** @param {Promise<import("/faces/work.js").Made | null>} making */
async function taken(making) {
  const submit = /** @type {HTMLButtonElement} */ (find("#all button"));
  submit.disabled = true;
  printed = null;
  showPrinted();
  try {
    const file = await making;
    if (file) {
      const missing = Number(file.heads["Checkin-Missing"]);
      saveAs(file.content, file.name);
      const checked = missing ? await call(`${api}/badges/preflight?format=${choice.value}`, { timeoutMs: MEASURING_MS_MAX }) : { misfits: [] };
      printed = { count: Number(file.heads["Checkin-Badges"]), missing, who: checked.misfits.filter((/** @type {any} */ one) => one.letters), fault: null };
    }
  } catch (error) {
    if (!(error instanceof Stopped)) printed = { count: 0, missing: 0, who: [], fault: error };
  }
  submit.disabled = false;
  showPrinted();
}

find("#all").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  printAll();
});
choice.addEventListener("change", () => Promise.all([draw(), measure()]));
person.addEventListener("change", draw);

async function start() {
  await openFrame("badges");
  follow(() => {});
  onLanguage(() => {
    showChoices();
    showSource();
    showPreflight();
    showGroups();
    showPrinted();
    if (fault && !find("#fault").hidden) complain(fault);
  });
  groups = (await call(`${api}/layout`)).groups;
  showGroups();
  hardest = (await call(`${api}/badges/hardest`)).attendees;
  person.replaceChildren(...hardest.map((one) => make("option", { value: one.attendee }, one.name)));
  await readTemplates();
  watchTemplates();
  await taken(begunBefore(find("#all"), "printAllRuns", (what) => what === "badges"));
}

start().catch(complain);
