// @ts-check
/** Where a pairing link leads. To open it uses nothing up: only the button does. */

import { Problem, call, find } from "/faces/centre.js";
import { onLanguage, startWords, word } from "/faces/words.js";

const code = location.hash.slice(1);

/** @param {string} key */
function say(key) {
  find("#message").textContent = word(key);
  find("#message").hidden = false;
}

find("#pair").addEventListener("click", async () => {
  const button = /** @type {HTMLButtonElement} */ (find("#pair"));
  button.disabled = true;
  try {
    const paired = await call("/api/v1/pair", { method: "POST", body: { code } });
    location.replace(paired.open);
  } catch (error) {
    button.disabled = false;
    const isUsed = error instanceof Problem && error.status === 404;
    if (isUsed) for (const id of ["#pair", "#station", "#loggedin"]) find(id).hidden = true;
    say(isUsed ? "pairUsed" : error instanceof Problem ? "failed" : "cut");
  }
});
/** Whose log-in with this browser would end, or which device it would be no more. */
async function warn() {
  const answer = await fetch("/api/v1/me", { cache: "no-store" });
  if (!answer.ok) return;
  const { operator, device } = await answer.json();
  const show = () => { find("#loggedin").textContent = operator ? word("pairLoggedIn", { name: operator.name }) : word("pairIsDevice", { name: device.name }); };
  find("#loggedin").hidden = false;
  onLanguage(show);
  show();
}

const showCommand = () => { find("#command").textContent = word("pairCommand", { url: location.origin, link: location.href }); };
onLanguage(showCommand);
startWords();
if (code) {
  showCommand();
  warn();
} else {
  say("pairMissing");
  find("#pair").hidden = true;
  find("#station").hidden = true;
}
