// @ts-check
/** The help desk: find a person, check in, print, put right what is wrong, register who has just come. */

import { Camera } from "/faces/camera.js";
import { EventClock, Live, Problem, call, find, make, newId, place, startWhenPossible } from "/faces/centre.js";
import { Doubt, ask, button, complain, field, notice, select } from "/faces/deeds.js";
import { showLink } from "/faces/link.js";
import { changePrint, onItsWay, queueLines, unreachableLines } from "/faces/queue.js";
import { saveMade } from "/faces/saving.js";
import { WedgeScanner, isBadgeCode } from "/faces/scanner.js";
import { SerialScanner } from "/faces/serial.js";
import { onLanguage, said, startWords, word } from "/faces/words.js";

const PAUSE_MS = 120;
const QUEUE_READ_MS = 5_000;
const FOLLOW_MS = 1_000;
const NEW_PERSON = "new";
const ERASED = { names: "erasureCountNames", passages: "erasureCountPassages", certificates: "erasureCountCertificates" };

const { api, event, here, root } = place();
const DOOR_KEPT_AS = `checkin-desk-door ${event}`;
const PRINTER_KEPT_AS = `checkin-desk-printer ${event}`;
const GROUP_KEPT_AS = `checkin-desk-group ${event}`;
const clock = new EventClock();
/** @type {any} */
let layout = null;
/** @type {Set<string>} */
let may = new Set();
/** @type {Live | null} */
let live = null;
/** @type {any[]} */
let people = [];
let chosen = -1;
let foundFor = "";
/** @type {any} the person on the card */
let person = null;
/** @type {string} whoever was told apart from those of the same name */
let toldApart = "";
/** @type {any} the answer to the check-in of the person on the card */
let answer = null;
/** @type {any} */
let queue = { prints: [], printers: [], unreachable: [] };
let round = 0;
/** The event's seq at which the person on the card was read last. */
let seenSeq = 0;
let following = false;
/** Whether the station that this desk is at was cut off when it was shown last. */
let wasCut = false;
/** The door that was chosen when there was a link last. */
let doorLinked = "";
/** @type {WedgeScanner | null} */
let scanner = null;

const query = /** @type {HTMLInputElement} */ (find("#query"));
const doorChoice = /** @type {HTMLSelectElement} */ (find("#door"));
const printerField = /** @type {HTMLInputElement} */ (find("#printer"));

/** @param {string} name */
function kept(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing asks again tomorrow.
  }
}

/** @param {string} id */
function groupName(id) {
  return layout.groups.find((/** @type {any} */ one) => one.id === id)?.name ?? id;
}

/** Whether this desk is at a station that is cut off: then it does what the station can. */
function isCut() {
  return Boolean(live?.cut);
}

/** Who knows of people now: the centre, or the station alone. */
function source() {
  return isCut() ? here : api;
}

async function search() {
  if (!layout) return;
  const mine = ++round;
  const text = query.value.trim();
  const found = text ? (await call(`${source()}/attendees?q=${encodeURIComponent(text)}`)).attendees : [];
  if (mine !== round) return;
  people = found;
  foundFor = text;
  chosen = people.length === 1 ? 0 : -1;
  showFound();
}

/** Enter opens who is chosen, or the only one; among several it begins to choose. */
async function openChosen() {
  // Who types fast and presses Enter means what is typed, not what was found for its first letters.
  if (query.value.trim() !== foundFor) await search();
  if (!people.length) return;
  if (chosen < 0) {
    chosen = 0;
    showFound();
    return;
  }
  choose(chosen);
  if (toldApart) focusDeeds();
  else /** @type {HTMLElement | null} */ (find("#person").querySelector(".tell button"))?.focus();
}

/** A question is open, about somebody else: what was read is not taken, and does not stay in its fields. @param {string} code */
function refuseCode(code) {
  const field = document.activeElement;
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) {
    const at = field.value.toUpperCase().lastIndexOf(code.toUpperCase());
    if (at >= 0) field.value = field.value.slice(0, at);
  }
  notice(word("dialogFirst"));
}

/**
 * @param {string} code a badge or a ticket that was read @param {string} [other] another way to read it, tried where the first is nobody's
 * @param {string} [typed] what stands in the search: whoever types as fast as a scanner has searched
 */
async function readCode(code, other = "", typed = "") {
  const mine = ++round;
  clearTimeout(typing);
  query.value = "";
  const whose = (/** @type {string} */ one) => call(`${source()}/attendees/by-code`, { method: "POST", body: { code: one } });
  let { attendees, replaced, represented } = await whose(code);
  if (!attendees.length && other) ({ attendees, replaced, represented } = await whose((code = other)));
  if (mine !== round) return;
  if (!attendees.length && typed.trim() && !query.value) {
    query.value = typed;
    await openChosen();
    if (!people.length && /\d/.test(typed)) showFound(word("unknownCode"));
    return;
  }
  foundFor = "";
  if (attendees.length) scanner?.learn(code);
  people = attendees;
  chosen = people.length === 1 ? 0 : -1;
  showFound(people.length ? "" : word("unknownCode"));
  if (replaced) notice(`${word("voidBadge")} ${said(replaced)}`);
  if (represented) notice(said(represented));
  if (people.length === 1) choose(0);
  else if (people.length > 1) showGroup(people);
}

