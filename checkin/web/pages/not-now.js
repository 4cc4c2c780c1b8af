// @ts-check
/** Shown in place of a page that cannot be had just now: asks for it until it can, and opens it. */

import { startWords } from "/faces/words.js";

const AGAIN_MS = 2_000;
const ANSWER_MS_MAX = 10_000;

async function again() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" }, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    await answer.body?.cancel();
    if (answer.status < 500) {
      location.reload();
      return;
    }
  } catch {
    // Not even the service answers.
  }
  later();
}

/** With a little chance in it: many pages wait at once. */
function later() {
  setTimeout(again, AGAIN_MS * (0.5 + Math.random()));
}

startWords();
later();
