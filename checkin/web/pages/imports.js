// @ts-check
/** Lists in: a file is looked at before it is saved, and can be taken back as a whole afterwards. */

import { Problem, call, find, make } from "/faces/centre.js";
import { ask, button, complain, faultOf, field, notice, select } from "/faces/deeds.js";
import { progress } from "/faces/progress.js";
import { onLanguage, problemWord, word } from "/faces/words.js";
import { api, clock, follow as followHouse, layout, openFrame } from "/pages/frame.js";

const AGAIN_MS = 400;
const LONG_MS = 120_000;
const NOTES_SHOWN = 200;

/** The fields of an attendee that a column can be mapped to, as words. */
const FIELDS = /** @type {Record<string, string>} */ ({
  "": "importLeaveOut", booking_number: "fieldBookingNumber", ticket: "fieldTicket", registration: "fieldRegistration",
  salutation: "fieldSalutation", title: "fieldTitle", given_name: "fieldGivenName", family_name: "fieldFamilyName",
  full_name: "fieldFullName", organisation: "fieldOrganisation", department: "fieldDepartment", position: "fieldPosition",
  postcode: "fieldPostcode", town: "fieldTown", state: "fieldState", email: "fieldEmail", phone: "fieldPhone", group: "fieldGroup",
  variation: "fieldVariation", diet: "fieldDiet", needs: "fieldNeeds", wheelchair: "fieldWheelchair", language: "fieldLanguage",
  listed: "fieldListed", photo: "fieldPhoto", chamber_number: "fieldChamberNumber", registered_on: "fieldRegisteredOn",
  remark: "fieldRemark", forum: "fieldForum", bookings: "fieldBookings",
});

/** The fields of sessions and of the venue. */
const PARTS = /** @type {Record<string, string>} */ ({
  title: "fieldSessionTitle", subtitle: "fieldSubtitle", area: "room", starts_at: "startsAt", ends_at: "endsAt",
  speakers: "fieldSpeakers", language: "fieldLanguage", bookable: "fieldBookable", bookings_max: "bookingsMax", cancelled: "cancelled",
  name: "name", visitors: "fieldVisitors", persons: "fieldPersons", seats: "fieldSeats", parent: "fieldParent",
  wheelchair: "fieldWheelchairPlaces", companions: "fieldCompanions", opens: "fieldOpens", closes: "fieldCloses", groups: "fieldGroups",
});

/** What a row of a list needs, by its code; the rest of a note is what the centre says. */
const NOTES = /** @type {Record<string, string>} */ ({
  cell_long: "noteCellLong", cells_many: "noteCellsMany", cells_few: "noteCellsFew", name_missing: "noteNameMissing",
  status_unknown: "noteStatusUnknown", group_unknown: "noteGroupUnknown", ticket_long: "noteTicketLong", title_split: "noteTitleSplit",
  postcode_padded: "notePostcodePadded", name_capitals: "noteNameCapitals", references_decoded: "noteReferencesDecoded",
  letters_composed: "noteLettersComposed", formula_kept: "noteFormulaKept", truth_unknown: "noteTruthUnknown", duplicate: "noteDuplicate",
  session_unknown: "noteSessionUnknown", hand_kept: "noteHandKept", inside_kept: "noteInsideKept", ticket_again: "noteTicketAgain",
  postcode_short: "notePostcodeShort", sheets_several: "noteSheetsSeveral", room_unknown: "noteRoomUnknown",
  session_all_day: "noteSessionAllDay", session_zone: "noteSessionZone", session_times: "noteSessionTimes",
  session_twice: "noteSessionTwice", session_unreadable: "noteSessionUnreadable", session_overbooked: "noteSessionOverbooked",
  session_repeats: "noteSessionRepeats", session_at_once: "noteSessionAtOnce", session_day: "noteSessionDay",
  quote_open: "noteQuoteOpen", names_split: "noteNamesSplit", name_unsure: "noteNameUnsure", name_other: "noteNameOther",
  namesake: "noteNamesake",
});
const KINDS = /** @type {Record<string, string>} */ ({ attendees: "importAttendees", schedule: "programme", layout: "importLayout" });
const STATES = /** @type {Record<string, string>} */ ({
  fetching: "importFetching", failed: "importFailed", previewed: "importPreviewed", applying: "importApplying", applied: "importApplied",
  undoing: "importUndoing", undone: "importUndone",
});
const OUTCOMES = /** @type {Record<string, string>} */ ({
  back: "outcomeBack", cancelled: "outcomeCancelled", partly: "outcomePartly", kept_changed: "outcomeKeptChanged",
  kept_used: "outcomeKeptUsed", kept_inside: "outcomeKeptInside", kept_gone: "outcomeKeptGone",
});
const LEVELS = /** @type {Record<string, string>} */ ({ error: "levelError", warning: "levelWarning", info: "levelInfo" });
const REGISTRATIONS = /** @type {Record<string, string>} */ ({ registered: "importRegistered", waiting: "importWaiting", cancelled: "importCancelled" });
const SEPARATORS = /** @type {Record<string, string>} */ ({ ";": "separatorSemicolon", ",": "separatorComma", "\t": "separatorTab", "|": "separatorBar" });
const WORKING = new Set(["fetching", "applying", "undoing"]);

