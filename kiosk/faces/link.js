// @ts-check
/** The state of the link to the centre, and an evacuation, in the element `#link` of every face. */

import { find } from "/faces/centre.js";
import { word } from "/faces/words.js";

/** What is said of a station that the centre does not answer as it should. @param {import("/faces/centre.js").Live} live */
function stationWord(live) {
  const { link, since, waiting } = /** @type {NonNullable<typeof live.station>} */ (live.station);
  if (link === "slow") return word("stationSlow");
  const cut = since ? word("stationCut", { time: live.clock.time(since) }) : word("stationNever");
  return waiting ? `${cut} · ${word("stationWaiting", { count: waiting })}` : cut;
}

/** @param {import("/faces/centre.js").Live | null} live @returns {boolean} whether what is shown is old */
export function showLink(live) {
  const stale = !live || live.stale;
  const link = find("#link");
  if (live && !stale && live.evacuation !== "none") {
    link.className = "link-state alarm";
    link.textContent = word(live.evacuation === "drill" ? "drillNow" : "evacuationNow");
    return false;
  }
  if (live && !stale && live.station && live.station.link !== "linked") {
    link.className = "link-state cut";
    link.textContent = stationWord(live);
    return live.station.link === "cut";
  }
  link.className = `link-state ${stale ? "cut" : ""}`;
  link.textContent = stale ? (live?.staleSince ? word("staleAt", { time: live.staleSince }) : word("connecting")) : word("linked");
  return stale;
}
