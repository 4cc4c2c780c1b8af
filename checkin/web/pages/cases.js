// @ts-check
/** Cases to settle: where two doors, or a door and the centre, differ; both sides, and what a decision changes. */

import { call, find, make } from "/faces/centre.js";
import { afterwards, ask, button, notice } from "/faces/deeds.js";
import { said, word } from "/faces/words.js";
import { api, clock } from "/pages/frame.js";

/** @type {Record<string, {title: string, about: string, verdicts: string[]}>} */
const KINDS = {
  badge_twice: { title: "caseTwice", about: "caseTwiceAbout", verdicts: ["same_person", "passed_on", "copy", "clock_wrong"] },
  decisions_differ: { title: "caseDiffer", about: "caseDifferAbout", verdicts: ["same_person", "passed_on", "copy", "clock_wrong"] },
  exit_without_entry: { title: "caseExit", about: "caseExitAbout", verdicts: ["same_person", "passed_on", "copy"] },
  order_unsure: { title: "caseOrder", about: "caseOrderAbout", verdicts: ["same_person", "clock_wrong", "passed_on", "copy"] },
  clock_off: { title: "caseClock", about: "caseClockAbout", verdicts: ["clock_wrong", "same_person"] },
  not_understood: { title: "caseStrange", about: "caseStrangeAbout", verdicts: ["looked_into"] },
};
/** @type {Record<string, [string, string]>} */
const VERDICTS = {
  same_person: ["verdictSame", "verdictSameAbout"],
  passed_on: ["verdictPassed", "verdictPassedAbout"],
  copy: ["verdictCopy", "verdictCopyAbout"],
  clock_wrong: ["verdictClock", "verdictClockAbout"],
  looked_into: ["verdictLooked", "verdictLookedAbout"],
};
const SECOND_PERSON = ["copy", "passed_on", "looked_into"];
const CLOCK_TOLD_S = 5;

/** Whether the clocks of doors may be measured by the centre's: in a demo they may not. */
let measured = true;

/** @param {any[]} cases @param {() => Promise<unknown>} again reads anew @param {boolean} realTime as in the list of stations */
export function showCases(cases, again, realTime) {
  measured = realTime;
  const open = cases.filter((one) => one.verdict === null);
  const settled = cases.filter((one) => one.verdict !== null);
  const folded = { counted: open.filter(isCounted), late: open.filter(isLate) };
  const first = open.filter((one) => !isCounted(one) && !isLate(one));
  find("#conflicts").classList.toggle("quiet-now", open.length === 0);
  const none = make("li", { class: "calm" }, word(open.length ? "casesFolded" : "casesNone"));
  find("#open-cases").replaceChildren(...(first.length ? first.map((one) => openCase(one, again)) : [none]));
  fold("#counted-cases", folded.counted, word("casesCounted", { count: folded.counted.length }), again);
  find("#counted-how").textContent = word("casesCountedHow", { areas: [...new Set(folded.counted.flatMap((one) => one.to_count))].join(", ") });
  fold("#late-cases", folded.late, word("casesLate", { count: folded.late.length }), again);
  find("#settled").hidden = settled.length === 0;
  find("#settled-count").textContent = word("casesSettled", { count: settled.length });
  find("#settled-cases").replaceChildren(...settled.map(settledCase));
}

/** Its places come free when somebody counts, and not by a decision. @param {any} one */
function isCounted(one) {
  return one.in_doubt.length === 0 && one.to_count.length > 0;
}

/** Nobody can tell its order, and nothing hangs on it any more. @param {any} one */
function isLate(one) {
  return one.kind === "order_unsure" && one.in_doubt.length === 0 && one.to_count.length === 0;
}

/** @param {string} id @param {any[]} cases @param {string} summary @param {() => Promise<unknown>} again */
function fold(id, cases, summary, again) {
  find(id).hidden = cases.length === 0;
  find(`${id} summary`).textContent = summary;
  find(`${id} ul`).replaceChildren(...cases.map((one) => openCase(one, again)));
}