/** @type {any} the import that is looked at */
let shown = null;
/** @type {any[]} */
let earlier = [];
/** @type {string} new, changed or gone */
let chosen = "new";
/** @type {any[]} */
let differences = [];
/** @type {number | null} */
let more = null;
/** @type {"keep" | "cancel"} */
let gone = "keep";
/** @type {ReturnType<typeof progress> | null} */
let bar = null;
/** @type {Promise<any>} what the file is being read as, one choice after the other */
let changing = Promise.resolve();

/** Do something with a file, with a sign that it goes on; what fails is said here. @param {() => Promise<any>} deed @param {string} label */
async function working(deed, label) {
  find("#fault").hidden = true;
  const sign = progress(find("#reading"), { label });
  try {
    await open(await deed());
    find("#h-looked").focus();
    find("#looked").scrollIntoView({ block: "start" });
  } catch (error) {
    showFault(error);
  } finally {
    sign.done();
  }
}

/** @param {unknown} error */
function showFault(error) {
  const saying = faultOf(error);
  const detail = error instanceof Problem && !saying.includes(error.data.detail) ? error.data.detail : "";
  find("#fault").replaceChildren(saying, ...(detail ? [make("br"), make("small", {}, detail)] : []));
  find("#fault").hidden = false;
}

/** @param {Blob} blob @param {string} name */
function send(blob, name) {
  const body = new FormData();
  body.set("file", blob, name);
  return working(() => call(`${api}/imports`, { method: "POST", body, timeoutMs: LONG_MS }), "importReading");
}

/** Show an import, and follow it while it is worked on. @param {any} one */
async function open(one) {
  const isAnother = shown?.id !== one.id || shown?.state !== one.state;
  shown = one;
  const { counts } = one;
  if (isAnother) gone = "keep";
  if (isAnother || !counts[chosen]) {
    chosen = counts.new ? "new" : counts.changed ? "changed" : "gone";
  }
  if (!WORKING.has(one.state) && one.state !== "failed") await readDifferences(0);
  draw();
  if (WORKING.has(one.state)) await follow(one.id);
  else await readEarlier();
}

/** @param {string} id */
async function follow(id) {
  const label = STATES[shown.state];
  bar = progress(find("#working"), { label, total: shown.total });
  try {
    while (shown?.id === id && WORKING.has(shown.state)) {
      await new Promise((done) => setTimeout(done, AGAIN_MS));
      const now = await call(`${api}/imports/${id}`, { timeoutMs: LONG_MS });
      bar.at(now.done, now.total);
      if (!WORKING.has(now.state) || now.fault_code) {
        bar.done();
        bar = null;
        if (now.fault_code && WORKING.has(now.state)) {
          shown = now;
          draw();
          return;
        }
        await open(now);
        return;
      }
    }
  } finally {
    bar?.done();
    bar = null;
  }
}

/** @param {number} start */
async function readDifferences(start) {
  const answer = await call(`${api}/imports/${shown.id}/differences?what=${chosen}&start=${start}`, { timeoutMs: LONG_MS });
  differences = start ? [...differences, ...answer.differences] : answer.differences;
  more = answer.next === null ? null : shown.state === "previewed" ? answer.next : answer.next + 1;
}

async function readEarlier() {
  earlier = (await call(`${api}/imports`)).imports;
  drawEarlier();
}

function draw() {
  find("#looked").hidden = shown === null;
  if (!shown) return;
  find("#h-looked").textContent = `${word(KINDS[shown.kind])}: ${shown.name}`;
  drawUnderstood();
  drawFirst();
  drawCounts();
  drawDifferences();
  drawNotes();
  drawGone();
  drawDeeds();
}

