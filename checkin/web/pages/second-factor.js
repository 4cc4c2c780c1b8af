// @ts-check
/** The second factor: set by a first code of an app, or another in its place; then the recovery codes, shown once. */

import { call, find } from "/faces/centre.js";
import { faultOf } from "/faces/deeds.js";
import { startWords } from "/faces/words.js";
import { showCodes } from "/pages/recovery.js";
import { wanted } from "/pages/wanted.js";

let secret = "";

/** @param {string} text */
function say(text) {
  find("#message").textContent = text;
  find("#message").hidden = !text;
}

find("#enrol").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (submitted.target));
  say("");
  try {
    const body = { secret, code: form.get("code"), password: form.get("password"), earlier_code: form.get("earlier") };
    const { recovery_codes: codes } = await call("/api/v1/second-factor", { method: "POST", body });
    find("#enrol").hidden = true;
    find("#done").hidden = false;
    showCodes(codes);
  } catch (error) {
    say(faultOf(error));
  }
});
find("#next").addEventListener("click", () => location.replace(wanted()));
find("#logout").addEventListener("click", async () => {
  await call("/api/v1/logout", { method: "POST" });
  location.assign("/login");
});

async function start() {
  startWords();
  try {
    const [factor, me] = await Promise.all([call("/api/v1/second-factor"), call("/api/v1/me")]);
    const isSet = me.second_factor === "set";
    find("#earlier").hidden = !isSet;
    /** @type {HTMLInputElement} */ (find("#earlier input")).required = isSet;
    find("#back").hidden = me.enrolling;
    find("#intro").hidden = me.second_factor !== "missing";
    secret = factor.secret;
    find("#qr").setAttribute("src", `data:image/svg+xml,${encodeURIComponent(factor.qr)}`);
    find("#secret").textContent = factor.secret.replace(/(.{4})/g, "$1 ").trim();
    find("#address").setAttribute("href", factor.address);
    find("#enrol").hidden = false;
  } catch (error) {
    say(faultOf(error));
  }
}

start();