/** @param {string} [instead] said in the place of the count */
function showFound(instead) {
  find("#count").textContent = instead || (query.value.trim() === "" ? word("searchHelp") : people.length ? word("foundCount", { count: people.length }) : word("foundNone"));
  find("#found").replaceChildren(...people.map(foundLine));
  query.setAttribute("aria-activedescendant", chosen >= 0 ? `found-${chosen}` : "");
  find("#found").querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
}

/** @param {any} one @param {number} at */
function foundLine(one, at) {
  const line = make("li", { id: `found-${at}`, role: "option", "aria-selected": String(at === chosen) },
    make("span", {}, make("b", {}, make("bdi", {}, one.name)), one.namesakes.length ? make("span", { class: "same" }, ` ⚠ ${word("sameName")}`) : null),
    make("span", { class: "status" }, statusWord(one)),
    make("small", {}, [one.organisation, one.department, one.town, groupName(one.group)].filter(Boolean).join(" · ")));
  line.addEventListener("click", () => choose(at));
  return line;
}

/** @param {any} one */
function statusWord(one) {
  if (one.blocked) return `⛔ ${word("blockedNow")}`;
  if (one.registration !== "registered") return word(one.registration === "waiting" ? "onWaitingList" : "registrationCancelled");
  if (one.area) return `✓ ${one.arrived_at ? word("insideSince", { time: clock.time(one.arrived_at) }) : word("insideHouse")}`;
  return one.came ? word("wentOutAgain") : word("notHereYet");
}

/** @param {number} at */
function choose(at) {
  chosen = at;
  person = people[at];
  answer = null;
  toldApart = person.namesakes.length ? "" : person.id;
  showFound();
  showPerson();
  // Where the card is below the hits, it comes into view.
  if (find("#person").getBoundingClientRect().top > innerHeight / 2) find("#person").scrollIntoView();
}

/**
 * Another desk, or a door, may have changed the person on the card: after every change of the event it is read once
 * more, at most once a second. Questions that are open keep what is typed into them.
 */
function followPerson() {
  if (!person || !live || live.seq === seenSeq || following) return;
  seenSeq = live.seq;
  following = true;
  setTimeout(async () => {
    const before = person;
    const now = before ? await call(`${source()}/attendees/${before.id}`).catch(() => null) : null;
    following = false;
    // What was done here meanwhile has read it already.
    if (now && person === before && JSON.stringify(now) !== JSON.stringify(before)) {
      if (answer?.outcome === "admitted" && now.area === null) answer = null;
      person = now;
      people = people.map((one) => (one.id === now.id ? now : one));
      if (document.activeElement !== query) showFound();
      else find("#found").replaceChildren(...people.map(foundLine));
      showPerson();
    }
    followPerson();
  }, FOLLOW_MS);
}

/** Read the person on the card anew. @param {string} [id] */
async function refresh(id = person?.id) {
  if (!id) return;
  const now = await call(`${source()}/attendees/${id}`);
  people = people.map((one) => (one.id === id ? now : one));
  if (person?.id === id) person = now;
  showFound();
  showPerson();
  readQueue();
}

function showPerson() {
  find("#person").hidden = !person;
  if (!person) return;
  const held = find("#person").contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.key ?? "" : null;
  const badge = person.badge;
  const facts = [
    ["groupWord", groupName(person.group)],
    ["organisationWord", [person.organisation, person.department].filter(Boolean).join(", ")],
    ["town", person.town],
    ["statusWord", statusWord(person)],
    ["badgeWord", badge ? badgeWords(badge) : isCut() ? "" : word("noBadge")],
    ["bookingNumber", person.booking_number],
    ["note", person.remark],
  ].filter(([, text]) => text);
  find("#person").replaceChildren(
    make("h2", { tabindex: "-1" }, make("bdi", {}, person.name)),
    ...flags(),
    make("dl", {}, ...facts.flatMap(([key, text]) => [make("dt", {}, word(key)), make("dd", {}, make("bdi", {}, text))])),
    ...(answer ? [answerBox()] : []),
    ...(toldApart !== person.id ? [tellApart()] : isCut() ? [deedsAlone()] : [...deeds(), consents()]),
  );
  // A button with the focus keeps it; where it has gone, the next deed has it.
  if (held !== null) /** @type {HTMLElement | null} */ (find("#person").querySelector(`[data-key="${CSS.escape(held)}"]`) ?? find("#person").querySelector(".buttons .button:not(.plain)") ?? find("#person").querySelector(".buttons button"))?.focus();
}

/** @param {any} badge */
function badgeWords(badge) {
  const parts = [word("badgeNumber", { number: badge.desk_number })];
  if (badge.generation > 1) parts.push(word("badgeGeneration", { generation: badge.generation }));
  if (badge.state !== "valid") parts.push(word("badgeVoid"));
  if (badge.printed_at) parts.push(word("printedAt", { time: clock.time(badge.printed_at) }));
  if (badge.handed_at) parts.push(word("handedAt", { time: clock.time(badge.handed_at) }));
  return parts.join(" · ");
}