/** @param {any} one @param {() => Promise<unknown>} again */
function openCase(one, again) {
  return make(
    "li", { class: "case", "data-case": one.id, "data-kind": one.kind },
    make("h3", {}, make("bdi", {}, one.attendee ?? word("nobody")), make("small", {}, word(KINDS[one.kind].title))),
    sides(one),
    make("p", { class: "quiet" }, doubtWords(one)),
    make("p", { class: "buttons" }, button(`settle ${one.id} ${one.kind}`, word("caseSettle"), () => settle(one, again), "")),
  );
}

/** @param {any} one */
function sides(one) {
  return make("div", { class: "sides" }, ...one.sides.map((/** @type {any} */ side) => sideOf(one, side)),
    one.sides.length < 2 && one.kind !== "not_understood" ? make("p", { class: "side centre" }, make("small", {}, word("sideCentre")), make("b", {}, word("sideKnowsNobody"))) : null);
}

/** @param {any} one @param {any} side */
function sideOf(one, side) {
  const look = side.outcome === null ? "" : ` ${side.outcome}`;
  if (side.by === "station") {
    return make("p", { class: `side${look}` }, make("small", {}, word("sideDoor", { door: side.door })), make("b", {}, outcomeWord(side)),
      make("small", {}, side.at ? whenWords(side) : ""));
  }
  const time = side.at ? exact(side.at) : word("sideTimeUnknown");
  if (one.kind === "not_understood") return make("p", { class: "side centre" }, make("small", {}, word("sideCameFrom")), make("b", {}, side.door), make("small", {}, time));
  if (one.kind === "clock_off") return make("p", { class: "side centre" }, make("small", {}, word("sideCentre")), make("b", {}, word("sideNotBefore", { time })));
  if (one.kind === "decisions_differ") {
    return make("p", { class: `side centre${look}` }, make("small", {}, word("sideCentreDecided")), make("b", {}, outcomeWord(side)),
      make("small", {}, [side.hint ? said(side.hint) : "", time].filter(Boolean).join(" – ")));
  }
  return make("p", { class: `side centre${look}` }, make("small", {}, word("sideCentreKnows")), make("b", {}, side.door), make("small", {}, word("sideSince", { time })));
}

/** @param {any} side */
function outcomeWord(side) {
  if (side.outcome === null) return word("sideNothing");
  if (side.outcome !== "admitted") return word("sideRefused");
  return word(side.direction === "exit" ? "sideLetOut" : "sideAdmitted");
}

/** By the centre's clock first, as far as that is known. @param {any} side */
function whenWords(side) {
  const own = word("sideByItsClock", { time: exact(side.at) }), off = offsetWord(side.offset_s);
  if (!off) return own;
  const right = new Date(new Date(side.at).getTime() - side.offset_s * 1000).toISOString();
  return measured ? word("sideAbout", { time: exact(right), own, off }) : word("sideRoughly", { time: exact(right) });
}

/** @param {number | null} offset */
function offsetWord(offset) {
  if (offset === null || Math.abs(offset) < CLOCK_TOLD_S) return "";
  const off = Math.abs(offset);
  const time = off < 90 ? word("timeSeconds", { count: Math.round(off) }) : word("timeMinutes", { count: Math.round(off / 60) });
  return word(offset > 0 ? "sideClockAhead" : "sideClockBehind", { time });
}

/** With the seconds: at two doors they tell what came first. @param {string} at */
function exact(at) {
  return new Date(at).toLocaleTimeString("de-DE", { timeZone: clock.zone });
}

/** @param {any} one */
function doubtWords(one) {
  if (one.in_doubt.length) return word("caseDoubt", { count: one.in_doubt.length, areas: [...new Set(one.in_doubt)].join(", ") });
  return one.to_count.length ? word("caseToCount", { count: one.to_count.length, areas: one.to_count.join(", ") }) : word("caseNoDoubt");
}

