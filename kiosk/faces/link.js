// @ts-check
/** The state of the link to the centre, in the element `#link` of every face. */

import { find } from "/faces/centre.js";
import { word } from "/faces/words.js";

/** @param {import("/faces/centre.js").Live | null} live @returns {boolean} whether what is shown is old */
export function showLink(live) {
  const stale = !live || live.stale;
  const link = find("#link");
  link.className = `link-state ${stale ? "cut" : ""}`;
  link.textContent = stale ? (live?.staleSince ? word("staleAt", { time: live.staleSince }) : word("connecting")) : word("linked");
  return stale;
}
