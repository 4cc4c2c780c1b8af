// @ts-check
/**
 * Setting an event up: what is still missing up to the first badge, and the layout as a form. The form holds a draft of
 * the layout file; saving shows first what would change, and goes the way of an imported file.
 */

import { Problem, call, find, make } from "/faces/centre.js";
import { ask, button, faultOf, field, notice } from "/faces/deeds.js";
import { onLanguage, problemWord, word } from "/faces/words.js";
import { api, clock, event, follow, openFrame, page } from "/pages/frame.js";
import { idOf } from "/pages/naming.js";

/** @typedef {"text" | "number" | "check" | "time" | "date" | "choice" | "many"} Kind */
/** @typedef {{key: string, label: string, kind: Kind, options?: () => [string, string][], required?: boolean, approved?: boolean, null?: boolean}} Field */

/** @type {any} what the centre knows: layout, needed, progress … */
let known = null;
/** @type {any} the layout as it is being changed */
let draft = null;
/** @type {{message: string, code: string, noun: string, id: string, field: string}[]} */
let faults = [];
/** @type {Set<any>} rows that stand open */
const opened = new Set();
/** @type {WeakSet<any>} rows whose id was typed by hand, or is known already */
const named = new WeakSet();
/** @type {(() => void)[]} bring choices up to date that name other rows */
let refreshers = [];

const yesNo = (/** @type {unknown} */ value) => word(value ? "yes" : "no");
/** @param {string} noun @returns {[string, string][]} */
const rowsOf = (noun) => draft[noun].map((/** @type {any} */ one) => [one.id, one.name || one.id]);
/** @param {string} text @returns {[string, string]} */
const none = (text) => ["", word(text)];

/** @type {Field[]} */
const NUMBERS = [
  { key: "visitors", label: "approvedVisitors", kind: "number", approved: true, null: true },
  { key: "persons", label: "approvedPersons", kind: "number", approved: true, null: true },
  { key: "wheelchair", label: "approvedWheelchair", kind: "number", approved: true },
  { key: "companions", label: "approvedCompanions", kind: "number", approved: true },
];
/** @type {Field} */
const NAME = { key: "name", label: "name", kind: "text", required: true };
/** @type {Field} */
const ID = { key: "id", label: "shortId", kind: "text", required: true };

/** @type {Record<string, Field[]>} */
const FIELDS = {
  event: [
    { key: "name", label: "eventName", kind: "text", required: true },
    { key: "date", label: "eventDate", kind: "date", required: true },
    { key: "timezone", label: "eventZone", kind: "text", required: true },
    { key: "arrival", label: "arrivalRule", kind: "choice", options: () => [["implied", word("arrivalImplied")], ["required", word("arrivalRequired")]] },
    { key: "warn_percent", label: "warnPercent", kind: "number" },
    { key: "prepare_percent", label: "preparePercent", kind: "number" },
    { key: "stop_percent", label: "stopPercent", kind: "number" },
    { key: "doors_open_min", label: "doorsOpenMin", kind: "number" },
    { key: "unclaimed_after_min", label: "unclaimedAfterMin", kind: "number" },
    { key: "called_for_min", label: "calledForMin", kind: "number" },
    { key: "closes_after_min", label: "closesAfterMin", kind: "number" },
    { key: "no_show_percent", label: "noShowPercent", kind: "number", null: true },
  ],
  group: [
    NAME, ID,
    { key: "counts_as", label: "countsAs", kind: "choice", options: () => [["visitor", word("countsVisitor")], ["crew", word("countsCrew")]] },
    { key: "accredited", label: "needsAccreditation", kind: "check" },
    { key: "hidden", label: "hiddenGroup", kind: "check" },
  ],
  area: [
    NAME, ID,
    { key: "parent", label: "areaParent", kind: "choice", null: true, options: () => [none("isHouse"), ...rowsOf("area")] },
    ...NUMBERS,
    { key: "overflow_of", label: "overflowOf", kind: "choice", null: true, options: () => [none("nothingChosen"), ...rowsOf("area")] },
    { key: "step_free", label: "stepFree", kind: "check" },
    { key: "way", label: "areaWay", kind: "text" },
  ],
  plan: [
    { key: "area", label: "room", kind: "choice", options: () => rowsOf("area") },
    NAME, ID, ...NUMBERS,
  ],
  door: [
    NAME, ID,
    { key: "area", label: "doorInto", kind: "choice", options: () => rowsOf("area") },
    { key: "direction", label: "direction", kind: "choice", options: () => [["both", word("bothWays")], ["entry", word("entry")], ["exit", word("exit")]] },
    { key: "opens", label: "doorOpens", kind: "time", null: true },
    { key: "closes", label: "doorCloses", kind: "time", null: true },
    { key: "reentry", label: "reentry", kind: "choice", options: () => [["ask", word("reentryAsk")], ["allow", word("reentryAllow")]] },
    { key: "lanes", label: "doorLanes", kind: "number" },
    { key: "item", label: "doorItem", kind: "choice", null: true, options: () => [none("nothingChosen"), ...rowsOf("item")] },
    { key: "groups", label: "doorGroups", kind: "many", options: () => rowsOf("group") },
    { key: "early", label: "doorEarly", kind: "many", options: () => rowsOf("group") },
  ],
  hold: [
    { key: "area", label: "room", kind: "choice", options: () => rowsOf("area") },
    { key: "seats", label: "seats", kind: "number" },
    { key: "group", label: "holdForGroup", kind: "choice", null: true, options: () => [none("nothingChosen"), ...rowsOf("group")] },
    { key: "until", label: "holdUntil", kind: "time", null: true },
  ],
  item: [
    NAME, ID,
    { key: "kind", label: "itemKind", kind: "choice", options: () => [["once", word("itemOnce")], ["lent", word("itemLent")]] },
  ],
};

