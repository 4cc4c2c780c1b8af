// @ts-check
/** The print queue, as desks and printers show it: what waits, and what can be done about it. */

import { call, make } from "/faces/centre.js";
import { button } from "/faces/deeds.js";
import { word } from "/faces/words.js";

const STATES = { waiting: "printWaiting", printing: "printPrinting", printed: "printPrinted", failed: "printFailed" };

/** @type {Record<string, (said: string) => string>} */
const FAULTS = {
  replaced: () => word("faultReplaced"),
  letters: (said) => word("faultLetters", { letters: [...said].join(" ") }),
  not_drawn: () => word("printNotDrawn"),
  wrong: () => word("printBad"),
  unreachable: (said) => word("faultUnreachable", { said }),
  broke_off: (said) => word("faultBrokeOff", { said }),
};

/**
 * One line for each printer that its program cannot reach. @param {string} api @param {any[]} unreachable
 * @param {(at: string) => string} time @param {() => Promise<unknown>} changed
 */
export function unreachableLines(api, unreachable, time, changed) {
  return unreachable.map((one) => {
    const hide = () => call(`${api}/printers`, { method: "POST", body: { printer: one.name, fault: "" } }).finally(changed);
    return make("li", { class: "deed" },
      make("span", { class: "failed" }, word("printerUnreachable", { name: one.name }), make("small", { class: "quiet" }, `${word("printerUnreachableSince", { time: time(one.since) })} ${one.fault}`)),
      make("span", { class: "buttons" }, button(`hide ${one.name}`, word("printerHide"), hide)));
  });
}

/** Whether a badge is on its way to paper. @param {any[]} prints @param {string} badge @returns {"waiting" | "printing" | null} */
export function onItsWay(prints, badge) {
  return prints.find((one) => one.badge === badge && ["waiting", "printing"].includes(one.state))?.state ?? null;
}

/**
 * One line for each print that is not done. @param {string} api @param {any[]} prints
 * @param {() => Promise<unknown>} changed called when something was done to one of them
 */
export function queueLines(api, prints, changed) {
  const open = prints.filter((one) => one.state !== "printed");
  return open.length ? open.map((one) => queueLine(api, one, changed)) : [make("li", { class: "quiet" }, word("queueEmpty"))];
}

/** @param {string} api @param {string} id @param {string} state */
export function changePrint(api, id, state) {
  return call(`${api}/prints/${id}`, { method: "PATCH", body: { state } });
}

/** @param {string} api @param {any} one @param {() => Promise<unknown>} changed */
function queueLine(api, one, changed) {
  const state = word(STATES[/** @type {keyof typeof STATES} */ (one.state)]);
  const text = make("span", { class: one.state }, make("bdi", {}, one.name), ` ${word("badgeNumber", { number: one.desk_number })} – ${[state, one.taken_by, one.fault ? FAULTS[one.fault]?.(one.said) ?? one.said : ""].filter(Boolean).join(", ")}`);
  const set = (/** @type {string} */ wanted) => () => changePrint(api, one.id, wanted).finally(changed);
  return make("li", { class: "deed" }, text,
    make("span", { class: "buttons" },
      one.state === "failed" ? button(`again ${one.id}`, word("printAgain"), set("waiting")) : null,
      ["waiting", "failed"].includes(one.state) ? button(`withdraw ${one.id}`, word("printWithdraw"), set("withdrawn")) : null));
}