/** What must not be overlooked. */
function flags() {
  const told = [];
  if (person.blocked) told.push(word("flagBlocked"));
  if (person.represented_by) told.push(word("flagRepresented"));
  if (person.represents) told.push(word("flagProxy"));
  if (person.companion_of) told.push(word("flagCompanion"));
  if (person.wheelchair) told.push(`♿ ${word("wheelchairs")}`);
  if (person.registration === "waiting") told.push(word("onWaitingList"));
  if (person.registration === "cancelled") told.push(word("registrationCancelled"));
  return told.length ? [make("p", { class: "tell" }, told.join(" · "))] : [];
}

/** Two of the same name: nothing happens before somebody has looked which one it is. */
function tellApart() {
  const others = person.namesakes;
  const yes = button("apart", word("thisOne"), () => {
    toldApart = person.id;
    showPerson();
    focusDeeds();
  }, "");
  return make("div", { class: "tell", role: "alert" },
    make("p", {}, word("sameNameAsk", { count: others.length + 1 })),
    make("ul", {}, ...[person, ...others].map((one) => make("li", {}, make("bdi", {}, `${one === person ? "→ " : ""}${[one.town, one.organisation, one.department, one.booking_number].filter(Boolean).join(" · ")}`)))),
    make("p", { class: "buttons" }, yes));
}

function focusDeeds() {
  /** @type {HTMLElement | null} */ (find("#person").querySelector(".primary, .buttons button"))?.focus();
}

function deeds() {
  const inside = person.area !== null;
  const badge = person.badge;
  const first = [];
  if (person.registration === "registered" && !person.blocked) {
    first.push(button("checkin", word(inside ? "checkInAgain" : "checkIn"), () => checkIn(), inside ? "plain" : "primary"));
    const waits = badge ? onItsWay(queue.prints, badge.id) : null;
    if (waits) first.push(button("print", word(waits === "waiting" ? "waitsForPrint" : "printsNow"), showWaiting));
    else if (!badge?.printed_at) first.push(button("print", word("printBadge"), printBadge, ""));
    if (badge?.state === "valid") first.push(button("reprint", word("reprint"), askReprint));
  }
  if (badge && badge.state === "valid") first.push(button("hand", word(badge.handed_at ? "handBack" : "handOutBadge"), () => handOut([person], Boolean(badge.handed_at))));
  const others = [
    button("name", word("correctName"), correctName),
    person.represented_by || inside ? null : button("proxy", word("proxy"), sendProxy),
    person.registration === "cancelled" ? button("reinstate", word("reinstate"), reinstate) : button("cancel", word("cancelRegistration"), cancelRegistration),
    person.registration === "waiting" || answer?.line ? button("line", word("takeNumber"), takeNumber) : null,
    layout.groups.find((/** @type {any} */ one) => one.id === person.group)?.accredited ? button("accredit", word(person.accredited ? "accreditEnd" : "accredit"), () => change({ accredited: !person.accredited }, { accredited: person.accredited }, word(person.accredited ? "accreditEnded" : "accredited"))) : null,
    person.wheelchair ? button("companion", word("addCompanion"), () => walkIn({ companion_of: person.id, group: person.group })) : null,
    may.has("block") && !person.blocked ? button("block", word("block"), block, "danger") : null,
    button("note", word("note"), note),
    person.came ? button("certificate", word("deskCertificate"), certify) : null,
    may.has("manage") ? button("access", word("deskAccess"), giveAccess) : null,
    may.has("manage") && !inside ? button("erase", word("deskErase"), eraseData, "danger") : null,
    person.booking_number ? button("group", word("groupPickup"), openGroup) : null,
  ].filter((one) => one !== null);
  return [make("p", { class: "buttons" }, ...first), make("p", { class: "buttons" }, ...others)];
}

/** Whether the door of this station leads into the house: people are checked in there. */
function checksInAlone() {
  return [...doorChoice.options].some((one) => one.value === live?.station?.door);
}

/** What goes without the centre: the check-in at this station's own door, where that leads into the house. */
function deedsAlone() {
  const door = layout.doors.find((/** @type {any} */ one) => one.id === live?.station?.door);
  const leadsIn = checksInAlone();
  const may = leadsIn && person.registration === "registered" && !person.blocked;
  return make("div", { class: "deeds-alone" },
    may ? make("p", { class: "buttons" }, button("checkin", word(person.area === null ? "checkIn" : "checkInAgain"), () => checkIn(), person.area === null ? "primary" : "plain")) : null,
    make("p", { class: "quiet" }, leadsIn ? word("deskAloneAt", { door: door.name }) : word("deskAloneNoDoor")));
}

/** The link has gone, or is back: what this desk does is another. */
function followLink() {
  showLink(live);
  const cut = isCut();
  if (cut === wasCut) return;
  wasCut = cut;
  document.body.classList.toggle("alone", cut);
  // What is shown is where the check-in goes: cut off, to this station's own door.
  if (cut) doorLinked = doorChoice.value;
  doorChoice.value = cut ? live?.station?.door ?? "" : doorLinked;
  for (const id of ["#walkin", "#printer", "#door"]) /** @type {HTMLButtonElement} */ (find(id)).disabled = cut;
  find("#queue").hidden = cut;
  find("#where").hidden = cut && !checksInAlone();
  find("#alone").hidden = !cut;
  find("#alone").replaceChildren(...(cut ? [make("strong", {}, word(checksInAlone() ? "deskAlone" : "deskAloneRoom")), make("details", {}, make("summary", {}, word("deskAloneHow")), make("p", {}, word("deskAloneInstead")))] : []));
  showPerson();
  // What was on the card is read anew by whoever knows of it now.
  refresh().catch(() => {});
  if (query.value.trim()) search().catch(complain);
}