/** A new row of each kind. @type {Record<string, () => any>} */
const NEW = {
  group: () => ({ id: "", name: "", counts_as: "visitor", accredited: false, hidden: false }),
  area: () => ({ id: "", name: "", parent: house()?.id ?? null, visitors: null, persons: null, wheelchair: 0, companions: 0, overflow_of: null, step_free: true, way: "" }),
  plan: () => ({ area: draft.area[0]?.id ?? "", id: "", name: "", visitors: null, persons: null, wheelchair: 0, companions: 0 }),
  door: () => ({ id: "", name: "", area: house()?.id ?? "", direction: "both", opens: null, closes: null, groups: [], early: [], reentry: "ask", item: null, lanes: 1 }),
  hold: () => ({ area: draft.area[0]?.id ?? "", seats: 1, id: "", group: draft.group[0]?.id ?? null, session: null, until: null }),
  item: () => ({ id: "", name: "", kind: "once" }),
};
/** @type {Record<string, string>} */
const ADD = { group: "addGroup", area: "addArea", plan: "addPlan", door: "addDoor", hold: "addHold", item: "addItem" };
/** @type {Record<string, string>} */
const NOUN = { event: "nounEvent", group: "nounGroup", area: "nounArea", plan: "nounPlan", door: "nounDoor", hold: "nounHold", item: "nounItem" };

function house() {
  return draft.area.find((/** @type {any} */ one) => one.parent === null);
}

/** @param {string} noun @param {any} row */
function idOfRow(noun, row) {
  return noun === "hold" ? row.id || `${row.area}-${row.group ?? row.session}` : row.id;
}

/** Whether the row stands in the saved layout: its id stays. @param {string} noun @param {any} row */
function isSaved(noun, row) {
  return known.layout[noun].some((/** @type {any} */ one) => one.id === row.id && (noun !== "plan" || one.area === row.area));
}

async function load() {
  known = await call(`${api}/setup`);
  take(known.layout);
}

/** Begin with this layout. @param {any} layout */
function take(layout) {
  draft = structuredClone(layout);
  faults = [];
  for (const noun of Object.keys(NEW)) draft[noun].forEach((/** @type {any} */ row) => named.add(row));
  show();
}

function show() {
  if (!known) return;
  showSteps();
  refreshers = [];
  const hint = known.numbers_fixed ? "numbersFixed" : known.scanned ? "" : "numbersOpen";
  find("#numbers").hidden = !hint;
  if (hint) find("#numbers").replaceChildren(word(hint), ...(known.numbers_fixed ? [" ", make("a", { href: `${page}/safety` }, word("safety"))] : []));
  find("#event-fields").replaceChildren(...FIELDS.event.map((one) => control("event", draft.event, one)));
  for (const noun of Object.keys(NEW)) {
    find(`#${noun} .rows`).replaceChildren(...draft[noun].map((/** @type {any} */ row) => rowOf(noun, row)));
    find(`#${noun} .add`).replaceChildren(button(`add ${noun}`, word(ADD[noun]), () => add(noun)));
  }
  showFiles();
  showTree();
  showSaving();
}

