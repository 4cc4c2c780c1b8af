// @ts-check
/** Whoever is logged in: the way to the own account, and what waits for a word of theirs. */

import { shownLanguage, word } from "/faces/words.js";
import { roleWord } from "/pages/roles.js";

/** The link to the own account, by the own name; a device has none. @param {HTMLElement} link @param {any} me */
export function showMe(link, me) {
  link.hidden = !me.operator;
  link.textContent = word("accountOf", { name: me.operator?.name ?? "" });
}

/** What is asked about an account whose link was used. @param {any} one */
export function confirmWord(one) {
  const at = new Date(one.at).toLocaleString(shownLanguage(), { dateStyle: "short", timeStyle: "short" });
  return word("confirmAsk", { name: one.name, role: roleWord(one.role), by: one.by === "command" ? word("byCommand") : one.by, at });
}