/** What this person has agreed to: said at the desk, it holds at once in every list. */
function consents() {
  const who = person;
  /** @param {"listed" | "photo"} name @param {string} text */
  const turn = (name, text) => {
    const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", name, "data-key": name, ...(who[name] ? { checked: "" } : {}) }));
    box.addEventListener("change", () => change({ [name]: box.checked }, { [name]: who[name] }, word("consentChanged"), who).catch((error) => {
      box.checked = who[name];
      complain(error);
    }));
    return make("label", { class: "check" }, box, make("span", {}, text));
  };
  return make("div", { class: "consents", role: "group", "aria-label": word("consents") }, turn("listed", word("consentListed")), turn("photo", word("consentPhoto")));
}

function answerBox() {
  const tone = answer.outcome === "admitted" ? "admitted" : answer.soft ? "look" : "refused";
  const more = [];
  if (answer.soft) more.push(button("override", word("override"), () => checkIn({ override: { reason: word("askedDesk") } }), ""));
  if (answer.switch) more.push(button("switch", word("switchTo", { title: answer.switch.title }), () => checkIn({ switch: true }), ""));
  if (answer.line && answer.line.number === null) more.push(button("wait", word("takeNumber"), () => checkIn({ wait: true }), ""));
  return make("div", { class: `answer ${tone}`, role: "status" }, make("strong", {}, said(answer.hint)), answer.way ? make("span", {}, said(answer.way)) : null, more.length ? make("p", { class: "buttons" }, ...more) : null);
}

/** @param {any} [more] */
async function checkIn(more = {}) {
  const who = person;
  const scan = { id: newId(), attendee: who.id, door: isCut() ? live?.station?.door : doorChoice.value, direction: "entry", scanned_at: new Date(clock.now()).toISOString(), ...more };
  const alone = isCut();
  const given = await call(`${source()}/scans`, { method: "POST", body: scan });
  if (person?.id !== who.id) return;
  answer = given;
  await refresh();
  if (answer?.outcome === "admitted") {
    // What a station has decided alone is told to the centre as it was: there is no way back from here.
    notice(word(alone ? "checkedInAlone" : "checkedIn", { name: who.name }), alone ? null : async () => {
      await call(`${api}/scans/${scan.id}/undo`, { method: "POST" });
      answer = null;
      await refresh(who.id);
    });
  }
}

/** Where the badge of the card waits in the queue. */
function showWaiting() {
  const print = queue.prints.find((/** @type {any} */ one) => one.badge === person?.badge?.id && one.state === "waiting");
  find("#queue").scrollIntoView({ block: "nearest" });
  if (print) /** @type {HTMLElement | null} */ (find("#prints").querySelector(`[data-key="withdraw ${CSS.escape(print.id)}"]`))?.focus();
}

/** The badge of this person; a first one is issued where there is none. @param {any} who */
async function badgeOf(who) {
  if (who.badge && who.badge.state === "valid") return who.badge;
  return call(`${api}/attendees/${who.id}/badges?after=${who.badge?.generation ?? 0}`, { method: "POST" });
}

/** @param {any} badge @param {boolean} again @param {string} [id] */
async function queuePrint(badge, again, id = newId()) {
  const { missing } = await call(`${api}/prints`, { method: "POST", body: { id, badge: badge.id, printer: printerField.value.trim(), again } });
  if (missing) notice(word("lettersMissing", { letters: [...missing].join(" ") }));
  return id;
}

/** A print that no printer has yet is withdrawn. @param {string} print @param {any} who */
async function withdraw(print, who) {
  await changePrint(api, print, "withdrawn");
  notice(word("printWithdrawn"));
  await refresh(who.id);
}

async function printBadge() {
  const who = person;
  const print = await queuePrint(await badgeOf(who), false);
  notice(word("queued", { name: who.name }), () => withdraw(print, who));
  await refresh(who.id);
}

/** A second badge asks first: is the old one lost or wrong, or did only the printer fail? */
function askReprint() {
  const who = person;
  if (!who.badge) return;
  // Enter and Enter make nothing void.
  const same = make("input", { type: "radio", name: "how", value: "same", checked: "" });
  const fresh = make("input", { type: "radio", name: "how", value: "new" });
  const content = [
    make("label", { class: "check" }, same, make("span", {}, word("reprintSame"))),
    make("label", { class: "check" }, fresh, make("span", {}, word("reprintNew"))),
  ];
  ask(word("reprint"), content, word("printBadge"), async (data) => {
    const isNew = data.get("how") === "new";
    const badge = isNew ? await call(`${api}/attendees/${who.id}/badges?after=${who.badge.generation}`, { method: "POST" }) : who.badge;
    const print = await queuePrint(badge, true);
    if (isNew) notice(word("replacedAndQueued", { name: who.name }), () => takeReissueBack(badge, who));
    else notice(word("queued", { name: who.name }), () => withdraw(print, who));
    await refresh(who.id);
  });
}

