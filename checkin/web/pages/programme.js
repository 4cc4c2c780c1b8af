// @ts-check
/** The programme: sessions added, changed, cancelled; what of them changes on the day stands on the page of the rooms. */

import { call, find, make, newId } from "/faces/centre.js";
import { ask, button, faultOf, field, notice, select } from "/faces/deeds.js";
import { onLanguage, word } from "/faces/words.js";
import { api, areaName, clock, event, follow, layout, openFrame } from "/pages/frame.js";
import { idOf } from "/pages/naming.js";

/** @type {any[]} */
let sessions = [];

async function load() {
  sessions = (await call(`${api}/sessions`)).sessions;
  show();
}

function show() {
  find("#deeds").replaceChildren(
    button("add", word("addSession"), () => edit(null), ""),
    make("a", { class: "button plain", href: `${api}/schedule.json`, download: `${event}-schedule.json` }, word("asFrab")));
  const byDay = Map.groupBy(sessions, (one) => one.starts_at.slice(0, 10));
  find("#sessions").replaceChildren(...(sessions.length ? [...byDay].flatMap(([day, ones]) => [
    ...(byDay.size > 1 ? [make("li", {}, make("h3", {}, new Date(`${day}T12:00:00`).toLocaleDateString(document.documentElement.lang, { dateStyle: "full" })))] : []), ...ones.map(line),
  ]) : [make("li", {}, word("noSessions"))]));
}

/** @param {any} one */
function line(one) {
  const limit = one.bookings_max === null ? "" : ` / ${one.bookings_max}`;
  const about = make("span", { class: "about" },
    make("b", { class: "number" }, `${clock.time(one.starts_at)}–${clock.time(one.ends_at)}`), " ", make("span", { class: one.cancelled ? "gone" : "" }, one.title),
    make("small", { class: "quiet" }, [areaName(one.area), one.subtitle, one.speakers.join(", "), one.bookable ? word("bookedCount", { count: `${one.booked}${limit}` }) : "", one.cancelled ? word("cancelled") : ""].filter(Boolean).join(" · ")));
  const path = `${api}/sessions/${encodeURIComponent(one.id)}`;
  const cancel = (/** @type {boolean} */ cancelled) => call(path, { method: "PATCH", body: { cancelled } }).then(load);
  return make("li", { class: "deed" }, about, make("span", { class: "buttons" },
    button(`change ${one.id}`, word("changeSession"), () => edit(one)),
    button(`cancel ${one.id}`, word(one.cancelled ? "uncancel" : "cancelSession"), async () => {
      await cancel(!one.cancelled);
      notice(word(one.cancelled ? "sessionBack" : "sessionCancelled", { session: one.title }), () => cancel(one.cancelled));
    }),
    one.booked ? null : button(`remove ${one.id}`, word("remove"), async () => {
      await call(path, { method: "DELETE" });
      await load();
      notice(word("sessionRemoved", { session: one.title }), () => call(`${api}/sessions`, { method: "POST", body: sent(one) }).then(load));
    }, "danger")));
}

/** A session as it is sent anew. @param {any} one */
function sent(one) {
  const { id, area, title, subtitle, speakers, language, starts_at, ends_at, bookable, limit } = one;
  return { id, area, title, subtitle, speakers, language, starts_at, ends_at, bookable, bookings_max: limit };
}

/** @param {string} name @param {string} value @param {Record<string, string>} [more] */
function input(name, value, more = {}) {
  return make("input", { name, value, autocomplete: "off", ...more });
}

/** Add a session, or change one. @param {any} before */
function edit(before) {
  const last = sessions.at(-1);
  const local = (/** @type {string} */ at) => at.slice(0, 16);
  const shown = {
    title: before?.title ?? "", subtitle: before?.subtitle ?? "", speakers: (before?.speakers ?? []).join(", "), language: before?.language ?? "",
    area: before?.area ?? last?.area ?? layout.areas[0].id, starts_at: local(before?.starts_at ?? last?.ends_at ?? `${layout.event.date}T09:00`),
    ends_at: local(before?.ends_at ?? ""), bookings_max: before?.limit === null || before === null ? "" : String(before.limit),
  };
  const bookable = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", name: "bookable", ...(before?.bookable ? { checked: "" } : {}) }));
  const content = [
    field(word("sessionTitle"), input("title", shown.title, { required: "", maxlength: "500" })),
    field(word("sessionSubtitle"), input("subtitle", shown.subtitle, { maxlength: "500" })),
    field(word("speakers"), input("speakers", shown.speakers, { maxlength: "2000" })),
    field(word("room"), select("area", layout.areas.map((/** @type {any} */ one) => [one.id, one.name]), shown.area)),
    make("div", { class: "pair" },
      field(word("startsAt"), input("starts_at", shown.starts_at, { type: "datetime-local", required: "" })),
      field(word("endsAt"), input("ends_at", shown.ends_at, { type: "datetime-local", required: "" }))),
    make("label", { class: "check" }, bookable, make("span", {}, word("bookable"))),
    make("div", { class: "pair" },
      field(word("bookingsMax"), input("bookings_max", shown.bookings_max, { type: "number", min: "0", inputmode: "numeric" })),
      field(word("sessionLanguage"), input("language", shown.language, { maxlength: "20" }))),
  ];
  const starts = /** @type {HTMLInputElement} */ (content[4].querySelector("[name=starts_at]"));
  const ends = /** @type {HTMLInputElement} */ (content[4].querySelector("[name=ends_at]"));
  starts.addEventListener("change", () => {
    if (!ends.value || ends.value < starts.value) ends.value = starts.value;
  });
  const id = before?.id ?? newId().slice(0, 8);
  ask(before ? before.title : word("addSession"), content, word("save"), async (data) => {
    const speakers = String(data.get("speakers")).split(",").map((one) => one.trim()).filter(Boolean);
    const limit = String(data.get("bookings_max"));
    /** @type {any} */
    const now = { ...Object.fromEntries(data.entries()), starts_at: `${data.get("starts_at")}:00`, ends_at: `${data.get("ends_at")}:00`, speakers, bookable: bookable.checked, bookings_max: limit === "" ? null : Number(limit) };
    if (before) {
      // What was not touched here is not sent: somebody else may have changed it meanwhile.
      const was = { ...shown, starts_at: `${shown.starts_at}:00`, ends_at: `${shown.ends_at}:00`, speakers: before.speakers, bookable: before.bookable, bookings_max: before.limit };
      const body = Object.fromEntries(Object.entries(now).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(/** @type {any} */ (was)[key])));
      await call(`${api}/sessions/${encodeURIComponent(id)}`, { method: "PATCH", body });
      const back = sent(before);
      const undo = Object.fromEntries(Object.keys(body).map((key) => [key, /** @type {any} */ (back)[key]]));
      notice(word("sessionChanged", { session: now.title }), () => call(`${api}/sessions/${encodeURIComponent(id)}`, { method: "PATCH", body: undo }).then(load));
    } else {
      const named = `${idOf(now.title, 30)}-${id.slice(0, 4)}`;
      await call(`${api}/sessions`, { method: "POST", body: { ...now, id: named } });
      notice(word("sessionAdded", { session: now.title }), () => call(`${api}/sessions/${encodeURIComponent(named)}`, { method: "DELETE" }).then(load));
    }
    await load();
  });
}

async function start() {
  await openFrame("programme");
  follow(() => {});
  await load();
}

onLanguage(show);
start().catch((error) => notice(faultOf(error)));
