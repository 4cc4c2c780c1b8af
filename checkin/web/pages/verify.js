// @ts-check
/** Whether a certificate is genuine: for anybody who holds one. The code stands behind the #, which no server logs. */

import { Problem, call, find, make } from "/faces/centre.js";
import { onLanguage, shownLanguage, startWords, word } from "/faces/words.js";

const field = /** @type {HTMLInputElement} */ (find("#check input"));
const VERDICTS = { valid: "verifyValid", superseded: "verifySuperseded", withdrawn: "verifyWithdrawn" };

/** @type {any} the last answer; a text: why there is none */
let answer = null;

function show() {
  const box = find("#answer");
  box.hidden = answer === null;
  if (answer === null) return;
  if (typeof answer === "string") {
    box.className = "verdict";
    box.replaceChildren(word(answer));
    return;
  }
  box.className = `verdict ${answer.state ?? "unknown"}`;
  const verdict = word(VERDICTS[/** @type {keyof typeof VERDICTS} */ (answer.state)] ?? "verifyUnknown");
  const issued = answer.state && new Date(`${answer.issued_on}T12:00`).toLocaleDateString(shownLanguage(), { dateStyle: "long" });
  box.replaceChildren(make("strong", {}, verdict), answer.state ? word("verifyIssued", { event: answer.event, date: issued }) : word("verifyUnknownWhy"));
}

async function check() {
  const code = field.value.trim();
  if (!code) return;
  try {
    answer = await call("/api/v1/certificates/check", { method: "POST", body: { code } });
  } catch (error) {
    answer = error instanceof Problem && error.status === 429 ? "verifyWait" : "cut";
  }
  show();
}

function fromAddress() {
  const code = decodeURIComponent(location.hash.slice(1));
  if (!code) return;
  field.value = (code.match(/.{1,4}/g) ?? []).join(" ");
  check();
}

find("#check").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  check();
});
addEventListener("hashchange", fromAddress);
onLanguage(show);
startWords();
fromAddress();