/** The old badge is valid again, unless a printer has the new one or it was used. @param {any} badge @param {any} who */
async function takeReissueBack(badge, who) {
  await call(`${api}/badges/${badge.id}/undo`, { method: "POST" });
  notice(word("reissueUndone", { name: who.name }));
  await refresh(who.id);
}

/** @param {any[]} members @param {boolean} back @param {string[]} [prints] what was queued for it */
async function handOut(members, back, prints = []) {
  const badges = members.map((one) => one.badge?.id).filter(Boolean);
  const { badges: changed } = await call(`${api}/pickups`, { method: "POST", body: { badges, back } });
  notice(word(back ? "handedBack" : "handedOutCount", { count: changed.length }), changed.length ? async () => {
    await call(`${api}/pickups`, { method: "POST", body: { badges: changed, back: !back, prints } });
    await refresh();
  } : null);
  await refresh();
}

/** @param {any} body @param {any} back what takes it back @param {string} text @param {any} [who] whom the question was about */
async function change(body, back, text, who = person) {
  const patch = (/** @type {any} */ what) => call(`${api}/attendees/${who.id}`, { method: "PATCH", body: what });
  const now = await patch(body);
  // The way back takes away what was written here, and nothing that somebody has written since.
  const expects = Object.fromEntries(Object.keys(back ?? {}).filter((key) => key !== "reason").map((key) => [key, now[key]]));
  notice(`${text} (${who.name})`, back ? () => patch({ ...back, expects }).finally(() => refresh(who.id)) : null);
  await refresh(who.id);
}

/** @param {string} name @param {string} [value] @param {Record<string, string>} [more] */
function input(name, value = "", more = {}) {
  return make("input", { name, value, maxlength: "200", autocomplete: "off", ...more });
}

/**
 * Warns while a name is typed that has letters which no font of the badges has. @param {(Node | string)[]} content
 * @returns {HTMLElement} where the warning stands
 */
function watchLetters(content) {
  const warning = make("p", { class: "tell", role: "status", hidden: "" });
  const fields = content.flatMap((one) => (one instanceof Element ? [...one.querySelectorAll("input:not([type])")] : []));
  let asked = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;
  const look = async () => {
    const text = fields.map((one) => /** @type {HTMLInputElement} */ (one).value).join(" ");
    if (text === asked) return;
    asked = text;
    // Everything that a keyboard of ours has is printed; what else there is, the centre knows.
    const missing = /[^\x20-\x7eäöüÄÖÜß]/.test(text) ? (await call(`${api}/badges/letters`, { method: "POST", body: { text } })).missing : "";
    if (text !== asked) return;
    warning.hidden = !missing;
    warning.textContent = missing ? word("lettersMissing", { letters: [...missing].join(" ") }) : "";
  };
  for (const one of fields) {
    one.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(() => look().catch(() => {}), PAUSE_MS);
    });
  }
  look().catch(() => {});
  return warning;
}

/** Two fields side by side. @param {HTMLElement} one @param {HTMLElement} other */
function pair(one, other) {
  return make("div", { class: "pair" }, one, other);
}

function correctName() {
  const who = person;
  const fields = { title: who.title, given_name: who.given_name, family_name: who.family_name, organisation: who.organisation };
  const content = [
    field(word("titleWord"), input("title", who.title)), field(word("givenName"), input("given_name", who.given_name, { autofocus: "" })),
    field(word("familyName"), input("family_name", who.family_name, { required: "" })), field(word("organisationWord"), input("organisation", who.organisation)),
    make("p", { class: "quiet" }, word("correctNameHelp")),
  ];
  content.splice(-1, 0, watchLetters(content));
  ask(word("correctName"), content, word("save"), async (data) => {
    // What was not touched is not sent: another desk may have changed it meanwhile.
    const touched = Object.entries(fields).filter(([key, was]) => data.get(key) !== was);
    if (!touched.length) return;
    await change(Object.fromEntries(touched.map(([key]) => [key, data.get(key)])), Object.fromEntries(touched), word("nameCorrected"), who);
    if (who.badge && person?.id === who.id) askReprint();
  });
}

function sendProxy() {
  const who = person;
  const id = newId();
  const content = [
    make("p", {}, word("proxyHelp", { name: who.name })), field(word("titleWord"), input("title")), field(word("givenName"), input("given_name", "", { autofocus: "" })),
    field(word("familyName"), input("family_name", "", { required: "" })), field(word("organisationWord"), input("organisation", who.organisation)), field(word("email"), input("email", "", { type: "email" })),
  ];
  content.push(watchLetters(content));
  ask(word("proxy"), content, word("proxyYes"), async (data) => {
    const proxy = await call(`${api}/attendees/${who.id}/proxy`, { method: "POST", body: { id, ...Object.fromEntries(data) } });
    people = [proxy, ...people.filter((one) => one.id !== proxy.id)];
    await refresh(who.id);
    choose(0);
    notice(word("proxyDone", { name: proxy.name }), async () => {
      await call(`${api}/attendees/${who.id}/proxy/undo`, { method: "POST" });
      people = people.filter((one) => one.id !== proxy.id);
      if (person?.id === proxy.id) {
        person = who;
        toldApart = who.id;
        answer = null;
      }
      chosen = people.findIndex((one) => one.id === who.id);
      await refresh(who.id);
      notice(word("proxyUndone", { name: who.name }));
    });
  });
}

