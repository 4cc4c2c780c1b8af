// @ts-check
/** Certificates: the rule with what it does, tried as it is typed; issued, withdrawn. Lists for when nothing works. */

import { call, find, make } from "/faces/centre.js";
import { button, complain, doubtOnce, faultOf, notice } from "/faces/deeds.js";
import { saveAs } from "/faces/saving.js";
import { Stopped, begunBefore, made } from "/faces/work.js";
import { onLanguage, shownLanguage, word } from "/faces/words.js";
import { api, clock, event, follow, layout, openFrame, page } from "/pages/frame.js";

const TRIED_AFTER_MS = 300;
const ISSUED_SHOWN_MAX = 50;
const EVERY_MIN = [0, 5, 10, 15, 30, 60];
const NUMBERS = ["grace_min", "least_percent", "round_min", "least_min", "point_min"];
const STATES = { superseded: "certSuperseded", withdrawn: "certWithdrawn" };

const form = /** @type {HTMLFormElement} */ (find("#rule"));
const addressing = /** @type {HTMLFormElement} */ (find("#address"));
const address = /** @type {HTMLInputElement} */ (addressing.elements.namedItem("address"));
const issuing = /** @type {HTMLFormElement} */ (find("#issue"));

/** @type {any} what the rule on the page does */
let tried = null;
/** @type {any[]} */
let sessions = [];
/** @type {any[]} */
let issued = [];
/** @type {any} */
let fallback = { every_min: 0, folder: "", lists: [] };
let round = 0;
const sure = doubtOnce();

/** @param {string} name */
function input(name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}

function ruleOnPage() {
  const left = [...form.querySelectorAll("input[name=session]:not(:checked)")].map((box) => /** @type {HTMLInputElement} */ (box).value);
  return {
    counts: input("counts").value, assumed: input("assumed").checked, points: input("points").checked, left_out: left,
    ...Object.fromEntries(NUMBERS.map((name) => [name, Number(input(name).value)])),
  };
}

/** @param {any} rule */
function fillRule(rule) {
  input("counts").value = rule.counts;
  for (const name of NUMBERS) input(name).value = String(rule[name]);
  for (const name of ["assumed", "points"]) input(name).checked = rule[name];
  const legend = /** @type {Element} */ (find("#sessions").firstElementChild);
  find("#sessions").replaceChildren(legend, ...sessions.map((one) => {
    const box = make("input", { type: "checkbox", name: "session", value: one.id, ...(rule.left_out.includes(one.id) ? {} : { checked: "" }) });
    return make("label", { class: "check" }, box, make("span", {}, make("span", { class: "number" }, `${clock.time(one.starts_at)} `), one.title));
  }));
}

function showRule() {
  find("#pointfield").hidden = !input("points").checked;
  if (!tried) return;
  find("#frozen").hidden = !tried.frozen;
  find("#addresswanted").hidden = !tried.address_wanted;
  find("#addressabout").hidden = tried.address_wanted;
  find("#proposed").hidden = tried.chosen;
  find("#counting").textContent = word("certCounting", { count: sessions.length - tried.rule.left_out.length, all: sessions.length });
  find("#verdict").textContent = tried.came ? word("certVerdict", { certified: tried.certified, came: tried.came, assumed: tried.assumed }) : word("certNobody");
  find("#people").replaceChildren(...tried.people.map(personLine));
}

/** @param {any} one */
function personLine(one) {
  const parts = one.counted.map((/** @type {any} */ part) => `${part.title || word("certWhole")}: ${word("certMinutes", { count: part.minutes })}${part.assumed ? " *" : ""}`);
  const sum = [word("certMinutes", { count: one.minutes }), tried.rule.points ? word("certPointCount", { count: one.points }) : ""].filter(Boolean).join(" · ");
  return make("li", {},
    make("p", { class: "sum" }, make("b", {}, make("bdi", {}, one.name)), make("span", { class: "number" }, sum)),
    make("small", {}, parts.join(" · ") || word("certNothing")),
    one.assumed ? make("span", { class: "tag look" }, `* ${word("certAssumedTag")}`) : null, " ",
    one.certified ? null : make("span", { class: "tag bad" }, word("certNone")));
}

async function tryRule() {
  const mine = ++round;
  const fault = find("#fault");
  fault.hidden = true;
  showRule();
  if (!form.checkValidity()) return;
  try {
    const answer = await call(`${api}/certificates/rule/preview`, { method: "POST", body: ruleOnPage() });
    if (mine !== round) return;
    tried = answer;
    showRule();
  } catch (error) {
    fault.textContent = faultOf(error);
    fault.hidden = false;
  }
}

async function readIssued() {
  issued = (await call(`${api}/certificates`)).certificates;
  showIssued();
}

function showIssued() {
  find("#issuedcount").textContent = issued.length > ISSUED_SHOWN_MAX ? word("certIssuedSome", { count: issued.length, shown: ISSUED_SHOWN_MAX }) : word("certIssuedCount", { count: issued.length });
  find("#issued").replaceChildren(...issued.slice(0, ISSUED_SHOWN_MAX).map((one) => {
    const state = STATES[/** @type {keyof typeof STATES} */ (one.state)];
    return make("li", { class: "deed" },
      make("span", { class: state ? "gone" : "" }, make("b", { class: "number" }, `${one.number} `), make("bdi", {}, one.name), make("small", { class: "quiet" }, word("certMinutes", { count: one.minutes }))),
      state ? make("span", { class: "tag bad" }, word(state)) : null,
      one.state === "superseded" ? null : button(`state-${one.number}`, word(one.state === "withdrawn" ? "certRestore" : "certWithdraw"), () => turn(one), one.state === "withdrawn" ? "plain" : "danger"));
  }));
}

