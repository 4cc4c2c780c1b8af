// @ts-check
/** Rooms on the day: how full, how sure, what is kept for whom, who waits, what runs and what changes. */

import { certaintyWord, levelWord, openPlaces, signed } from "/faces/area.js";
import { call, find, make, newId } from "/faces/centre.js";
import { ask, button, calmly, doubtOnce, field, notice, select } from "/faces/deeds.js";
import { onLanguage, word } from "/faces/words.js";
import { allowed, api, areaName, clock, follow, layout, openFrame, page, readAlong } from "/pages/frame.js";
import { enterHeadcount } from "/pages/headcount.js";
import { warningLine } from "/pages/warnings.js";

const MINUTES = [5, 15];

/** @type {import("/faces/centre.js").Live} */
let live;
/** @type {any} plans and holds */
let rooms = { plans: [], holds: [] };
/** @type {any[]} */
let sessions = [];
/** @type {any} */
let overview = null;
let readMore = () => {};

async function read() {
  [rooms, sessions, overview] = await Promise.all([
    call(`${api}/rooms`), call(`${api}/sessions`).then((answer) => answer.sessions), call(`${api}/overview`),
  ]);
  show();
  return overview.seq;
}

const show = calmly(() => {
  if (!layout || !overview) return;
  find("#attention").hidden = overview.warnings.length === 0;
  find("#warnings").replaceChildren(...overview.warnings.map((/** @type {any} */ one) => warningLine(one, sessions)));
  find("#rooms").replaceChildren(...layout.areas.map(roomCard));
  find("#sessions").replaceChildren(...(sessions.length ? sessions.map(sessionLine) : [make("li", {}, word("nothingNow"))]));
  find("#closing").hidden = !allowed("manage");
  showClosing();
});

/** @param {any} area */
function roomCard(area) {
  const now = live.areas.get(area.id);
  if (!now) return make("li", { class: "card room" }, make("h3", {}, area.name));
  const bar = make("i");
  bar.style.setProperty("--share", `${now.capacity ? Math.min(100, (100 * now.inside) / now.capacity) : 0}%`);
  const open = openPlaces(now);
  const places = open === null ? word("noLimit") : `${open} ${word("free")}${now.kept ? ` · ${word("keptSeats", { count: now.kept })}` : ""}`;
  const clickerPath = `${page}/clicker/${encodeURIComponent(area.id)}`;
  return make(
    "li",
    { class: `card room is-${now.state}${now.level === "over" ? " over" : ""}` },
    make("h3", {}, area.name),
    make("p", { class: "count" }, make("strong", { class: "number" }, String(now.inside)), ` ${now.capacity === null ? "" : `${word("of")} ${now.capacity}`}`),
    make("span", { class: "bar" }, bar),
    make("p", { class: "state" }, levelWord(now)),
    make("p", { class: "number" }, places),
    make("p", { class: "quiet number" }, `${word("knownAnd", { known: now.known, uncounted: signed(now.uncounted) })} · ${certaintyWord(now, clock)}`),
    lastHeadcount(area.id),
    planChoice(area),
    ...holdLines(area),
    ...lineOf(area.id),
    make("p", { class: "buttons" },
      allowed("correct") ? button(`count ${area.id}`, word("headcount"), () => enterHeadcount(area, now, read)) : null,
      allowed("click") ? make("a", { class: "button plain", href: clickerPath, "data-key": `clicker ${area.id}` }, word("clicker")) : null,
      area.parent === null ? null : make("a", { class: "button plain", href: `${page}/room/${encodeURIComponent(area.id)}`, "data-key": `display ${area.id}` }, word("display")),
      allowed("manage") ? button(`hold ${area.id}`, word("addHold"), () => addHold(area)) : null),
  );
}