/** Read the file another way; it is not saved while it is being read. What is chosen meanwhile is sent after it, and
 * drawn with it: an answer that is late must not take a later choice back.
 * @param {any} body @returns {Promise<boolean>} whether this was the last one, so that the page is drawn anew */
async function change(body) {
  for (const one of find("#deeds").querySelectorAll("button")) one.disabled = true;
  const { id } = shown;
  const send = () => call(`${api}/imports/${id}`, { method: "PATCH", body, timeoutMs: LONG_MS });
  const mine = (changing = changing.then(send, send));
  const isLast = () => changing === mine && shown?.id === id;
  try {
    const now = await mine;
    if (isLast()) await open(now);
    else if (shown?.id === id) shown = now;
  } catch (error) {
    complain(error);
    if (isLast()) draw();
  }
  return isLast();
}

/** A select that is obeyed at once, and keeps the focus. @param {string} name @param {[string, string][]} options @param {string} now @param {(value: string) => any} body */
function mapping(name, options, now, body) {
  const one = /** @type {HTMLSelectElement} */ (select(name, options, now));
  one.addEventListener("change", async () => {
    if (await change(body(one.value))) /** @type {HTMLElement | null} */ (document.querySelector(`[name="${CSS.escape(name)}"]`))?.focus();
  });
  return one;
}

function drawUnderstood() {
  const host = find("#understood");
  const read = shown.read_as;
  if (!read) {
    host.replaceChildren(...stateLines());
    return;
  }
  const facts = [read.form, read.encoding !== read.form ? read.encoding : "", read.columns.length ? word("importColumns", { count: read.columns.length }) : "",
    shown.kind === "attendees" ? word("importRows", { count: shown.counts.rows }) : ""].filter(Boolean).join(" · ");
  const parts = [...faultLine(), make("p", { id: "recognised" }, `${word("importRecognised")} ${facts}`)];
  if (read.encodings.length) {
    parts.push(make("div", { class: "mapping" },
      field(word("importEncoding"), mapping("encoding", read.encodings.map((/** @type {string} */ one) => [one, one]), read.encoding, (encoding) => ({ encoding }))),
      field(word("importSeparator"), mapping("separator", read.separators.map((/** @type {string} */ one) => [one, word(SEPARATORS[one])]), read.separator, (separator) => ({ separator })))));
  }
  if (read.heading_rows.length) {
    const rows = /** @type {[string, string][]} */ (read.heading_rows.map((/** @type {any} */ one) => [String(one.line), word("importHeadingRow", { line: one.line, text: one.text })]));
    parts.push(field(word("importHeadings"), mapping("heading row", [...rows, ["-1", word("importNoHeadings")]], String(read.heading_row), (row) => ({ heading_row: Number(row) }))));
  }
  const unknown = read.columns.filter((/** @type {any} */ one) => one.key && one.by === "none");
  const known = read.columns.filter((/** @type {any} */ one) => one.key && one.by !== "none");
  const open = read.categories.filter((/** @type {any} */ one) => one.group === null);
  const settled = read.categories.filter((/** @type {any} */ one) => one.group !== null);
  if (read.missing.length) {
    const fields = read.missing.map((/** @type {string} */ one) => word(FIELDS[one])).join(", ");
    parts.push(make("p", { class: "message", role: "alert" }, word("importMissing", { fields })));
  }
  if (read.sheets.length > 1) {
    parts.push(field(word("importSheet"), mapping("sheet", read.sheets.map((/** @type {string} */ one) => [one, one]), read.sheet, (sheet) => ({ sheet }))));
  }
  if (read.group || read.missing.includes("group")) {
    const groups = /** @type {[string, string][]} */ ([["", word("importGroupChoose")], ...layout.groups.map((/** @type {any} */ one) => [one.id, one.name])]);
    parts.push(asks(word("importGroupForAll"), [field(word("importGroupAll"), mapping("group", groups, read.group, (group) => ({ group })))]));
  }
  if (read.rooms.length) parts.push(asks(word("importUnknownRooms"), read.rooms.map(roomField)));
  if (unknown.length) parts.push(asks(word("importUnknownColumns"), unknown.map(columnField)));
  if (open.length) parts.push(asks(word("importUnknownCategories"), open.map(categoryField)));
  if (known.length || settled.length) {
    const was = /** @type {HTMLDetailsElement | null} */ (document.querySelector("#all-columns"))?.open || read.missing.length;
    parts.push(make("details", { id: "all-columns", ...(was ? { open: "" } : {}) }, make("summary", {}, word("importAllColumns")),
      make("div", { class: "mapping" }, ...known.map(columnField), ...settled.map(categoryField))));
  }
  host.replaceChildren(...parts);
}

