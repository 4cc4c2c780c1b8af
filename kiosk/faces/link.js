// @ts-check
/** The state of the link to the centre, and an evacuation, in the element `#link` of every face. */

import { find } from "/faces/centre.js";
import { word } from "/faces/words.js";

/** @param {import("/faces/centre.js").Live | null} live @returns {boolean} whether what is shown is old */
export function showLink(live) {
  const stale = !live || live.stale;
  const link = find("#link");
  if (live && !stale && live.evacuation !== "none") {
    link.className = "link-state alarm";
    link.textContent = word(live.evacuation === "drill" ? "drillNow" : "evacuationNow");
    return false;
  }
  link.className = `link-state ${stale ? "cut" : ""}`;
  link.textContent = stale ? (live?.staleSince ? word("staleAt", { time: live.staleSince }) : word("connecting")) : word("linked");
  return stale;
}