/** @param {any} one @param {() => Promise<unknown>} again */
function settle(one, again) {
  // It cannot be taken back, so nothing is chosen for whoever decides.
  const choices = KINDS[one.kind].verdicts.map((verdict) => {
    const input = make("input", { type: "radio", name: "verdict", value: verdict, required: "" });
    return make("label", { class: "check choice" }, input, make("span", {}, make("b", {}, word(VERDICTS[verdict][0])), make("small", { class: "quiet" }, word(VERDICTS[verdict][1]))));
  });
  const form = make("fieldset", {}, make("legend", {}, word("caseWhatWasIt")), ...choices);
  const where = whereField(one);
  const means = make("p", { class: "means", role: "status" });
  const chosen = () => chosenIn(form), place = () => (where.hidden ? "" : chosenIn(where));
  const tell = () => {
    /** @type {HTMLFieldSetElement} */ (where).disabled = where.hidden = !SECOND_PERSON.includes(chosen());
    const whole = chosen() && (where.hidden || place());
    means.textContent = whole ? consequence(one, place() === "inside") : word(chosen() ? "caseChooseWhere" : "caseChoose");
  };
  form.addEventListener("change", () => {
    tell();
    // What is asked next, or what it means, may stand below the edge of a phone.
    means.scrollIntoView({ block: "nearest" });
  });
  where.addEventListener("change", tell);
  tell();
  ask(`${one.attendee ?? word("nobody")}: ${word(KINDS[one.kind].title)}`, [make("p", {}, word(KINDS[one.kind].about)), sides(one), form, where, means, make("p", { class: "quiet" }, word("caseNoUndo"))], word("caseKeep"), async () => {
    const body = { kind: one.kind, verdict: chosen(), inside: place() === "inside" };
    await call(`${api}/conflicts/${encodeURIComponent(one.id)}/verdict`, { method: "POST", body });
    notice(word("caseKept"));
    await again();
    // This case will not be there to keep the focus.
    afterwards(() => {
      const next = /** @type {HTMLElement | null} */ (document.querySelector(`#open-cases .button:not([data-key="${CSS.escape(`settle ${one.id} ${one.kind}`)}"])`));
      (next ?? find("#conflicts")).focus();
    });
  });
}

/** Where the second person is now: asked, and not assumed, since a place comes free by it. @param {any} one */
function whereField(one) {
  const isPerson = one.kind === "not_understood";
  const choice = (/** @type {string} */ value, /** @type {string} */ text) =>
    make("label", { class: "check choice" }, make("input", { type: "radio", name: "where", value, required: "" }), make("span", {}, text));
  return make("fieldset", { hidden: "", disabled: "" }, make("legend", {}, word(isPerson ? "casePersonWhere" : "caseSecondWhere")),
    choice("inside", word("caseIsInside")), choice("outside", word("caseIsOutside")));
}

/** @param {HTMLElement} fieldset */
function chosenIn(fieldset) {
  return /** @type {HTMLInputElement | null} */ (fieldset.querySelector(":checked"))?.value ?? "";
}

/** What a decision changes, told before it is taken. @param {any} one @param {boolean} inside */
function consequence(one, inside) {
  const areas = [...new Set(one.in_doubt)].join(", ");
  if (!one.in_doubt.length) return word(inside ? "caseMeansCount" : "caseMeansNothing");
  return word(inside ? "caseMeansCounted" : "caseMeansFree", { count: one.in_doubt.length, areas });
}

/** @param {any} one */
function settledCase(one) {
  const verdict = word(VERDICTS[one.verdict][0]);
  return make("li", { class: "deed" }, make("span", {}, make("b", {}, make("bdi", {}, one.attendee ?? word("nobody")), ` – ${word(KINDS[one.kind].title)}: ${verdict}`),
    make("small", { class: "quiet" }, `${one.sides[0]?.door ?? ""} · ${word("caseSettledBy", { name: one.closed_by ?? "", time: clock.time(one.closed_at) })}`)));
}
