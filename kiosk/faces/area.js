// @ts-check
/** What is said of an area: its places, how near the approved number it is, how sure the count. */

import { word } from "/faces/words.js";

/** @typedef {import("/faces/centre.js").AreaNow} AreaNow */

const LEVELS = { calm: "levelCalm", warn: "levelWarn", prepare: "levelPrepare", stop: "levelStop", over: "levelOver" };

/** Places that anybody may take: those kept for others are none. @param {AreaNow} now @returns {number | null} null: no limit */
export function openPlaces(now) {
  return now.free === null ? null : Math.max(0, now.free - now.kept);
}

/** Everybody inside, those without a badge too: what a headcount is of. @param {AreaNow} now */
export function everybody(now) {
  return Math.max(0, now.known + now.uncounted);
}

/** A count, marked as a guess where the centre is not heard in time. @param {import("/faces/centre.js").Live | null} live @param {number} count */
export function counted(live, count) {
  return live?.alone ? `≈\u202f${count}` : String(count);
}

/**
 * Whether the centre gives away no place there since it was put back from a backup, or the door that this display
 * stands at can let nobody in, or decides by itself and has no place left to give: then nobody is invited, however
 * many places there may be. @param {import("/faces/centre.js").Live | null} live @param {any} layout @param {string} area
 */
export function givesNothing(live, layout, area) {
  if (live?.areas.get(area)?.frozen) return true;
  if (!live?.station || !(live.lacks || (live.alone && live.station.places === 0))) return false;
  const { door } = live.station;
  return layout.doors.find((/** @type {any} */ one) => one.id === door)?.area === area;
}

/** An area and the way there. @param {{name: string, way?: string}} area */
export function withWay(area) {
  return area.way ? `${area.name} (${area.way})` : area.name;
}

/** What to do at its doors. @param {AreaNow} now */
export function levelWord(now) {
  if (now.state === "closed") return word("closed");
  if (now.capacity === null) return word("noLimit");
  if (now.level === "stop" && now.frozen) return word("levelFrozen");
  if (now.level === "stop" && now.set_aside) return word("levelAside", { count: now.set_aside });
  return word(LEVELS[now.level]);
}

/** @param {AreaNow} now @param {import("/faces/centre.js").EventClock} clock */
export function certaintyWord(now, clock) {
  const counted = now.counted_at ? word("countedAt", { time: clock.time(now.counted_at) }) : word("neverCounted");
  return `${word("plusMinus", { count: now.plus_minus })} · ${counted}`;
}

/** A change of a count, with its sign. @param {number} change */
export function signed(change) {
  return change > 0 ? `+${change}` : change < 0 ? `−${-change}` : "0";
}
