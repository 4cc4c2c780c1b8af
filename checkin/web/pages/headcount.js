// @ts-check
/** A headcount, asked for in a dialog: how many were found, and what that changes. */

import { everybody, signed } from "/faces/area.js";
import { call, make, newId } from "/faces/centre.js";
import { ask, doubtOnce, field, notice } from "/faces/deeds.js";
import { word } from "/faces/words.js";
import { api } from "/pages/frame.js";

/**
 * @param {any} area @param {import("/faces/centre.js").AreaNow} now @param {() => Promise<unknown>} done reads anew
 * @param {{about?: Node[], undo?: boolean}} [how] `about`: said before; `undo`: whether it can be taken back
 */
export function enterHeadcount(area, now, done, { about = [], undo = true } = {}) {
  const id = newId();
  const input = /** @type {HTMLInputElement} */ (make("input", { name: "headcount", type: "number", inputmode: "numeric", min: "0", max: "1000000", required: "" }));
  const change = make("p", { role: "status" });
  input.addEventListener("input", () => {
    change.textContent = input.value === "" ? "" : word("headcountChange", { change: signed(Number(input.value) - everybody(now)) });
  });
  const content = [
    ...about, make("p", {}, word("headcountNow", { count: everybody(now) })), field(word("headcountField"), input),
    field(word("note"), make("input", { name: "note", maxlength: "200", autocomplete: "off" })), change,
  ];
  const once = doubtOnce();
  ask(`${area.name}: ${word("headcount")}`, content, word("save"), async (data) => {
    const body = { id, area: area.id, headcount: Number(data.get("headcount")), note: data.get("note") };
    once(now.capacity !== null && body.headcount > now.capacity, word("headcountAbove", { limit: now.capacity ?? "" }));
    const answer = await call(`${api}/corrections`, { method: "POST", body });
    notice(word("headcountDone", { area: area.name, count: body.headcount, change: signed(answer.change) }),
      undo ? () => call(`${api}/corrections/${id}/undo`, { method: "POST" }).then(done) : null);
    await done();
  });
}