function reinstate() {
  const who = person;
  ask(word("reinstate"), [field(word("reasonWord"), input("reason", "", { required: "" }))], word("reinstate"), (data) =>
    change({ registration: "registered", reason: data.get("reason") }, { registration: "cancelled" }, word("reinstated"), who));
}

function cancelRegistration() {
  const before = person.registration;
  return change({ registration: "cancelled" }, { registration: before, reason: word("undoneNote") }, word("registrationCancelledDone"));
}

async function takeNumber() {
  const house = layout.areas.find((/** @type {any} */ one) => one.parent === null).id;
  const area = answer?.line?.area ?? house;
  const line = await call(`${api}/areas/${encodeURIComponent(area)}/line`, { method: "POST", body: { attendee: person.id } });
  notice(word("numberTaken", { number: line.number, ahead: line.ahead }));
}

function block() {
  const who = person;
  ask(word("blockWhom", { name: who.name }), [field(word("blockReason"), make("textarea", { name: "reason", maxlength: "500", rows: "3", required: "" }))], word("block"), async (data) => {
    const put = (/** @type {any} */ body) => call(`${api}/attendees/${who.id}/block`, { method: "PUT", body });
    await put({ blocked: true, reason: data.get("reason") });
    notice(word("blockDone", { name: who.name }), () => put({ blocked: false }).then(() => refresh(who.id)));
    await refresh(who.id);
  }, "danger");
}

/** The certificate of attendance; another issue has a number of its own, and the earlier holds on. */
function certify() {
  const who = person;
  const again = make("input", { type: "checkbox", name: "again" });
  const content = [make("label", { class: "check" }, again, make("span", {}, word("deskAgain")))];
  ask(word("deskCertificate"), content, word("certPdf"), async (data) => {
    await saveMade(`${api}/certificates`, `${event}-${who.badge?.desk_number ?? ""}.pdf`, { attendee: who.id, again: data.get("again") !== null });
  });
}

function giveAccess() {
  const who = person;
  ask(word("deskAccess"), [make("p", {}, word("deskAccessAsk"))], word("deskAccessGive"), async () => {
    await saveMade(`${api}/attendees/${who.id}/access`, `${event}-auskunft.zip`);
  });
}

/** Names the numbers before anything goes: there is no way back. */
async function eraseData() {
  const who = person;
  const counts = await call(`${api}/attendees/${who.id}/erasure`);
  const gone = Object.entries(ERASED).filter(([what]) => counts[what]).map(([what, key]) => word(key, { count: counts[what] }));
  const content = [make("p", {}, word("deskEraseAsk", { name: who.name })), make("p", {}, word("deskEraseCounts", { counts: gone.join(", ") }))];
  ask(word("deskErase"), content, word("deskErase"), async () => {
    await call(`${api}/attendees/${who.id}/erasure`, { method: "POST", timeoutMs: 120_000 });
    people = people.filter((one) => one.id !== who.id);
    person = null;
    showFound();
    showPerson();
    notice(word("deskErased"));
  }, "danger");
}

function note() {
  const who = person;
  const before = who.remark;
  ask(word("note"), [field(word("note"), make("textarea", { name: "remark", maxlength: "2000", rows: "4" }, before))], word("save"), (data) => change({ remark: data.get("remark") }, { remark: before }, word("noteSaved"), who));
}

async function openGroup() {
  const { attendees } = await call(`${api}/attendees/by-code`, { method: "POST", body: { code: person.booking_number } });
  showGroup(attendees.length ? attendees : [person]);
}

/** A group's leader collects: badges go out together, and nobody is counted. @param {any[]} members */
function showGroup(members) {
  const boxes = members.map((one) => {
    const box = make("input", { type: "checkbox", name: "who", value: one.id, ...(one.badge?.handed_at || one.registration !== "registered" ? {} : { checked: "" }) });
    return make("label", { class: "check" }, box, make("span", {}, make("bdi", {}, one.name), make("small", { class: "quiet" }, ` ${one.badge?.handed_at ? word("handedAt", { time: clock.time(one.badge.handed_at) }) : statusWord(one)}`)));
  });
  ask(word("groupPickupTitle", { number: members[0].booking_number, count: members.length }), [make("p", {}, word("groupPickupHelp")), make("div", { class: "members" }, ...boxes)], word("handOutBadges"), async (data) => {
    const wanted = new Set(data.getAll("who"));
    const picked = [];
    const prints = [];
    for (const one of members.filter((member) => wanted.has(member.id))) {
      const badge = await badgeOf(one);
      const print = badge.printed_at ? null : await queuePrint(badge, false).catch((error) => (error instanceof Problem && error.code === "printed_already" ? null : Promise.reject(error)));
      if (print) prints.push(print);
      picked.push({ ...one, badge });
    }
    if (picked.length) await handOut(picked, false, prints);
  });
}

