// @ts-check
/** A bar for long work, with the time that is left. */

import { make } from "./centre.js";
import { onLanguage, word } from "./words.js";

const SHOWN_AGAIN_MS = 500;
const SURE_AFTER_MS = 1_500; // before that the speed says nothing
const STEP_S = 5; // what is left is said in steps, so that it does not flicker

/**
 * A progress bar as the last thing in `host`.
 *
 *     const bar = progress(host, { label: "importing", total: rows });
 *     bar.at(done);          // or bar.at(done, total), where the total is learnt on the way
 *     bar.done();            // takes it away, also after a failure
 *
 * Without a `total` it says honestly only that the work goes on, and for how long it has.
 * `label` is a word's key: what is being done; `stop`: called by a button that is there for it.
 * @param {Element} host @param {{label: string, total?: number, stop?: () => void}} about
 */
export function progress(host, { label, total: whole = 0, stop }) {
  const fill = make("i", {});
  const bar = make("div", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const saying = make("p", { class: "number" });
  const stopping = stop ? make("button", { type: "button", class: "button plain" }) : null;
  stopping?.addEventListener("click", () => stop?.());
  const box = make("div", { class: "progress", "aria-live": "off" }, bar, make("div", { class: "said" }, saying, stopping));
  const startedAt = performance.now();
  let total = whole;
  let count = 0;
  let countedAt = startedAt;

  const show = () => {
    const known = total > 0;
    const percent = known ? Math.min(100, Math.floor((100 * count) / total)) : 0;
    const text = known ? [word("progressPercent", { percent }), timeLeft()].filter(Boolean).join(" · ") : goingOn();
    bar.classList.toggle("unsure", !known);
    bar.setAttribute("aria-label", word(label));
    bar.setAttribute("aria-valuetext", text);
    if (known) bar.setAttribute("aria-valuenow", String(percent));
    else bar.removeAttribute("aria-valuenow");
    fill.style.setProperty("--share", `${percent}%`);
    if (stopping) stopping.textContent = word("progressStop");
    saying.textContent = [word(label), text].filter(Boolean).join(" – ");
  };

  /** At the speed so far, less what has passed since the last news. */
  const timeLeft = () => {
    const tookMs = countedAt - startedAt;
    if (!count || tookMs < SURE_AFTER_MS) return "";
    const leftS = ((tookMs / count) * (total - count) - (performance.now() - countedAt)) / 1_000;
    if (leftS > 90) return word("progressMinutesLeft", { count: Math.round(leftS / 60) });
    if (leftS > STEP_S) return word("progressSecondsLeft", { count: Math.ceil(leftS / STEP_S) * STEP_S });
    return word("progressNearly");
  };

  const goingOn = () => {
    const count = Math.floor((performance.now() - startedAt) / 1_000);
    return count ? word("progressSince", { count }) : "";
  };

  host.append(box);
  show();
  const timer = setInterval(show, SHOWN_AGAIN_MS);
  const unlisten = onLanguage(show);

  return {
    /** @param {number} done how much of the total is done @param {number} [of] the total, where it changed */
    at(done, of = total) {
      count = done;
      total = of;
      countedAt = performance.now();
      show();
    },
    done() {
      clearInterval(timer);
      unlisten();
      box.remove();
    },
  };
}
