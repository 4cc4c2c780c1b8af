// @ts-check
/** Lists out: what is in each, its first rows, and its file in the format and language asked for. */

import { Problem, call, find, make } from "/faces/centre.js";
import { toClipboard } from "/faces/copying.js";
import { button, complain, field, notice } from "/faces/deeds.js";
import { saveAs } from "/faces/saving.js";
import { Stopped, begunBefore, made } from "/faces/work.js";
import { onLanguage, word } from "/faces/words.js";
import { allowed, api, clock, event, follow, openFrame } from "/pages/frame.js";
import { startWebhooks } from "/pages/webhooks.js";

const WRITING_MS_MAX = 300_000;

/** Each list's name and what is in it. @type {Record<string, [string, string]>} */
const LISTS = {
  attendees: ["listAttendees", "listAttendeesAbout"],
  participants: ["listParticipants", "listParticipantsAbout"],
  attendance: ["listAttendance", "listAttendanceAbout"],
  times: ["listTimes", "listTimesAbout"],
  sessions: ["listSessions", "listSessionsAbout"],
  doors: ["listDoors", "listDoorsAbout"],
  scans: ["listScans", "listScansAbout"],
  no_shows: ["listNoShows", "listNoShowsAbout"],
  catering: ["listCatering", "listCateringAbout"],
  press: ["listPress", "listPressAbout"],
  protocol: ["listProtocol", "listProtocolAbout"],
};
const NEEDS = { manage: "listNeedsManage", protocol: "listNeedsProtocol" };

/** @type {{lists: any[], formats: string[]}} */
let known = { lists: [], formats: [] };
/** @type {any[]} */
let sessions = [];
let session = "";

const language = /** @type {HTMLSelectElement} */ (find("#language"));
const separator = /** @type {HTMLSelectElement} */ (find("#separator"));

/** @param {string} list */
function query(list) {
  const asked = new URLSearchParams({ language: language.value });
  if (separator.value) asked.set("comma", "true");
  if (list === "sessions" && session) asked.set("session", session);
  return asked;
}

/** Fetch a file, and hand it to whoever asked for it. @param {string} path @param {string} name */
async function save(path, name) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(WRITING_MS_MAX), cache: "no-store" });
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})), 1);
  saveAs(await answer.blob(), name);
}

/** @param {string} list @param {string} format */
function take(list, format) {
  return taken(made({ host: find("#working"), label: "listWritingNow", path: `${api}/exports/${list}.${format}?${query(list)}` }));
}

/** @param {Promise<import("/faces/work.js").Made | null>} making */
async function taken(making) {
  find("#leaving").hidden = false;
  try {
    const file = await making;
    if (!file) return;
    saveAs(file.content, file.name);
    notice(word("listWritten", { list: file.name }));
    await read();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    notice(word("listStopped"));
  } finally {
    find("#leaving").hidden = find("#working").childElementCount > 0 ? false : true;
  }
}

/** @param {string} list */
async function preview(list) {
  const shown = await call(`${api}/exports/${list}/preview?${query(list)}`, { timeoutMs: WRITING_MS_MAX });
  const close = make("button", { type: "button", class: "button" }, word("close"));
  const rows = shown.rows.map((/** @type {string[]} */ row) => make("tr", {}, ...row.map((cell) => make("td", {}, make("bdi", {}, cell)))));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...shown.heads.map((/** @type {string} */ head) => make("th", { scope: "col" }, head)))), make("tbody", {}, ...rows));
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: "asking wide", "aria-labelledby": "previewed" },
    make("h2", { id: "previewed" }, word("listPreviewOf", { list: word(LISTS[list][0]) })),
    shown.rows.length ? make("div", { class: "scroll", tabindex: "0" }, table) : make("p", {}, word("listEmpty")),
    shown.more ? make("p", { class: "quiet" }, word("listMore")) : null,
    ...shown.notes.map((/** @type {string} */ note) => make("p", { class: "quiet" }, note)),
    make("p", { class: "buttons" }, close)));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {any} list */