/** @param {string} title @param {HTMLElement[]} fields */
function asks(title, fields) {
  return make("div", { class: "asks" }, make("h3", {}, title), make("div", { class: "mapping" }, ...fields));
}

/** @param {any} column */
function columnField(column) {
  const options = /** @type {[string, string][]} */ (shown.read_as.fields.map((/** @type {string} */ one) => [one, word(FIELDS[one])]));
  const input = mapping(`column ${column.key}`, options, column.field, (value) => ({ columns: { [column.key]: value } }));
  const label = make("label", { class: "field" }, make("span", {}, columnName(column), column.by === "remembered" ? make("small", {}, word("importRemembered")) : null), input);
  return label;
}

/** A column by its heading, or by its letters where it has something in it and no heading. @param {any} column */
function columnName(column) {
  return column.key.startsWith(":") && !column.heading ? word("importBareColumn", { letters: column.key.slice(1) }) : column.heading || "–";
}

/** @param {any} category */
function categoryField(category) {
  const options = /** @type {[string, string][]} */ ([["", word("importNoGroup")], ...layout.groups.map((/** @type {any} */ one) => [one.id, one.name])]);
  const input = mapping(`category ${category.text}`, options, category.group ?? "", (value) => ({ categories: { [category.text]: value } }));
  return make("label", { class: "field" }, make("span", {}, category.text, make("small", {}, word("importTimes", { count: category.count }))), input);
}

/** @param {any} room */
function roomField(room) {
  const options = /** @type {[string, string][]} */ ([["", word("importNoRoom")], ...layout.areas.map((/** @type {any} */ one) => [one.id, one.name])]);
  const input = mapping(`room ${room.text}`, options, room.area, (value) => ({ rooms: { [room.text]: value } }));
  return make("label", { class: "field" }, make("span", {}, room.text || "–", make("small", {}, word("importSessionsTimes", { count: room.count }))), input);
}

/** The table as it stands in the file: what is wrong with an encoding is seen here. */
function drawFirst() {
  const read = shown.read_as;
  if (!read?.columns.length) {
    find("#first").replaceChildren();
    return;
  }
  const look = (/** @type {any} */ column) => (column.field ? "" : "left");
  const heads = read.columns.map((/** @type {any} */ column) => make("th", { scope: "col", class: look(column) }, columnName(column), make("small", {}, column.field ? word(FIELDS[column.field]) : word("importLeaveOut"))));
  const rows = read.first_rows.map((/** @type {string[]} */ cells) => make("tr", {}, ...read.columns.map((/** @type {any} */ column, /** @type {number} */ place) => make("td", { class: look(column) }, cells[place] ?? ""))));
  find("#first").replaceChildren(
    make("h3", {}, word("importFirstRows")),
    make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": word("importFirstRows") },
      make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows))));
}