/** Those of the same name to choose from, or another person. @param {HTMLElement} box @param {any[]} namesakes */
function showKnown(box, namesakes) {
  const choices = namesakes.map((one) => [one.id, [one.town, one.organisation, one.department, groupName(one.group), one.booking_number].filter(Boolean).join(" · ")]);
  box.hidden = false;
  box.replaceChildren(make("legend", {}, word("nameKnownWho")), ...[...choices, [NEW_PERSON, word("newPerson")]].map(([value, text]) =>
    make("label", { class: "check" }, make("input", { type: "radio", name: "known", value, required: "" }), make("span", {}, make("bdi", {}, text)))));
  box.querySelector("input")?.focus();
}

/** Somebody who came without registration. @param {any} [given] */
function walkIn(given = {}) {
  const ids = { attendee: newId(), scan: newId(), print: newId() };
  /** @type {[string, string][]} */
  const groups = layout.groups.filter((/** @type {any} */ one) => !one.hidden).map((/** @type {any} */ one) => [one.id, one.name]);
  const lately = groups.some(([id]) => id === kept(GROUP_KEPT_AS)) ? kept(GROUP_KEPT_AS) : "";
  const group = given.group ?? (groups.length === 1 ? groups[0][0] : lately);
  if (!group) groups.unshift(["", word("chooseGroup")]);
  const known = make("fieldset", { class: "known", hidden: "" });
  let asked = "";
  // Who was looked for and not found is who stands here.
  const typed = people.length || given.companion_of ? [] : query.value.trim().split(/\s+/);
  const content = [
    pair(field(word("givenName"), input("given_name", typed.slice(0, -1).join(" "))), field(word("familyName"), input("family_name", typed.at(-1) ?? "", { required: "" }))),
    pair(field(word("organisationWord"), input("organisation")), field(word("town"), input("town"))),
    pair(field(word("groupWord"), select("group", groups, group, { required: "" })), field(word("email"), input("email", "", { type: "email" }))),
    make("label", { class: "check" }, make("input", { type: "checkbox", name: "listed" }), make("span", {}, word("consentListed"))),
    make("label", { class: "check" }, make("input", { type: "checkbox", name: "photo" }), make("span", {}, word("photoConsent"))),
    make("label", { class: "check" }, make("input", { type: "checkbox", name: "wheelchair" }), make("span", {}, word("wheelchairs"))),
    make("details", {}, make("summary", {}, word("privacyTitle")), make("p", {}, word("privacyNotice", { event: layout.event.name }))),
    make("label", { class: "check" }, make("input", { type: "checkbox", name: "shown", required: "" }), make("span", {}, word("privacyShown"))),
    known,
  ];
  content.splice(2, 0, watchLetters(content));
  ask(word(given.companion_of ? "addCompanion" : "walkIn"), content, word("walkInYes"), async (data) => {
    const text = (/** @type {string} */ name) => String(data.get(name) ?? "").trim();
    const body = { id: ids.attendee, group: text("group"), given_name: text("given_name"), family_name: text("family_name"), organisation: text("organisation"), town: text("town"), email: text("email"), listed: data.has("listed"), photo: data.has("photo"), wheelchair: data.has("wheelchair"), ...(given.companion_of ? { companion_of: given.companion_of } : {}) };
    const name = JSON.stringify([body.given_name, body.family_name]);
    const choice = asked === name ? String(data.get("known") ?? "") : "";
    if (choice && choice !== NEW_PERSON) {
      people = [await call(`${api}/attendees/${choice}`)];
      choose(0);
      toldApart = choice;
      showPerson();
      return;
    }
    const added = await call(`${api}/attendees`, { method: "POST", body: { ...body, distinct: !choice } }).catch((error) => {
      if (!(error instanceof Problem) || error.code !== "name_known") throw error;
      asked = name;
      showKnown(known, error.data.namesakes);
      throw new Doubt(word("nameKnown"));
    });
    keep(GROUP_KEPT_AS, body.group);
    const badge = await badgeOf(added);
    await queuePrint(badge, false, ids.print);
    people = [{ ...added, badge }, ...people.filter((one) => one.id !== added.id)];
    choose(0);
    toldApart = added.id;
    const undo = async () => {
      await call(`${api}/attendees/${added.id}/undo`, { method: "POST" });
      if (person?.id === added.id) answer = null;
      await refresh(added.id);
      notice(word("walkInUndone", { name: added.name }));
    };
    if (added.line) {
      notice(word("numberTaken", { number: added.line.number, ahead: added.line.ahead }), undo);
      await refresh(added.id);
      return;
    }
    const scan = { id: ids.scan, attendee: added.id, door: doorChoice.value, scanned_at: new Date(clock.now()).toISOString() };
    answer = await call(`${api}/scans`, { method: "POST", body: scan });
    notice(word("walkInDone", { name: added.name }), undo);
    await refresh(added.id);
  });
}

async function readQueue() {
  if (isCut()) return;
  const before = queue;
  queue = await call(`${api}/prints`);
  for (const { name } of queue.unreachable.filter((/** @type {any} */ one) => !before.unreachable.some((/** @type {any} */ other) => other.name === one.name))) notice(word("printerUnreachable", { name }));
  find("#printers").replaceChildren(...queue.printers.map((/** @type {string} */ name) => make("option", { value: name })));
  showQueue();
  const badge = person?.badge?.id;
  if (badge && onItsWay(before.prints, badge) !== onItsWay(queue.prints, badge)) showPerson();
}

