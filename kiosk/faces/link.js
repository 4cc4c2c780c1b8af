// @ts-check
/** The state of the link to the centre, and an evacuation, in the element `#link` of every face. */

import { find } from "/faces/centre.js";
import { word } from "/faces/words.js";

/** What is said of a station that the centre does not answer as it should. @param {import("/faces/centre.js").Live} live @param {boolean} display */
function stationWord(live, display) {
  const { link, since, waiting } = /** @type {NonNullable<typeof live.station>} */ (live.station);
  if (link === "revoked") return word("stationRevoked");
  if (live.lacks) return word(live.lacks === "station_keeper_missing" ? "stationKeyGone" : "diskFullHead");
  if (link === "slow") return word("stationSlow");
  if (link === "restored") return word("stationRestored");
  if (display) return since ? word("stationAsOf", { time: live.clock.time(since) }) : word("stationNever");
  const cut = since ? word("stationCut", { time: live.clock.time(since) }) : word("stationNever");
  return waiting ? `${cut} · ${word("stationWaiting", { count: waiting })}` : cut;
}

/**
 * @param {import("/faces/centre.js").Live | null} live @param {boolean} [display] whether this page is there for its counts
 * @returns {boolean} whether what is shown is old
 */
export function showLink(live, display = false) {
  const stale = !live || live.stale;
  const link = find("#link");
  if (live && !stale && live.evacuation !== "none") {
    link.className = "link-state alarm";
    link.textContent = word(live.evacuation === "drill" ? "drillNow" : "evacuationNow");
    return false;
  }
  if (live && !stale && live.station && (live.station.link !== "linked" || live.lacks)) {
    link.className = `link-state ${["slow", "restored"].includes(live.station.link) && !live.lacks ? "slow" : "cut"}`;
    link.textContent = stationWord(live, display);
    return live.station.link === "cut" || live.station.link === "revoked";
  }
  link.className = `link-state ${stale ? "cut" : ""}`;
  link.textContent = stale ? (live?.staleSince ? word("staleAt", { time: live.staleSince }) : word("connecting")) : word("linked");
  return stale;
}
