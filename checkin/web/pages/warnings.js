// @ts-check
/** What an organiser should look at, in words. */

import { make } from "/faces/centre.js";
import { word } from "/faces/words.js";
import { areaName } from "/pages/frame.js";

const TEXTS = {
  over: "warnOver", kept_too_many: "warnKept", overbooked: "warnOverbooked", not_step_free: "warnSteps", room_twice: "warnTwice",
};

/** @param {any} warning @param {any[]} sessions */
export function warningLine(warning, sessions) {
  const title = (/** @type {string | null} */ id) => sessions.find((one) => one.id === id)?.title ?? id ?? "";
  const parts = {
    area: areaName(warning.area), count: warning.count, limit: warning.limit ?? "", session: title(warning.session), other: title(warning.other),
  };
  return make("li", { class: warning.what === "over" ? "late" : "" }, word(TEXTS[/** @type {keyof typeof TEXTS} */ (warning.what)], parts));
}