function drawCounts() {
  const { counts } = shown;
  const isList = shown.kind === "attendees";
  const tiles = [
    ["new", "importNew", counts.new, true], ["changed", "importChanged", counts.changed, true],
    ["gone", shown.state === "previewed" || !isList ? "importGone" : "importGoneCancelled", counts.gone, true],
    ["", "importUnchanged", counts.unchanged, false],
    ...(isList ? [["", "importRefused", counts.refused, false], ["", "importDuplicates", counts.duplicates, false]] : []),
  ];
  find("#counts").hidden = ["fetching", "failed"].includes(shown.state);
  find("#counts").replaceChildren(...tiles.map(([what, key, count, opens]) => {
    const content = [make("strong", { class: "number" }, String(count)), make("span", {}, word(String(key)))];
    const look = `tile${count ? "" : " zero"}`;
    if (!opens || !count) return make("div", { class: look }, ...content);
    const one = make("button", { type: "button", class: look, "aria-pressed": String(what === chosen), "data-key": `show ${what}` }, ...content);
    one.addEventListener("click", async () => {
      chosen = String(what);
      try {
        await readDifferences(0);
      } catch (error) {
        complain(error);
      }
      draw();
      /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="show ${what}"]`))?.focus();
    });
    return one;
  }));
}

/** A value as people read it. @param {string} name @param {any} value */
function valueOf(name, value) {
  if (value === null || value === undefined || value === "") return word("importEmpty");
  if (value === true) return word("importYes");
  if (value === false) return word("importNo");
  if (name === "registration" && REGISTRATIONS[value]) return word(REGISTRATIONS[value]);
  if (name === "group") return layout.groups.find((/** @type {any} */ one) => one.id === value)?.name ?? value;
  if (name === "area" || name === "parent") return layout.areas.find((/** @type {any} */ one) => one.id === value)?.name ?? value;
  if (name === "starts_at" || name === "ends_at") return clock.time(value);
  if (Array.isArray(value)) return value.length ? value.join(", ") : word("importEmpty");
  return String(value);
}

/** @param {string} name */
function fieldWord(name) {
  const key = shown.kind === "attendees" ? FIELDS[name] : PARTS[name];
  return key ? word(key) : name;
}

/** @param {any} one */
function differenceLine(one) {
  const about = [one.line === null ? "" : word("importLine", { line: one.line }), one.stays ? word("importStays") : "", one.outcome ? word(OUTCOMES[one.outcome]) : ""].filter(Boolean).join(" · ");
  const isDeleted = !one.title;
  // Of somebody new the title says the whole name; where the names were split by us, the parts are what is to be looked at.
  const hasParts = one.what === "changed" || (one.what === "new" && shown.notes.some((/** @type {any} */ note) => ["name_unsure", "names_split"].includes(note.code)));
  const named = new Set(["given_name", "family_name"]);
  const fields = one.fields.filter((/** @type {any} */ f) => (hasParts || !named.has(f.field)) && !(one.what !== "changed" && valueOf(f.field, f.new ?? f.old) === word("importEmpty")));
  return make("li", {},
    make("span", { class: "who" }, isDeleted ? word("importDeleted") : one.title, about ? make("small", { class: "quiet" }, about) : null),
    make("span", { class: "what" }, ...fields.map((/** @type {any} */ f) => one.what === "new"
      ? make("span", {}, `${fieldWord(f.field)}: `, make("ins", {}, valueOf(f.field, f.new)))
      : one.what === "gone" && shown.kind !== "attendees"
        ? make("span", {}, `${fieldWord(f.field)}: `, make("del", {}, valueOf(f.field, f.old)))
        : make("span", {}, `${fieldWord(f.field)}: `, make("del", {}, valueOf(f.field, f.old)), " → ", make("ins", {}, valueOf(f.field, f.new)), f.kept ? make("small", { class: "quiet" }, ` (${word("importFieldKept")})`) : null))));
}

function drawDifferences() {
  const host = find("#differences");
  host.hidden = !differences.length || ["fetching", "failed", "applying"].includes(shown.state);
  const titles = /** @type {Record<string, string>} */ ({ new: "importNew", changed: "importChanged", gone: "importGone" });
  host.replaceChildren(
    make("h3", {}, word(titles[chosen])),
    make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": word("importDifferences") }, make("ul", {}, ...differences.map(differenceLine))),
    ...(more === null ? [] : [button("more", word("importMore"), async () => {
      await readDifferences(Number(more));
      drawDifferences();
    })]));
}

function drawNotes() {
  const notes = shown.notes.filter((/** @type {any} */ note) => note.level !== "info");
  const infos = shown.notes.length - notes.length;
  const host = find("#notes");
  host.hidden = !shown.notes_total;
  const order = /** @type {Record<string, number>} */ ({ error: 0, warning: 1 });
  notes.sort((/** @type {any} */ a, /** @type {any} */ b) => order[a.level] - order[b.level] || a.line - b.line);
  const rows = notes.slice(0, NOTES_SHOWN).map((/** @type {any} */ note) => make("tr", {},
    make("td", { class: "number" }, note.line ? String(note.line) : "–"),
    make("td", {}, FIELDS[note.column] && note.column ? word(FIELDS[note.column]) : note.column || "–"),
    make("td", {}, make("span", { class: note.level }, word(LEVELS[note.level])), " ", NOTES[note.code] ? word(NOTES[note.code], { line: note.earlier ?? "", booked: note.booked ?? "", seats: note.seats ?? "" }) : note.message)));
  const rest = [
    notes.length > NOTES_SHOWN || shown.notes_total > shown.notes.length ? word("importNotesMore", { count: shown.notes_total - Math.min(notes.length, NOTES_SHOWN) - infos }) : "",
    infos ? word("importMended", { count: infos }) : "",
  ].filter(Boolean).join(" ");
  host.replaceChildren(
    make("h3", {}, word("importNotes")),
    ...(rows.length ? [make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": word("importNotes") }, make("table", {},
      make("thead", {}, make("tr", {}, ...["importRow", shown.kind === "attendees" ? "importColumn" : "importNoteOn", "importNote"].map((key) => make("th", { scope: "col" }, word(key))))), make("tbody", {}, ...rows)))] : []),
    ...(rest ? [make("p", { class: "quiet" }, rest)] : []));
}

/** What becomes of those who are not in the list any more. */
function drawGone() {
  const host = find("#gone");
  host.hidden = shown.state !== "previewed" || shown.kind === "layout" || shown.counts.gone === 0;
  const choice = (/** @type {"keep" | "cancel"} */ value, /** @type {string} */ text) => {
    const input = /** @type {HTMLInputElement} */ (make("input", { type: "radio", name: "gone", value, ...(gone === value ? { checked: "" } : {}) }));
    input.addEventListener("change", () => {
      gone = value;
      drawDeeds();
    });
    return make("label", { class: "check" }, input, make("span", {}, text));
  };
  const count = shown.counts.gone - shown.counts.stays;
  if (shown.kind === "schedule") {
    host.replaceChildren(make("fieldset", {}, make("legend", {}, word("importSessionsGoneWhat", { count })),
      choice("keep", word("importSessionsGoneKeep")), choice("cancel", word("importSessionsGoneCancel"))));
    return;
  }
  host.replaceChildren(make("fieldset", {}, make("legend", {}, word("importGoneWhat", { count: shown.counts.gone })),
    choice("keep", word("importGoneKeep")), choice("cancel", word("importGoneCancel", { count })),
    ...(shown.counts.unsure ? [make("p", { class: "unsure" }, word("importGoneUnsure", { count: shown.counts.unsure }))] : []),
    ...(shown.counts.stays ? [make("p", { class: "quiet" }, word("importGoneStays", { count: shown.counts.stays }))] : [])));
}

/** Why the last work on it did not come to its end. */
function faultLine() {
  if (!shown.fault_code) return [];
  return [make("p", { class: "message", role: "alert" }, problemWord(shown.fault_code) || shown.fault)];
}

/** How far an import is that is not looked at any more. */
function stateLines() {
  const lines = [make("p", {}, stateOf(shown)), ...faultLine()];
  const kept = Object.entries(shown.outcomes).filter(([, count]) => count);
  if (kept.length) lines.push(make("ul", { id: "outcomes" }, ...kept.map(([outcome, count]) => make("li", {}, `${count} × ${word(OUTCOMES[outcome])}`))));
  return lines;
}

/** @param {any} one */
function stateOf(one) {
  const parts = { by: one.undone_by ?? one.applied_by ?? one.created_by, time: clock.time(one.undone_at ?? one.applied_at ?? one.created_at) };
  return `${word(STATES[one.state])} – ${word("importBy", parts)}`;
}

function drawDeeds() {
  const host = find("#deeds");
  if (shown.state === "previewed") {
    const saved = shown.counts.new + shown.counts.changed + (shown.kind === "layout" ? shown.counts.gone : gone === "cancel" ? shown.counts.gone - shown.counts.stays : 0);
    const save = button("save", saved ? word("importSave", { count: saved }) : word("importNothing"), saveIt, "");
    /** @type {HTMLButtonElement} */ (save).disabled = saved === 0;
    host.replaceChildren(save, button("discard", word("importDiscard"), () => discard(shown.id)));
  } else if (["failed", "fetching"].includes(shown.state)) {
    host.replaceChildren(button("discard", word("importDiscard"), () => discard(shown.id)));
  } else if (shown.state === "applying" && shown.fault_code) {
    host.replaceChildren(button("save", word("importGoOn"), saveIt, ""), ...(shown.undoable ? [button("undo", word("importUndo"), () => undo(shown), "danger")] : []));
  } else if (shown.undoable && (shown.state === "applied" || shown.fault_code)) {
    host.replaceChildren(button("undo", word("importUndo"), () => undo(shown), "danger"), button("another", word("importClose"), close));
  } else {
    host.replaceChildren(...(WORKING.has(shown.state) ? [] : [button("another", word("importClose"), close)]));
  }
}

/** Where somebody may be cancelled who stands in a row that could not be read, that is asked for once more. */
async function saveIt() {
  if (gone !== "cancel" || !shown.counts.unsure || shown.state !== "previewed") {
    await saveAs({ gone, plan: shown.plan });
    return;
  }
  const count = shown.counts.gone - shown.counts.stays;
  const body = { gone, plan: shown.plan, unsure_too: true };
  ask(word("importGoneCancel", { count }), [make("p", {}, word("importGoneUnsure", { count: shown.counts.unsure })), make("p", {}, word("importGoneUnsureAsk"))],
    word("importGoneCancel", { count }), () => saveAs(body), "danger");
}

/** @param {any} body */
async function saveAs(body) {
  const { id, name } = shown;
  try {
    await open(await call(`${api}/imports/${id}/apply`, { method: "POST", body, timeoutMs: LONG_MS }));
  } catch (error) {
    if (!(error instanceof Problem && error.code === "import_stale")) throw error;
    await open({ ...await call(`${api}/imports/${id}`, { timeoutMs: LONG_MS }), fault_code: error.code });
  }
  if (shown?.id === id && shown.state === "applied") notice(word("importDone", { name }));
}

/** @param {any} one */
function undo(one) {
  ask(word("importUndoHead", { name: one.name }), [make("p", {}, word("importUndoWhat")), make("p", {}, word("importUndoKept"))], word("importUndo"), async () => {
    const begun = await call(`${api}/imports/${one.id}/undo`, { method: "POST", timeoutMs: LONG_MS });
    open(begun).then(() => find("#h-looked").focus(), complain);
  }, "danger");
}

/** @param {string} id */
async function discard(id) {
  await call(`${api}/imports/${id}`, { method: "DELETE" });
  await close();
}

async function close() {
  shown = null;
  draw();
  await readEarlier();
  find("#file").focus();
}

function drawEarlier() {
  const line = (/** @type {any} */ one) => {
    const { counts } = one;
    const numbers = ["applied", "undone", "undoing"].includes(one.state)
      ? [word("importNumberNew", { count: counts.new }), word("importNumberChanged", { count: counts.changed }), counts.gone ? word("importNumberGone", { count: counts.gone }) : "", counts.refused ? word("importNumberRefused", { count: counts.refused }) : ""].filter(Boolean).join(", ")
      : "";
    return make("li", { class: "deed" },
      make("span", { class: "about" }, make("b", {}, one.name), make("small", { class: "quiet" }, [word(KINDS[one.kind]), stateOf(one), numbers].filter(Boolean).join(" · "))),
      make("span", { class: "buttons" },
        button(`open ${one.id}`, word("importOpen"), async () => {
          await open(await call(`${api}/imports/${one.id}`, { timeoutMs: LONG_MS }));
          find("#h-looked").focus();
        }),
        one.undoable && one.state === "applied" ? button(`undo ${one.id}`, word("importUndo"), () => undo(one), "danger") : null));
  };
  find("#earlier").replaceChildren(...(earlier.length ? earlier.map(line) : [make("li", { class: "quiet" }, word("importNone"))]));
}

function listen() {
  const input = /** @type {HTMLInputElement} */ (find("#file"));
  const drop = find("#drop");
  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    if (file) await send(file, file.name);
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const file = event.dataTransfer?.files[0];
    if (file) send(file, file.name);
  });
  find("#pasting").addEventListener("submit", async (event) => {
    event.preventDefault();
    const pasted = /** @type {HTMLTextAreaElement} */ (find("#pasted"));
    if (pasted.value.trim()) await send(new Blob([pasted.value]), word("importPastedName"));
  });
  find("#fetching").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (find("#fetching"));
    const body = Object.fromEntries(new FormData(form));
    await working(() => call(`${api}/pretix-imports`, { method: "POST", body }), "importFetching");
    /** @type {HTMLInputElement} */ (form.elements.namedItem("token")).value = "";
  });
}

async function start() {
  await openFrame("importLists");
  followHouse(() => {});
  listen();
  await readEarlier();
  onLanguage(() => {
    draw();
    drawEarlier();
  });
}

start();