function card(list) {
  const name = word(LISTS[list.id][0]);
  const last = list.last
    ? word("listLast", { time: clock.time(list.last.at), who: list.last.by === "command" ? word("auditCommand") : list.last.by, format: list.last.format.toUpperCase(), rows: list.last.rows })
    : word("listNever");
  const formats = known.formats.map((format) => {
    const one = button(`${list.id} ${format}`, format.toUpperCase(), () => take(list.id, format), "");
    one.setAttribute("aria-label", word("listAs", { list: name, format: format.toUpperCase() }));
    return one;
  });
  const look = button(`${list.id} preview`, word("listPreview"), () => preview(list.id));
  look.setAttribute("aria-label", word("listPreviewOf", { list: name }));
  return make("li", { class: "card", "data-list": list.id },
    make("h3", {}, name),
    make("p", {}, word(LISTS[list.id][1])),
    list.id === "sessions" ? sessionField() : null,
    make("p", { class: "quiet last" }, word(NEEDS[/** @type {keyof typeof NEEDS} */ (list.needs)]), make("br"), last),
    make("p", { class: "buttons" }, ...formats, look));
}

function sessionField() {
  const choice = /** @type {HTMLSelectElement} */ (make("select", { "data-key": "session" },
    make("option", { value: "" }, word("listAllSessions")),
    ...sessions.map((one) => make("option", { value: one.id, ...(one.id === session ? { selected: "" } : {}) }, `${clock.time(one.starts_at)} ${one.title}`))));
  choice.addEventListener("change", () => (session = choice.value));
  return field(word("listSession"), choice);
}

function show() {
  find("#lists").replaceChildren(...known.lists.filter((list) => list.allowed).map(card));
  find("#feeds").replaceChildren(...["json", "xml", "ics", "xcal"].map((form) => {
    const name = `${event}-schedule.${form}`;
    return button(`feed ${form}`, FORMS[/** @type {keyof typeof FORMS} */ (form)], () => save(`${api}/schedule.${form}`, name));
  }));
}

/** Proper names of formats. */
const FORMS = { json: "frab JSON", xml: "frab XML", ics: "iCalendar", xcal: "xCal" };

async function read() {
  known = await call(`${api}/exports`);
  show();
}

/** @param {{public: boolean, links: string[]}} feed */
function showFeed(feed) {
  /** @type {HTMLInputElement} */ (find("#feedopen")).checked = feed.public;
  find("#feedlinks").hidden = !feed.public;
  find("#links").replaceChildren(...feed.links.map((link) => {
    const copy = button(`copy ${link}`, word("copy"), async () => {
      await toClipboard(link);
      notice(word("copied"));
    });
    copy.setAttribute("aria-label", word("copyLink", { link }));
    return make("li", {}, make("code", {}, link), copy);
  }));
}

async function start() {
  await openFrame("exports");
  follow(() => {});
  const feed = await call(`${api}/schedule-feed`);
  sessions = (await call(`${api}/sessions`)).sessions.filter((/** @type {any} */ one) => !one.cancelled);
  language.value = document.documentElement.lang === "en" ? "en" : "de";
  await read();
  showFeed(feed);
  onLanguage(() => {
    show();
    showFeed(feed);
  });
  taken(begunBefore(find("#working"), "listWritingNow", (what) => what.startsWith("list "))).catch(complain);
  find("#how").addEventListener("submit", (submitted) => submitted.preventDefault());
  if (!allowed("manage")) return;
  find("#feedfield").hidden = false;
  find("#feedopen").addEventListener("change", async (changed) => {
    const box = /** @type {HTMLInputElement} */ (changed.target);
    try {
      Object.assign(feed, await call(`${api}/schedule-feed`, { method: "PATCH", body: { public: box.checked } }));
      notice(word(feed.public ? "feedOpened" : "feedClosed"));
    } catch (error) {
      complain(error);
    }
    showFeed(feed);
  });
  await startWebhooks();
}

start().catch(complain);
