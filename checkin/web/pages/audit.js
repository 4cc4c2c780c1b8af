// @ts-check
/** Who did what: searched by kind, person, operator and time, read on page by page, taken along as a table. */

import { call, find, make } from "/faces/centre.js";
import { button, complain } from "/faces/deeds.js";
import { onLanguage, said, shownLanguage, word } from "/faces/words.js";
import { api, clock, follow, openFrame } from "/pages/frame.js";

const DAY_MS = 24 * 60 * 60_000;
const FORMATS = ["csv", "xlsx", "json"];

const form = /** @type {HTMLFormElement} */ (find("#query"));

/** @type {any[]} */
let entries = [];
/** @type {any[]} */
let actors = [];
/** @type {number | null} */
let before = null;

/** @param {Record<string, string>} more */
function asked(more = {}) {
  const data = new FormData(form);
  const wanted = new URLSearchParams(more);
  for (const name of ["kind", "q"]) if (data.get(name)) wanted.set(name, String(data.get(name)));
  const by = String(data.get("by")).trim();
  if (by) wanted.set("by", by);
  if (data.get("since")) wanted.set("since", new Date(`${data.get("since")}T00:00`).toISOString());
  // Both days are meant as a whole.
  if (data.get("until")) wanted.set("until", new Date(Date.parse(`${data.get("until")}T00:00`) + DAY_MS).toISOString());
  return wanted;
}

/** @param {boolean} further */
async function read(further) {
  const page = await call(`${api}/audit?${asked(further && before !== null ? { before: String(before) } : {})}`);
  entries = further ? [...entries, ...page.entries] : page.entries;
  before = page.before;
  actors = page.actors;
  showActors();
  show();
}

function showActors() {
  const names = new Set([word("auditClock"), word("auditCommand"), ...actors.map((one) => one.name)]);
  find("#actors").replaceChildren(...[...names].map((value) => make("option", { value })));
}

/** @param {any} one */
function byName(one) {
  if (one.by === "clock") return word("auditClock");
  if (one.by === "command") return word("auditCommand");
  if (one.by === "setup") return word("bySetup");
  return one.by_name || word("auditGone");
}

function show() {
  find("#count").textContent = word(before === null ? "auditAll" : "auditSome", { count: entries.length });
  find("#entries").replaceChildren(...entries.map(row));
  find("#more").replaceChildren(...(before === null ? [] : [button("more", word("auditMore"), () => read(true))]));
  const language = shownLanguage() === "en" ? "en" : "de";
  find("#files").replaceChildren(...FORMATS.map((format) => make("a", { class: "button plain", download: "", href: `${api}/audit/export/${format}?${asked({ language })}` }, format.toUpperCase())));
}

/** @param {any} one */
function row(one) {
  const at = new Date(one.at).toLocaleString(shownLanguage(), { dateStyle: "short", timeStyle: "medium", hourCycle: "h23", timeZone: clock.zone });
  const about = one.about.map((/** @type {any} */ thing) => thing.name || (thing.attendee ? word("auditErased") : "")).filter(Boolean);
  return make("tr", {},
    make("td", { class: "number" }, at),
    make("td", {}, byName(one)),
    make("td", {}, said(one.what), one.note ? make("small", {}, make("bdi", {}, word("auditNote", { text: one.note }))) : null),
    make("td", {}, ...about.map((/** @type {string} */ name, /** @type {number} */ at) => make("bdi", {}, at ? `, ${name}` : name))));
}

form.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  read(false).catch(complain);
});
form.addEventListener("change", () => read(false).catch(complain));

async function start() {
  await openFrame("audit");
  follow(() => {});
  onLanguage(() => {
    showActors();
    show();
  });
  await read(false);
}

start().catch(complain);