/** @param {string} area */
function lastHeadcount(area) {
  const last = overview.headcounts.find((/** @type {any} */ one) => one.area === area);
  if (!last) return null;
  const parts = { count: last.headcount, time: clock.time(last.at), change: signed(last.change), by: last.by };
  return make("p", { class: "quiet" }, [word("lastHeadcount", parts), last.note].filter(Boolean).join(" – "));
}

/** How the room is seated; the safety role may choose another approved plan. @param {any} area */
function planChoice(area) {
  const plans = rooms.plans.filter((/** @type {any} */ plan) => plan.area === area.id);
  if (!plans.length) return null;
  const used = plans.find((/** @type {any} */ plan) => plan.in_use);
  const named = (/** @type {any} */ plan) => `${plan.id === "layout" ? word("planOfLayout") : plan.name}${plan.visitors === null ? "" : ` (${plan.visitors})`}`;
  if (!allowed("approve")) return make("p", {}, word("seatedBy", { plan: named(used) }));
  const choice = select("plan", plans.map((/** @type {any} */ plan) => [plan.id, named(plan)]), used.id);
  choice.addEventListener("change", () => {
    const wanted = plans.find((/** @type {any} */ plan) => plan.id === /** @type {HTMLSelectElement} */ (choice).value);
    choice.blur();
    show();
    switchPlan(area, used, wanted, named);
  });
  return field(word("seating"), choice);
}

/** @param {any} area @param {any} before @param {any} wanted @param {(plan: any) => string} named */
function switchPlan(area, before, wanted, named) {
  const inside = live.areas.get(area.id)?.inside ?? 0;
  const over = wanted.visitors !== null && inside > wanted.visitors;
  const content = [make("p", {}, word("planSure", { plan: named(wanted) })), ...(over ? [make("p", { class: "message" }, word("planOver", { inside, limit: wanted.visitors }))] : [])];
  const put = (/** @type {any} */ plan) => call(`${api}/areas/${encodeURIComponent(area.id)}/plan`, { method: "PUT", body: { plan: plan.id } }).then(read);
  ask(`${area.name}: ${word("seating")}`, content, word("switchPlan"), async () => {
    await put(wanted);
    notice(word("planDone", { area: area.name, plan: named(wanted) }), () => put(before));
  });
}

/** @param {any} area */
function holdLines(area) {
  return rooms.holds.filter((/** @type {any} */ hold) => hold.area === area.id).map((/** @type {any} */ hold) => {
    const whose = hold.group ? layout.groups.find((/** @type {any} */ one) => one.id === hold.group)?.name ?? hold.group : sessions.find((one) => one.id === hold.session)?.title ?? hold.session;
    const until = hold.until ? ` ${word("until", { time: hold.until })}` : "";
    const over = hold.until !== null && hold.until <= clock.time(clock.now());
    const state = over ? ` – ${word("holdOver")}` : hold.released ? ` – ${word("released")}` : "";
    const text = make("span", { class: state ? "quiet" : "" }, `${word("holdFor", { count: hold.seats, whose })}${until}${state}`);
    const release = (/** @type {boolean} */ released) => call(`${api}/holds/${encodeURIComponent(hold.id)}`, { method: "PATCH", body: { released } }).then(read);
    const deed = button(`release ${hold.id}`, word(hold.released ? "holdAgain" : "release"), async () => {
      await release(!hold.released);
      if (!hold.released) notice(word("holdReleased", { seats: hold.seats, whose }), () => release(false));
    });
    return make("p", { class: "deed" }, text, allowed("manage") && !over ? deed : null);
  });
}