/** @param {any} one */
async function turn(one) {
  const withdrawn = one.state === "withdrawn";
  const path = `${api}/certificates/${one.number}`;
  if (withdrawn) await call(`${path}/restore`, { method: "POST" });
  else await call(path, { method: "DELETE" });
  notice(word(withdrawn ? "certRestored" : "certWithdrawnNow", { number: one.number }), withdrawn ? null : async () => {
    await call(`${path}/restore`, { method: "POST" });
    await readIssued();
  });
  await readIssued();
}

function issue() {
  if (tried.address_wanted) {
    notice(word("certAddressWanted"));
    address.focus();
    return undefined;
  }
  if (!tried.chosen) {
    notice(word("certRuleWanted"));
    /** @type {HTMLElement} */ (find("#rule .buttons button")).focus();
    return undefined;
  }
  const counted = sessions.filter((one) => !tried.rule.left_out.includes(one.id) && Date.parse(one.ends_at) > clock.now());
  try {
    sure(counted.length > 0, word("certStillRuns", { time: clock.time(Math.max(...counted.map((one) => Date.parse(one.ends_at)))) }));
  } catch (error) {
    complain(error);
    return undefined;
  }
  const data = new FormData(issuing);
  const body = { language: data.get("language"), ...(data.get("group") ? { group: data.get("group") } : {}) };
  return taken(made({ host: find("#working"), label: "certWorking", path: `${api}/certificates`, body }));
}

/** @param {Promise<import("/faces/work.js").Made | null>} making */
async function taken(making) {
  try {
    const file = await making;
    if (!file) return;
    saveAs(file.content, `${event}-${word("certFile")}.pdf`);
    await readIssued();
  } catch (error) {
    if (error instanceof Stopped) await readIssued();
    else complain(error);
  }
}

function showFallback() {
  const group = /** @type {HTMLSelectElement} */ (find("#listgroup")).value;
  const asked = new URLSearchParams({ language: shownLanguage() === "en" ? "en" : "de", ...(group ? { group } : {}) });
  find("#list").setAttribute("href", `${api}/fallback.pdf?${asked}`);
  find("#written").textContent = fallback.every_min ? word("fallbackWritten", { folder: fallback.folder, last: fallback.lists[0] ?? "–" }) : "";
}

/** Groups and times by word, as they are chosen. */
function showChoices() {
  /** @param {HTMLSelectElement} choice @param {[string, string][]} options */
  const offer = (choice, options) => {
    const kept = choice.value;
    choice.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
    choice.value = kept;
    if (choice.selectedIndex < 0) choice.selectedIndex = 0;
  };
  const groups = layout.groups.map((/** @type {any} */ one) => [one.id, one.name]);
  offer(/** @type {HTMLSelectElement} */ (issuing.elements.namedItem("group")), [["", word("certEverybody")], ...groups]);
  offer(/** @type {HTMLSelectElement} */ (find("#listgroup")), [["", word("fallbackEverybody")], ...groups]);
  const every = /** @type {HTMLSelectElement} */ (find("#every"));
  const choices = [...new Set([...EVERY_MIN, fallback.every_min])].sort((one, other) => one - other);
  offer(every, choices.map((minutes) => [String(minutes), minutes ? word("fallbackMinutes", { count: minutes }) : word("fallbackDemand")]));
  every.value = String(fallback.every_min);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(tryRule, TRIED_AFTER_MS);
});
form.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  try {
    tried = await call(`${api}/certificates/rule`, { method: "PUT", body: ruleOnPage() });
    showRule();
    notice(word("certSaved"));
  } catch (error) {
    complain(error);
  }
});
issuing.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  issue();
});
addressing.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const fault = find("#addressfault");
  fault.hidden = true;
  try {
    await call(`${api}/certificates/address`, { method: "PUT", body: { address: address.value.trim() } });
    notice(word("certAddressSaved"));
    await tryRule();
  } catch (error) {
    fault.textContent = faultOf(error);
    fault.hidden = false;
    address.focus();
  }
});
find("#listgroup").addEventListener("change", showFallback);
find("#every").addEventListener("change", async () => {
  try {
    const every = Number(/** @type {HTMLSelectElement} */ (find("#every")).value);
    await call(`${api}/fallback`, { method: "PUT", body: { every_min: every } });
    fallback = await call(`${api}/fallback`);
    showFallback();
    notice(word(every ? "fallbackOn" : "fallbackOff", { count: every }));
  } catch (error) {
    complain(error);
  }
});

async function start() {
  await openFrame("papers");
  follow(() => {});
  find("#template").setAttribute("href", `${api}/papers/templates/certificate.typ`);
  find("#entering").setAttribute("href", `${page}/paper-list`);
  [tried, { sessions }, fallback] = await Promise.all([call(`${api}/certificates/rule`), call(`${api}/sessions`), call(`${api}/fallback`)]);
  fillRule(tried.rule);
  address.value = tried.address;
  address.placeholder = location.origin;
  const showAll = () => {
    showRule();
    showIssued();
    showChoices();
    showFallback();
  };
  showAll();
  onLanguage(showAll);
  await readIssued();
  await taken(begunBefore(find("#working"), "certWorking", (what) => what === "certificates"));
}

start().catch(complain);