/** What is still missing up to the first badge, each with the way there. */
function showSteps() {
  const { progress: are } = known;
  /** @type {[string, boolean, string, Record<string, string | number>][]} word, done, where, numbers */
  const steps = [
    ["stepEvent", true, "#event-part", {}],
    ["stepGroups", are.groups > 0, "#group", { count: are.groups }],
    [are.areas_without_number ? "stepAreas" : "stepAreasDone", are.areas_without_number === 0, "#area", { count: are.areas, missing: are.areas_without_number }],
    ["stepDoors", are.doors > 0, "#door", { count: are.doors }],
    ["stepHolds", are.holds > 0, "#hold", { count: are.holds }],
    ["stepSessions", are.sessions > 0, `${page}/programme`, { count: are.sessions }],
    ["stepList", are.attendees > 0, `${page}/imports`, { count: are.attendees }],
    ["stepDevices", are.devices > 0 && are.devices_heard >= are.devices, `${page}/devices`, { count: are.devices, heard: are.devices_heard }],
    ["stepOperators", are.operators > 1, "/operators", { count: are.operators }],
    ["stepBadges", are.attendees > 0 && are.badges >= are.attendees, `${page}/badges`, { count: are.badges, all: are.attendees }],
    ["stepPrinted", are.attendees > 0 && are.badges_printed >= are.attendees, `${page}/badges`, { count: are.badges_printed, all: are.attendees }],
  ];
  find("#steps").replaceChildren(...steps.map(([key, done, href, numbers]) => make("li", { class: done ? "done" : key === "stepHolds" ? "may" : "due" },
    make("span", { class: "mark", "aria-hidden": "true" }, done ? "✓" : ""), make("a", { href }, word(key, numbers)),
    make("span", { class: done ? "unseen" : "quiet" }, ` ${word(done ? "done" : key === "stepHolds" ? "optional" : "missing")}`))));
}

/** @param {string} noun */
function add(noun) {
  const row = NEW[noun]();
  draft[noun].push(row);
  opened.add(row);
  show();
  /** @type {HTMLElement | null} */ (document.querySelector(`#${noun} .rows > :last-child :is(input, select)`))?.focus();
}

/** @param {string} noun @param {any} row */
function rowOf(noun, row) {
  const summary = make("summary", {});
  const needed = known.needed.find((/** @type {any} */ one) => one.noun === noun && one.id === row.id);
  const fixed = noun === "plan" && isSaved(noun, row) ? word("planStays") : needed ? problemWord(needed.why) : "";
  const remove = fixed
    ? make("p", { class: "quiet" }, fixed)
    : make("p", { class: "buttons" }, button(`remove ${noun} ${idOfRow(noun, row)}`, word("remove"), () => removeRow(noun, row), "danger"));
  const wrong = faults.filter((one) => one.noun === noun && isOf(one, noun, row));
  const unplaced = wrong.filter((one) => !FIELDS[noun].some((field) => field.key === one.field));
  const details = make("details", { ...(opened.has(row) || wrong.length ? { open: "" } : {}) }, summary,
    ...unplaced.map((one) => make("p", { class: "fault" }, faultWord(one))),
    make("div", { class: "fields" }, ...FIELDS[noun].filter((one) => one.key !== "group" || noun !== "hold" || row.session === null).map((one) => control(noun, row, one, () => showSummary()))), remove);
  details.addEventListener("toggle", () => (/** @type {HTMLDetailsElement} */ (details).open ? opened.add(row) : opened.delete(row)));
  const showSummary = () => summary.replaceChildren(make("b", {}, row.name || nameOf("area", row.area) || word("unnamed")), " ", make("span", { class: "quiet" }, aboutRow(noun, row)));
  showSummary();
  refreshers.push(showSummary);
  return make("li", { class: wrong.length ? "wrong" : "" }, details);
}