/** @param {any} area */
function addHold(area) {
  const id = `hold-${newId().slice(0, 8)}`;
  /** @type {[string, string][]} */
  const whose = [
    ...layout.groups.map((/** @type {any} */ one) => [`group ${one.id}`, one.name]),
    ...sessions.filter((one) => one.area === area.id && one.bookable).map((one) => [`session ${one.id}`, one.title]),
  ];
  const content = [
    field(word("seats"), make("input", { name: "seats", type: "number", inputmode: "numeric", min: "1", max: "100000", required: "" })),
    field(word("holdWhose"), select("whose", whose)),
    field(word("holdUntil"), make("input", { name: "until", type: "time" })),
  ];
  const once = doubtOnce();
  ask(`${area.name}: ${word("addHold")}`, content, word("save"), async (data) => {
    const [kind, ...rest] = String(data.get("whose")).split(" ");
    const until = data.get("until");
    const limit = live.areas.get(area.id)?.capacity ?? null;
    once(limit !== null && Number(data.get("seats")) > limit, word("holdAbove", { limit: limit ?? "" }));
    const body = { id, area: area.id, seats: Number(data.get("seats")), [kind]: rest.join(" "), ...(until ? { until: `${until}:00` } : {}) };
    await call(`${api}/holds`, { method: "POST", body });
    notice(word("holdAdded", { seats: body.seats }), () => call(`${api}/holds/${id}`, { method: "PATCH", body: { released: true } }).then(read));
    await read();
  });
}

/** Who waits for an area, in the order of their numbers. @param {string} area */
function lineOf(area) {
  const waiting = overview.lines.filter((/** @type {any} */ one) => one.area === area);
  if (!waiting.length) return [];
  const lines = waiting.map((/** @type {any} */ one) => {
    const when = one.lapsed ? word("lapsed", { time: clock.time(one.called) }) : one.called ? word("calledAt", { time: clock.time(one.called) }) : word("waitsSince", { time: clock.time(one.since) });
    const gone = () => call(`${api}/areas/${encodeURIComponent(area)}/line/${one.number}`, { method: "DELETE" }).then(read);
    return make("li", { class: "deed" }, make("span", {}, make("b", { class: "number" }, `${one.number} `), make("bdi", {}, one.attendee?.name ?? word("nobody")), ` – ${when}`), button(`gone ${area} ${one.number}`, word("notThere"), gone));
  });
  return [make("h4", {}, word("waitingLine", { count: waiting.length })), make("ol", { class: "line" }, ...lines)];
}

/** @param {any} session */
function sessionLine(session) {
  const times = `${clock.time(session.starts_at)}–${clock.time(session.ends_at)}`;
  const limit = session.bookings_max === null ? "" : ` / ${session.bookings_max}`;
  const past = Date.parse(session.ends_at) < clock.now();
  const about = make("span", { class: "about" },
    make("b", { class: "number" }, times), " ", make("span", { class: session.cancelled ? "gone" : "" }, session.title),
    make("small", { class: "quiet" }, ` ${areaName(session.area)}${session.bookable ? ` · ${word("bookedCount", { count: `${session.booked}${limit}` })}` : ""}${session.cancelled ? ` · ${word("cancelled")}` : ""}`));
  if (!allowed("manage") || past) return make("li", { class: "deed" }, about);
  return make("li", { class: "deed" }, about, make("span", { class: "buttons" },
    ...(session.cancelled ? [] : MINUTES.map((minutes) => button(`over ${session.id} ${minutes}`, word("plusMinutes", { count: minutes }), () => change(session, { runs_over_min: minutes }, word("runsOver", { session: session.title, minutes }))))),
    button(`change ${session.id}`, word("changeSession"), () => changeSession(session)),
    button(`cancel ${session.id}`, word(session.cancelled ? "uncancel" : "cancelSession"), () => change(session, { cancelled: !session.cancelled }, word(session.cancelled ? "sessionBack" : "sessionCancelled", { session: session.title })))));
}

const MOVED = ["area", "starts_at", "ends_at", "limit", "cancelled", "bookable"];

