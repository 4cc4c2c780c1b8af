// @ts-check
/** Safety: evacuation and drill, who is still where and needs help, who may not come in, approved plans. */

import { call, find, make, newId } from "/faces/centre.js";
import { ask, button, calmly, complain, field, notice, select } from "/faces/deeds.js";
import { saveAs } from "/faces/saving.js";
import { onLanguage, word } from "/faces/words.js";
import { allowed, api, areaName, clock, follow, layout, openFrame, readAlong } from "/pages/frame.js";

const FIND_PAUSE_MS = 200;
const FOUND_MAX = 8;

/** @type {import("/faces/centre.js").Live} */
let live;
/** @type {any} */
let evacuation = null;
/** @type {any[]} */
let blocks = [];
/** @type {any[]} */
let plans = [];
/** @type {any[]} */
let people = [];
let readMore = () => {};

async function read() {
  const seq = live.seq;
  [evacuation, blocks, plans] = await Promise.all([
    call(`${api}/evacuation`),
    allowed("reasons") ? call(`${api}/blocks`).then((answer) => answer.blocks) : [],
    call(`${api}/rooms`).then((answer) => answer.plans),
  ]);
  show();
  return seq;
}

const show = calmly(() => {
  if (!evacuation) return;
  const running = evacuation.state !== "none";
  find("#evacuation").classList.toggle("running", running);
  find("#stands").textContent = running
    ? word(evacuation.state === "drill" ? "drillSince" : "evacuationSince", { time: clock.time(evacuation.since) })
    : word("evacuationNone");
  find("#deeds").replaceChildren(...(running ? runningDeeds() : calmDeeds()));
  find("#asof").textContent = word("asOf", { time: clock.time(evacuation.now) });
  find("#counts tbody").replaceChildren(...evacuation.areas.map(areaRow));
  find("#helped tbody").replaceChildren(...(evacuation.helped.length ? evacuation.helped.map(helpedRow) : [make("tr", {}, make("td", { colspan: "4" }, word("nobodyNeedsHelp")))]));
  find("#keep").replaceChildren(button("print", word("print"), () => window.print()), button("keep", word("keepFile"), keepFile));
  find("#earlier").replaceChildren(...(evacuation.earlier.length ? evacuation.earlier.map(earlierLine) : [make("li", {}, word("never"))]));
  showBlocks();
  showPlans();
});

/** @param {boolean} drill */
function begin(drill) {
  return async () => {
    await call(`${api}/evacuation`, { method: "POST", body: { active: true, drill } });
    await read();
  };
}

function calmDeeds() {
  return [
    button("evacuate", word("evacuate"), begin(false), "alarm"),
    button("drill", word("drill"), begin(true)),
    make("small", {}, word("evacuateMeans")),
  ];
}

function runningDeeds() {
  const drill = evacuation.state === "drill";
  const end = (/** @type {any} */ rest) => async () => {
    await call(`${api}/evacuation`, { method: "POST", body: { active: false, ...rest } });
    await read();
  };
  if (drill) return [button("end", word("drillEnd"), end({}), ""), button("evacuate", word("evacuate"), begin(false), "alarm")];
  return [
    button("clear", word("allClear"), () => ask(word("allClear"), [make("p", {}, word("allClearSure"))], word("allClear"), end({}))),
    button("false", word("falseAlarm"), () => ask(word("falseAlarm"), [make("p", {}, word("falseAlarmSure"))], word("falseAlarm"), end({ false_alarm: true }))),
    make("small", {}, word("endMeans")),
  ];
}

/** @param {any} area */
function areaRow(area) {
  const inside = Math.max(0, area.known + area.uncounted);
  return make("tr", { class: inside ? "" : "empty" },
    make("th", { scope: "row" }, area.name),
    make("td", { class: "number" }, String(area.began_with)),
    make("td", { class: "number" }, make("strong", {}, String(inside)), area.plus_minus ? ` ${word("plusMinus", { count: area.plus_minus })}` : ""),
    make("td", { class: "number" }, area.wheelchair ? `♿ ${area.wheelchair}` : "–"));
}

/** @param {any} person */
function helpedRow(person) {
  return make("tr", {}, make("th", { scope: "row" }, areaName(person.area)), make("td", {}, make("bdi", {}, person.name)),
    make("td", {}, [person.wheelchair ? "♿" : "", person.needs].filter(Boolean).join(" ")), make("td", {}, person.phone ? make("a", { href: `tel:${person.phone.replace(/[^+\d]/g, "")}` }, person.phone) : "–"));
}

const WHAT = { begun: "begunAt", ended: "endedAt", withdrawn: "withdrawnAt" };

/** @param {any} one */
function earlierLine(one) {
  const text = word(WHAT[/** @type {keyof typeof WHAT} */ (one.what)], { time: clock.time(one.at), count: one.house, by: one.by });
  return make("li", {}, one.drill ? `${word("drill")}: ${text}` : text);
}

/** The list as a file of its own: it can be read, and handed on, where no network is left. */
function keepFile() {
  const copy = /** @type {HTMLElement} */ (find("#report").cloneNode(true));
  for (const group of copy.querySelectorAll("[tabindex]")) group.removeAttribute("tabindex");
  const head = `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${word("evacuationHead")}</title><style>body{font:1.1rem/1.4 sans-serif;margin:1rem}table{border-collapse:collapse;margin-block:1rem}th,td{border:1px solid #888;padding:.4rem .7rem;text-align:left}</style>`;
  const title = make("h1", {}, `${layout.event.name}: ${find("#stands").textContent}`);
  const file = new Blob([head, title.outerHTML, copy.outerHTML], { type: "text/html" });
  saveAs(file, `${word("evacuationHead")} ${clock.time(evacuation.now).replace(":", ".")}.html`);
}