function showQueue() {
  const held = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.key;
  find("#prints").replaceChildren(...unreachableLines(api, queue.unreachable, (at) => clock.time(at), readQueue), ...queueLines(api, queue.prints, readQueue));
  if (held) /** @type {HTMLElement | null} */ (find("#prints").querySelector(`[data-key="${CSS.escape(held)}"]`))?.focus();
}

function showAll() {
  followLink();
  showFound();
  showPerson();
  showQueue();
}

/** Whether somebody is known to be logged in. @param {boolean} usable */
function setUsable(usable) {
  find("main").hidden = !usable;
  for (const id of ["#walkin", "#camera-switch"]) /** @type {HTMLButtonElement} */ (find(id)).disabled = !usable;
}

/** At a station that is cut off nobody is known to be logged in: that is said, and it is tried again. @param {unknown} error @returns {never} */
function showNoLogin(error) {
  if (error instanceof Problem && error.code === "station_no_login") {
    find("#link").textContent = word("noLink");
    find("#alone").hidden = false;
    find("#alone").replaceChildren(make("strong", {}, error.message));
    setUsable(false);
  }
  throw error;
}

async function start() {
  const [me, venue] = await Promise.all([call(`${root}/api/v1/me`).catch(showNoLogin), call(`${here}/layout`)]);
  find("#alone").hidden = true;
  setUsable(true);
  may = new Set(me.may);
  layout = venue;
  clock.zone = layout.event.timezone;
  clock.set(layout.now);
  showTitle();
  const early = query.value.trim(); // typed or scanned before anybody listened
  const house = layout.areas.find((/** @type {any} */ one) => one.parent === null).id;
  const doors = layout.doors.filter((/** @type {any} */ one) => one.direction !== "exit" && !one.item && one.area === house);
  doorChoice.replaceChildren(...doors.map((/** @type {any} */ one) => make("option", { value: one.id }, one.name)));
  if (doors.some((/** @type {any} */ one) => one.id === kept(DOOR_KEPT_AS))) doorChoice.value = kept(DOOR_KEPT_AS);
  printerField.value ||= kept(PRINTER_KEPT_AS);
  live = new Live(here, [house], clock, () => {
    followLink();
    followPerson();
  });
  const onCode = (/** @type {string} */ code, /** @type {string} */ other = "", /** @type {string} */ typed = "") => {
    if (document.querySelector("dialog[open]")) refuseCode(code);
    else readCode(code, other, typed).catch(complain);
  };
  new SerialScanner({ button: find("#serial-switch"), onCode, told: (text) => notice(text) });
  new Camera({ button: find("#camera-switch"), view: find("#camera"), api: here, onCode });
  scanner = new WedgeScanner((code, other) => onCode(code, other, query.value), (text) => {
    query.value = text;
    query.focus();
    search().catch(complain);
  });
  showAll();
  query.focus();
  if (root) await live.known; // whether the station is cut off decides whom to ask
  if (early && query.value.trim() === early) (isBadgeCode(early) ? readCode(early) : search()).catch(complain);
  readQueue().catch(() => {});
  setInterval(() => readQueue().catch(() => {}), QUEUE_READ_MS);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
query.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => search().catch(complain), PAUSE_MS);
});
query.addEventListener("keydown", (pressed) => {
  if (pressed.key === "ArrowDown" || pressed.key === "ArrowUp") {
    pressed.preventDefault();
    chosen = Math.max(0, Math.min(people.length - 1, chosen + (pressed.key === "ArrowDown" ? 1 : -1)));
    if (people.length) showFound();
  } else if (pressed.key === "Enter") {
    pressed.preventDefault(); // this press chooses; the next one, on the button, does
    clearTimeout(typing);
    openChosen().catch(complain);
  }
});
addEventListener("keydown", (pressed) => {
  // Whoever types wherever, types into the search: the next person is waiting.
  const isField = pressed.target instanceof HTMLInputElement || pressed.target instanceof HTMLTextAreaElement || pressed.target instanceof HTMLSelectElement;
  const isChar = pressed.key.length === 1 && pressed.key !== " " && !pressed.ctrlKey && !pressed.altKey && !pressed.metaKey;
  if (isChar && !isField && !document.querySelector("dialog[open]")) {
    query.value = "";
    query.focus();
  }
  if (pressed.key === "Escape" && !document.querySelector("dialog[open]")) {
    query.value = foundFor = "";
    person = null;
    people = [];
    chosen = -1;
    round += 1;
    showAll();
    query.focus();
  }
  if (pressed.key === "F2") find("#walkin").click();
});
find("#walkin").addEventListener("click", () => walkIn());
doorChoice.addEventListener("change", () => keep(DOOR_KEPT_AS, doorChoice.value));
printerField.addEventListener("change", () => keep(PRINTER_KEPT_AS, printerField.value.trim()));
function showTitle() {
  document.title = `${word("roleDesk")} – ${layout.event.name}`;
}

onLanguage(() => {
  if (!layout) {
    showLink(live);
    return;
  }
  showTitle();
  showAll();
});
startWords();
showLink(live);
startWhenPossible(start, complain);
