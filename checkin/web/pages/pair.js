// @ts-check
import { Problem, call, find } from "/faces/centre.js";
import { startWords, word } from "/faces/words.js";

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
    say(error instanceof Problem && error.status === 404 ? "pairUsed" : error instanceof Problem ? "failed" : "cut");
  }
});
startWords();
if (!code) say("pairMissing");