function showBlocks() {
  find("#found").replaceChildren(...people.slice(0, FOUND_MAX).map((one) =>
    make("li", { class: "deed" }, make("span", {}, make("bdi", {}, one.name), make("small", { class: "quiet" }, ` ${[one.organisation, one.town].filter(Boolean).join(", ")}`)),
      one.blocked ? button(`lift ${one.id}`, word("lift"), () => lift(one.id, one.name)) : button(`block ${one.id}`, word("block"), () => block(one), "danger"))));
  if (!allowed("reasons")) {
    find("#blocks").replaceChildren(make("li", { class: "quiet" }, word("reasonsSafetyOnly")));
    return;
  }
  find("#blocks").replaceChildren(...(blocks.length
    ? blocks.map((one) => make("li", { class: "deed" }, make("span", {}, make("b", {}, make("bdi", {}, one.name)), ` – ${one.reason}`, make("small", { class: "quiet" }, ` ${word("blockedBy", { by: one.by, time: clock.time(one.at) })}`)), button(`lift ${one.attendee}`, word("lift"), () => lift(one.attendee, one.name))))
    : [make("li", {}, word("noBlocks"))]));
}

/** @param {any} person */
function block(person) {
  const reason = make("textarea", { name: "reason", maxlength: "500", rows: "3", required: "" });
  ask(word("blockWhom", { name: person.name }), [field(word("blockReason"), reason)], word("block"), async (data) => {
    await call(`${api}/attendees/${person.id}/block`, { method: "PUT", body: { blocked: true, reason: data.get("reason") } });
    notice(word("blockDone", { name: person.name }), () => put(person.id));
    await search();
    await read();
  }, "danger");
}

/** @param {string} id @param {string} name */
async function lift(id, name) {
  await put(id);
  notice(word("liftDone", { name }));
}

/** @param {string} id */
async function put(id) {
  await call(`${api}/attendees/${id}/block`, { method: "PUT", body: { blocked: false } });
  await search();
  await read();
}

async function search() {
  const query = /** @type {HTMLInputElement} */ (find("#find")).value.trim();
  people = query.length < 2 ? [] : (await call(`${api}/attendees?q=${encodeURIComponent(query)}`)).attendees;
  show();
}

function showPlans() {
  find("#approve").hidden = !allowed("approve");
  find("#plans").replaceChildren(...plans.map((plan) => {
    const numbers = [["visitors", "visitors"], ["persons", "persons"], ["wheelchair", "wheelchairs"], ["companions", "companions"]].filter(([key]) => plan[key] || (key === "visitors" && plan[key] === 0)).map(([key, label]) => `${word(label)} ${plan[key]}`);
    const name = plan.id === "layout" ? word("planOfLayout") : plan.name;
    return make("li", {}, make("b", {}, `${areaName(plan.area)}: ${name}`), ` ${numbers.join(", ")}${plan.in_use ? ` – ${word("inUse")}` : ""}`);
  }));
}

/** The form for a newly approved plan, once: what is typed stays while the rest is drawn anew. */
function buildPlanForm() {
  const number = (/** @type {string} */ name) => make("input", { name, type: "number", inputmode: "numeric", min: "0", max: "1000000" });
  const form = find("#plan");
  form.replaceChildren(
    field(word("room"), select("area", layout.areas.map((/** @type {any} */ one) => [one.id, one.name]))),
    field(word("planName"), make("input", { name: "name", required: "", maxlength: "200", autocomplete: "off" })),
    field(word("visitors"), number("visitors")), field(word("persons"), number("persons")), field(word("wheelchairs"), number("wheelchair")), field(word("companions"), number("companions")),
    field(word("planNote"), make("input", { name: "note", required: "", maxlength: "200", autocomplete: "off" })),
    make("button", { class: "button" }, word("approvePlan")));
  let busy = false;
  form.onsubmit = async (submitted) => {
    submitted.preventDefault();
    if (busy) return;
    busy = true;
    const data = new FormData(/** @type {HTMLFormElement} */ (form));
    const given = (/** @type {string} */ name) => (data.get(name) === "" ? {} : { [name]: Number(data.get(name)) });
    const body = { id: `plan-${newId().slice(0, 8)}`, name: data.get("name"), note: data.get("note"), ...given("visitors"), ...given("persons"), ...given("wheelchair"), ...given("companions") };
    try {
      await call(`${api}/areas/${encodeURIComponent(String(data.get("area")))}/plans`, { method: "POST", body });
      notice(word("planApproved", { plan: String(body.name), area: areaName(String(data.get("area"))) }));
      /** @type {HTMLFormElement} */ (form).reset();
      await read();
    } catch (error) {
      complain(error);
    }
    busy = false;
  };
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
find("#find").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => search().catch(complain), FIND_PAUSE_MS);
});

async function start() {
  await openFrame("safety");
  buildPlanForm();
  live = follow(() => {
    show();
    readMore();
  });
  readMore = readAlong(live, read);
}

onLanguage(() => {
  if (layout) buildPlanForm();
  show();
});
start();
