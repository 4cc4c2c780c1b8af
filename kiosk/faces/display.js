// @ts-check
/** What both displays share: the clock, the link, the programme, and the shift against burn-in. */

import { find, make } from "/faces/centre.js";
import { showLink } from "/faces/link.js";
import { word } from "/faces/words.js";

/** @typedef {import("/faces/centre.js").EventClock} EventClock */
/** @typedef {import("/faces/centre.js").Live} Live */
/** @typedef {{id: string, area: string, title: string, starts_at: string, ends_at: string, cancelled: boolean}} Session */

const SHIFT_PX = 6;
const SHIFT_EVERY_MS = 60_000;
const NEXT_SHOWN_MAX = 6;

/** Move everything by a few pixels each minute, so that no screen burns in. */
function startShift() {
  let step = 0;
  const move = () => {
    step += 1;
    find("#shift").style.setProperty("--shift-x", `${Math.round(SHIFT_PX * Math.cos(step))}px`);
    find("#shift").style.setProperty("--shift-y", `${Math.round(SHIFT_PX * Math.sin(step))}px`);
  };
  setInterval(move, SHIFT_EVERY_MS);
}

/** Grey where the link is gone; in an evacuation nothing but that. @param {Live | null} live */
export function showState(live) {
  document.body.classList.toggle("stale", showLink(live, true));
  const evacuation = live?.evacuation ?? "none";
  find("#evacuation").hidden = evacuation === "none";
  find("#evacuation").textContent = evacuation === "none" ? "" : word(evacuation === "drill" ? "evacuationDrill" : "evacuationLeave");
}

const PROGRAMME_EVERY_MS = 60_000;
const RETRY_MS = 2_000;

/**
 * Load what the display needs, now and each minute, until the centre is there every two seconds; and
 * show the time each second.
 * @param {() => Promise<void>} load @param {() => void} showTime
 */
export function startDisplay(load, showTime) {
  let loaded = false;
  const again = async () => {
    try {
      await load();
      loaded = true;
    } catch {
      // The live socket says that the link is gone; the next round finds it again.
    }
    setTimeout(again, loaded ? PROGRAMME_EVERY_MS : RETRY_MS);
  };
  startShift();
  showState(null);
  setInterval(showTime, 1_000);
  again();
}

/**
 * @param {Session[]} sessions @param {Map<string, string>} names area → name @param {EventClock} clock
 * @param {string | null} area the sessions of this area alone
 */
export function showProgramme(sessions, names, clock, area) {
  const at = clock.now();
  const here = sessions.filter((session) => area === null || session.area === area);
  const running = here.filter((session) => !session.cancelled && Date.parse(session.starts_at) <= at && at < Date.parse(session.ends_at));
  const coming = here.filter((session) => Date.parse(session.starts_at) > at);
  const first = coming.length ? Date.parse(coming[0].starts_at) : 0;
  const next = area === null ? coming.filter((session) => Date.parse(session.starts_at) - first < 30 * 60_000) : coming.slice(0, 2);
  find("#now").replaceChildren(...(running.length ? running.map((one) => item(one, names, clock, area === null, true)) : [make("li", {}, make("span"), make("span", {}, word("nothingNow")))]));
  find("#next").replaceChildren(...next.slice(0, NEXT_SHOWN_MAX).map((one) => item(one, names, clock, area === null, false)));
}

/** @param {Session} session @param {Map<string, string>} names @param {EventClock} clock @param {boolean} withArea @param {boolean} runs */
function item(session, names, clock, withArea, runs) {
  const when = runs ? word("until", { time: clock.time(session.ends_at) }) : clock.time(session.starts_at);
  return make(
    "li",
    {},
    make("span", { class: "when number" }, when),
    make("span", {}, session.cancelled ? make("s", {}, session.title) : session.title, session.cancelled ? make("b", { class: "gone" }, ` ${word("fallsOut")}`) : null),
    withArea ? make("span", { class: "where" }, names.get(session.area) ?? session.area) : null,
  );
}