/** @param {any} fault @param {string} noun @param {any} row */
function isOf(fault, noun, row) {
  return fault.id.startsWith("#") ? draft[noun].indexOf(row) === Number(fault.id.slice(1)) - 1 : fault.id === idOfRow(noun, row);
}

/** @param {any} fault */
function faultWord(fault) {
  return problemWord(fault.code) || fault.message;
}

/** @param {string} noun @param {string | null} id */
function nameOf(noun, id) {
  return draft[noun].find((/** @type {any} */ one) => one.id === id)?.name ?? id ?? "";
}

/** What of a row is worth seeing while it is closed. @param {string} noun @param {any} row */
function aboutRow(noun, row) {
  const number = row.visitors ?? row.persons;
  const parts = {
    group: () => [row.id, word(row.counts_as === "crew" ? "countsCrew" : "countsVisitor")],
    area: () => [row.id, row.parent === null ? word("isHouse") : word("insideOf", { area: nameOf("area", row.parent) }), number === null ? word("noLimit") : String(number)],
    plan: () => [nameOf("area", row.area), number === null ? "" : String(number)],
    door: () => [row.id, `→ ${nameOf("area", row.area)}`, row.direction === "both" ? "" : word(row.direction), row.opens || row.closes ? `${hour(row.opens)}–${hour(row.closes)}` : ""],
    hold: () => [word("holdFor", { count: row.seats, whose: row.session ?? nameOf("group", row.group) }), row.until ? word("until", { time: hour(row.until) }) : ""],
    item: () => [row.id, word(row.kind === "lent" ? "itemLent" : "itemOnce")],
  }[noun]?.() ?? [];
  return parts.filter(Boolean).join(" · ");
}

/** @param {string | null} time */
function hour(time) {
  return time ? time.slice(0, 5) : "";
}

/** @param {string} noun @param {any} row */
function removeRow(noun, row) {
  const at = draft[noun].indexOf(row);
  draft[noun].splice(at, 1);
  show();
  notice(word("rowRemoved", { name: row.name || row.id || word(NOUN[noun]) }), async () => {
    draft[noun].splice(at, 0, row);
    show();
  });
}

/** One labelled field of a row; what is typed stands in the draft at once. @param {string} noun @param {any} row @param {Field} one @param {() => void} [changed] */
function control(noun, row, one, changed = () => {}) {
  const wrong = faults.find((fault) => fault.noun === noun && fault.field === one.key && (noun === "event" || isOf(fault, noun, row)));
  const faultId = `fault-${noun}-${noun === "event" ? "" : draft[noun].indexOf(row)}-${one.key}`;
  const fault = wrong ? make("span", { class: "fault", id: faultId }, faultWord(wrong)) : null;
  const marks = wrong ? { "aria-invalid": "true", "aria-describedby": faultId } : {};
  const put = (/** @type {any} */ value) => {
    row[one.key] = value;
    changed();
    showTree();
    showSaving();
  };
  if (one.kind === "many") return manyOf(row, one, put, fault);
  if (one.kind === "check") {
    const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", ...marks, ...(row[one.key] ? { checked: "" } : {}) }));
    box.addEventListener("change", () => put(box.checked));
    return make("label", { class: "check" }, box, make("span", {}, word(one.label)), fault);
  }
  const input = /** @type {HTMLInputElement} */ (one.kind === "choice" ? make("select", marks) : make("input", { ...marks, ...inputType(one) }));
  const fill = () => {
    if (one.kind !== "choice") return;
    const options = one.options?.() ?? [];
    const value = row[one.key] ?? "";
    // A name that does not exist any more stays visible, and is the fault that it is.
    if (!options.some(([id]) => id === value)) options.push([value, value || word("nothingChosen")]);
    input.replaceChildren(...options.filter(([id]) => one.key !== "parent" || id !== row.id).map(([value, text]) => make("option", { value }, text)));
    input.value = value;
  };
  fill();
  if (one.kind === "choice") refreshers.push(fill);
  else input.value = one.kind === "time" ? hour(row[one.key]) : row[one.key] ?? "";
  if (one.key === "id" && isSaved(noun, row)) input.readOnly = true;
  if (one.approved && known.numbers_fixed) input.readOnly = true;
  input.addEventListener("input", () => {
    put(valueOf(one, input.value));
    if (one.key === "id") named.add(row);
    if (one.key === "name" && !named.has(row) && FIELDS[noun].includes(ID)) nameRow(noun, row, input);
  });
  if (one.key === "id" || one.key === "name") input.addEventListener("change", () => refreshers.forEach((refresh) => refresh()));
  const label = field(word(one.label), input);
  if (fault) label.append(fault);
  return label;
}