/** Change a session and whatever moves with it; one tap takes all of it back. @param {any} session @param {any} body @param {string} said */
async function change(session, body, said) {
  const before = new Map(sessions.map((one) => [one.id, one]));
  const put = (/** @type {string} */ id, /** @type {any} */ what) => call(`${api}/sessions/${encodeURIComponent(id)}`, { method: "PATCH", body: what });
  const changed = await put(session.id, body);
  await read();
  const after = sessions.filter((one) => changed.sessions.includes(one.id));
  const undo = async () => {
    for (const one of after) {
      const was = before.get(one.id);
      const back = MOVED.filter((key) => was[key] !== one[key]).map((key) => [key === "limit" ? "bookings_max" : key, was[key]]);
      await put(one.id, Object.fromEntries(back));
    }
    await read();
  };
  const others = after.filter((one) => one.id !== session.id).map((one) => `${one.title} (${clock.time(one.starts_at)})`);
  notice([said, others.length && body.runs_over_min ? word("movesToo", { titles: others.join(", ") }) : ""].filter(Boolean).join(" "), after.length ? undo : null);
}

/** @param {any} session */
function changeSession(session) {
  const clockOf = (/** @type {string} */ at) => at.slice(11, 16);
  /** @type {[string, string][]} */
  const others = sessions.filter((one) => one.id !== session.id && one.area !== session.area && !one.cancelled && Date.parse(one.ends_at) > clock.now()).map((one) => [one.id, `${clock.time(one.starts_at)} ${one.title} (${areaName(one.area)})`]);
  const shown = { starts: clockOf(session.starts_at), ends: clockOf(session.ends_at), area: session.area, limit: String(session.limit ?? "") };
  const content = [
    field(word("startsAt"), make("input", { name: "starts", type: "time", value: shown.starts, required: "" })),
    field(word("endsAt"), make("input", { name: "ends", type: "time", value: shown.ends, required: "" })),
    field(word("room"), select("area", layout.areas.map((/** @type {any} */ one) => [one.id, one.name]), shown.area)),
    field(word("bookingsMax"), make("input", { name: "limit", type: "number", min: "0", inputmode: "numeric", value: shown.limit })),
    field(word("swapWith"), select("swap", [["", word("swapNone")], ...others])),
  ];
  ask(session.title, content, word("save"), async (data) => {
    if (data.get("swap")) {
      await change(session, { swap_with: data.get("swap") }, word("roomsSwapped"));
      return;
    }
    // What was not touched here is not sent: somebody else may have changed it meanwhile.
    const at = (/** @type {string} */ was, /** @type {FormDataEntryValue | null} */ time) => `${was.slice(0, 11)}${time}:00${was.slice(-6)}`;
    const limit = String(data.get("limit") ?? "");
    const body = {
      ...(data.get("area") === shown.area ? {} : { area: data.get("area") }),
      ...(data.get("starts") === shown.starts ? {} : { starts_at: at(session.starts_at, data.get("starts")) }),
      ...(data.get("ends") === shown.ends ? {} : { ends_at: at(session.ends_at, data.get("ends")) }),
      ...(limit === shown.limit ? {} : { bookings_max: limit === "" ? null : Number(limit) }),
    };
    await change(session, body, word("sessionChanged", { session: session.title }));
  });
}

function showClosing() {
  const close = button("close", word("closeDay"), () => {
    const inside = live.areas.get(layout.areas.find((/** @type {any} */ one) => one.parent === null).id)?.inside ?? 0;
    ask(word("endOfDay"), [make("p", {}, word("closeSure", { count: inside }))], word("closeDay"), async () => {
      const { assumed } = await call(`${api}/closing`, { method: "POST" });
      notice(word("dayClosed", { count: assumed }));
      await read();
    });
  });
  const at = overview.closed_at ? word("closedAt", { time: clock.time(overview.closed_at) }) : word("closesItself", { minutes: layout.event.closes_after_min });
  find("#closed").replaceChildren(make("span", {}, at), " ", close);
}

async function start() {
  await openFrame("rooms");
  live = follow(() => {
    show();
    readMore();
  });
  readMore = readAlong(live, read);
}

onLanguage(show);
start();
