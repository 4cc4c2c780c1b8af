// @ts-check
/** A one-time link: the first organiser, or whoever was invited, chooses a password. */

import { Problem, call, find } from "/faces/centre.js";
import { faultOf } from "/faces/deeds.js";
import { onLanguage, startWords, word } from "/faces/words.js";
import { roleWord } from "/pages/roles.js";

const code = location.hash.slice(1);
/** @type {{name: string | null, role: string, second_factor: boolean} | null} */
let invited = null;

/** @param {string} text */
function say(text) {
  find("#message").textContent = text;
  find("#message").hidden = !text;
}

function show() {
  if (!invited) return;
  const { name, role } = invited;
  find("#intro").textContent = name === null ? word("welcomeFirst") : word("welcomeInvited", { name, role: roleWord(role) });
  find("#accept").hidden = false;
  find("#namefield").hidden = name !== null;
  /** @type {HTMLInputElement} */ (find("#namefield input")).required = name === null;
  find("#recovery").hidden = !invited.second_factor;
}

find("#accept").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (submitted.target));
  say("");
  if (form.get("password") !== form.get("again")) {
    say(word("passwordsDiffer"));
    return;
  }
  try {
    const body = { code, name: form.get("name"), password: form.get("password"), recovery_code: form.get("recovery") };
    const { enrolling } = await call("/api/v1/invitation/accept", { method: "POST", body });
    location.replace(enrolling ? "/second-factor" : "/");
  } catch (error) {
    say(faultOf(error));
  }
});

async function start() {
  startWords();
  onLanguage(show);
  try {
    invited = await call("/api/v1/invitation", { method: "POST", body: { code: code || "-" } });
    show();
  } catch (error) {
    say(error instanceof Problem && error.status === 404 ? word("invitationUsed") : faultOf(error));
  }
}

start();