/** @param {Field} one @returns {Record<string, string>} */
function inputType(one) {
  if (one.kind === "number") return { type: "number", inputmode: "numeric", min: "0", max: "1000000" };
  return { type: one.kind, autocomplete: "off", maxlength: "200", ...(one.required ? { required: "" } : {}) };
}

/** @param {Field} one @param {string} value */
function valueOf(one, value) {
  if (value === "" && (one.null || one.kind === "number")) return null;
  return one.kind === "number" ? Number(value) : value;
}

/** Give a new row an id made of its name, one that no other has. @param {string} noun @param {any} row @param {HTMLInputElement} input */
function nameRow(noun, row, input) {
  const wish = idOf(row.name) || noun;
  let id = wish;
  for (let number = 2; draft[noun].some((/** @type {any} */ one) => one !== row && one.id === id); number += 1) id = `${wish}-${number}`;
  row.id = id;
  const shown = input.closest(".fields")?.querySelectorAll("input")[FIELDS[noun].filter((one) => one.kind !== "choice").indexOf(ID)];
  if (shown) shown.value = id;
}

/** Several of them, by ticking. @param {any} row @param {Field} one @param {(value: string[]) => void} put @param {Node | null} fault */
function manyOf(row, one, put, fault) {
  const boxes = make("div", { class: "many" });
  const fill = () => boxes.replaceChildren(...(one.options?.() ?? []).map(([id, text]) => {
    const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", ...(row[one.key].includes(id) ? { checked: "" } : {}) }));
    box.addEventListener("change", () => put(box.checked ? [...row[one.key], id] : row[one.key].filter((/** @type {string} */ other) => other !== id)));
    return make("label", { class: "check" }, box, make("span", {}, text));
  }));
  fill();
  refreshers.push(fill);
  return make("fieldset", {}, make("legend", {}, word(one.label)), boxes, fault);
}

/** The areas as boxes in one another. */
function showTree() {
  const box = (/** @type {any} */ area, /** @type {Set<string>} */ above) => {
    const number = area.visitors ?? area.persons;
    const inner = draft.area.filter((/** @type {any} */ one) => one.parent === area.id && !above.has(one.id));
    const doors = draft.door.filter((/** @type {any} */ door) => door.area === area.id && !door.item).length;
    const below = new Set([...above, area.id]);
    return make("div", { class: "box" }, make("b", {}, area.name || word("unnamed")),
      make("span", { class: "quiet number" }, [number === null ? word("noLimit") : word("upTo", { count: number }), word("doorCount", { count: doors })].join(" · ")),
      inner.length ? make("div", { class: "inner" }, ...inner.map((/** @type {any} */ one) => box(one, below))) : null);
  };
  find("#tree").replaceChildren(...draft.area.filter((/** @type {any} */ one) => one.parent === null).map((/** @type {any} */ one) => box(one, new Set())));
}

function isChanged() {
  return JSON.stringify(draft) !== JSON.stringify(known.layout);
}

function showSaving() {
  const changed = isChanged();
  find("#unsaved").textContent = faults.length ? word("setupFaults", { count: faults.length }) : changed ? word("unsaved") : word("allSaved");
  find("#saving").classList.toggle("changed", changed);
  find("#deeds").replaceChildren(
    ...(changed ? [button("discard", word("discard"), () => take(known.layout)), button("save", word("lookAndSave"), save, "")] : []),
    ...(!changed && known.earlier ? [button("undo", word("undoLast"), undo)] : []));
}

/** Rows that were added and never filled in are nobody's wish. @param {string} noun @param {any} row */
function isUntouched(noun, row) {
  if (isSaved(noun, row)) return false;
  if (noun === "hold") return row.group === null && row.session === null;
  const fresh = { ...NEW[noun](), parent: row.parent, area: row.area };
  return Object.keys(NEW[noun]()).every((key) => JSON.stringify(row[key]) === JSON.stringify(fresh[key]));
}

