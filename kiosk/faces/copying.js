// @ts-check
/** Texts to take along to another program. */

import { make } from "./centre.js";

/** To the clipboard. @param {string} text */
export async function toClipboard(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without https, in a house's own network, there is the old way alone: what is selected. Under a dialog all but that is inert.
  const pressed = /** @type {HTMLElement | null} */ (document.activeElement);
  const field = /** @type {HTMLTextAreaElement} */ (make("textarea", { class: "unseen", readonly: "" }, text));
  (pressed?.closest("dialog") ?? document.body).append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  pressed?.focus();
}
