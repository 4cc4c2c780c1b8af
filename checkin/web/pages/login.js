// @ts-check
import { Problem, call, find } from "/faces/centre.js";
import { faultOf } from "/faces/deeds.js";
import { startWords, word } from "/faces/words.js";
import { wanted } from "/pages/wanted.js";

find("#login").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (submitted.target));
  const message = find("#message");
  message.hidden = true;
  try {
    const body = { name: form.get("name"), password: form.get("password"), code: form.get("code") };
    const { enrolling } = await call("/api/v1/login", { method: "POST", body });
    location.assign(enrolling ? `/second-factor?next=${encodeURIComponent(wanted())}` : wanted());
  } catch (error) {
    if (error instanceof Problem && error.code === "second_factor_needed") {
      find("#codefield").hidden = false;
      find("#codefield input").focus();
      return;
    }
    const status = error instanceof Problem ? error.status : 0;
    message.textContent =
      error instanceof Problem && ["second_factor_wrong", "recovery_code_wrong"].includes(error.code) ? faultOf(error) : status === 401 ? word("loginFailed") : status === 429 ? word("loginWait", { seconds: /** @type {Problem} */ (error).retryAfterS }) : word(status ? "failed" : "cut");
    message.hidden = false;
  }
});
startWords();
/** @type {HTMLButtonElement} */ (find("#login button")).disabled = false; // what is typed meanwhile stays, and goes nowhere
