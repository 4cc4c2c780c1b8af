// @ts-check
import { Problem, call, find } from "/faces/centre.js";
import { startWords, word } from "/faces/words.js";

/** Where to go after the log-in: a page of this service, nothing else. */
function wanted() {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}

find("#login").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (submitted.target));
  const message = find("#message");
  message.hidden = true;
  try {
    await call("/api/v1/login", { method: "POST", body: { name: form.get("name"), password: form.get("password") } });
    location.assign(wanted());
  } catch (error) {
    const status = error instanceof Problem ? error.status : 0;
    message.textContent =
      status === 401 ? word("loginFailed") : status === 429 ? word("loginWait", { seconds: /** @type {Problem} */ (error).retryAfterS }) : word(status ? "failed" : "cut");
    message.hidden = false;
  }
});
startWords();