/** Show what would change, and save it when that is meant. */
async function save() {
  for (const noun of Object.keys(NEW)) draft[noun] = draft[noun].filter((/** @type {any} */ row) => !isUntouched(noun, row));
  if (!isChanged()) {
    show();
    return;
  }
  const body = { base: known.base, layout: draft };
  const seen = await call(`${api}/setup/preview`, { method: "POST", body });
  faults = seen.faults;
  if (faults.length) {
    show();
    const first = /** @type {HTMLElement | null} */ (document.querySelector("[aria-invalid=true], .wrong summary"));
    first?.scrollIntoView({ block: "center" });
    first?.focus();
    if (!first) notice(faults.map(faultWord).join(" "));
    return;
  }
  const content = [make("p", {}, word(known.scanned ? "saveRunning" : "saveQuiet")), make("ul", { class: "differences" }, ...seen.differences.map(differenceLine))];
  ask(word("saveSure", { count: seen.differences.length }), content, word("save"), async () => {
    await call(`${api}/setup`, { method: "PUT", body });
    await load();
    notice(word("setupSaved"), () => undo());
  });
}

async function undo() {
  await call(`${api}/setup/undo`, { method: "POST" });
  await load();
  notice(word("setupUndone"), () => undo());
}

/** @param {any} one what differs */
function differenceLine(one) {
  const [id, noun] = [one.noun === "plan" ? one.id.split(" ").at(-1) : one.id, word(NOUN[one.noun])];
  const row = one.noun === "event" ? null : [...draft[one.noun], ...known.layout[one.noun]].find((/** @type {any} */ row) => idOfRow(one.noun, row) === id);
  const name = one.noun === "event" ? "" : row?.name || id;
  const head = make("b", {}, name ? `${noun} ${name}` : noun);
  if (!one.field) return make("li", { class: one.after === null ? "goes" : "comes" }, head, `: ${word(one.after === null ? "goes" : "comes")}`);
  const about = FIELDS[one.noun].find((field) => field.key === one.field);
  return make("li", {}, head, `: ${about ? word(about.label) : one.field} ${valueWord(about, one.before)} → ${valueWord(about, one.after)}`);
}

/** @param {Field | undefined} about @param {any} value */
function valueWord(about, value) {
  if (value === null || value === "" || (Array.isArray(value) && !value.length)) return "–";
  if (typeof value === "boolean") return yesNo(value);
  if (about?.kind === "time") return hour(value);
  const options = about?.options?.() ?? [];
  const text = (/** @type {any} */ one) => options.find(([id]) => id === one)?.[1] ?? String(one);
  return Array.isArray(value) ? value.map(text).join(", ") : text(value);
}

function showFiles() {
  const input = /** @type {HTMLInputElement} */ (make("input", { type: "file", accept: ".toml,application/toml", class: "unseen", id: "layoutfile" }));
  input.addEventListener("change", async () => {
    const [file] = input.files ?? [];
    if (!file) return;
    try {
      const answer = await fetch(`${api}/setup/file`, { method: "POST", body: file, headers: { "Content-Type": "application/toml" } });
      const read = await answer.json();
      if (!answer.ok) throw new Problem(answer.status, read, 1);
      take(read.layout);
      notice(word(isChanged() ? "fileTaken" : "fileEqual", { name: file.name }));
    } catch (error) {
      notice(error instanceof Problem ? error.message : faultOf(error));
    }
  });
  find("#files").replaceChildren(
    make("a", { class: "button plain", href: `${api}/layout.toml`, download: `${event}-layout.toml` }, word("layoutDownload")),
    input, make("label", { class: "button plain", for: "layoutfile" }, word("layoutUpload")),
    ...(known.earlier ? [make("span", { class: "quiet" }, word("lastChange", { time: clock.time(known.earlier.at), by: known.earlier.by }))] : []));
}

find("#form").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  if (isChanged()) save().catch((error) => notice(faultOf(error)));
});
addEventListener("beforeunload", (leaving) => {
  if (known && isChanged()) leaving.preventDefault();
});

async function start() {
  await openFrame("setup");
  follow(() => {});
  await load();
}

onLanguage(show);
start().catch((error) => notice(faultOf(error)));
