// @ts-check
/** The recovery codes, shown this once: copied, printed, written down. */

import { find, make } from "/faces/centre.js";
import { toClipboard } from "/faces/copying.js";
import { word } from "/faces/words.js";

/** @type {string[]} */
let shown = [];

/** Into the list `#codes` of a page with the buttons `#copy` and `#print`. @param {string[]} codes */
export function showCodes(codes) {
  shown = codes;
  find("#codes").replaceChildren(...codes.map((one) => make("li", {}, make("code", {}, one))));
  find("#copy").textContent = word("copyCodes");
}

find("#copy").addEventListener("click", async () => {
  await toClipboard(shown.join("\n"));
  find("#copy").textContent = word("copied");
});
find("#print").addEventListener("click", () => print());
