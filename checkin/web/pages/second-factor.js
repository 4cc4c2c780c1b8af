// @ts-check
/** The second factor: set by a first code of an app; then the recovery codes, shown once. */

import { call, find, make } from "/faces/centre.js";
import { faultOf } from "/faces/deeds.js";
import { startWords, word } from "/faces/words.js";
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
    const body = { secret, code: form.get("code"), password: form.get("password") };
    const { recovery_codes: codes } = await call("/api/v1/second-factor", { method: "POST", body });
    find("#enrol").hidden = true;
    find("#done").hidden = false;
    find("#codes").replaceChildren(...codes.map((/** @type {string} */ one) => make("li", {}, make("code", {}, one))));
    find("#copy").addEventListener("click", async () => {
      await navigator.clipboard.writeText(codes.join("\n"));
      find("#copy").textContent = word("copied");
    });
  } catch (error) {
    say(faultOf(error));
  }
});
find("#print").addEventListener("click", () => print());
find("#next").addEventListener("click", () => location.replace(wanted()));
find("#logout").addEventListener("click", async () => {
  await call("/api/v1/logout", { method: "POST" });
  location.assign("/login");
});

async function start() {
  startWords();
  try {
    const factor = await call("/api/v1/second-factor");
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
