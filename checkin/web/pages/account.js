// @ts-check
/** The own account: another password, the second factor, recovery codes, log-ins. For everybody who has a log-in. */

import { call, find, make } from "/faces/centre.js";
import { ask, button, complain, faultOf, field, notice } from "/faces/deeds.js";
import { onLanguage, shownLanguage, startWords, word } from "/faces/words.js";
import { showCodes } from "/pages/recovery.js";
import { roleWord } from "/pages/roles.js";

const CONFIRMED_MS = 5_000;

/** @type {any} */
let account = null;

/** @type {Record<string, string>} */
const FACTORS = { set: "factorIs_set", missing: "factorIs_missing", needless: "factorIs_needless" };

/** @param {string} iso */
function timeOf(iso) {
  return new Date(iso).toLocaleString(shownLanguage(), { dateStyle: "short", timeStyle: "short" });
}

function show() {
  if (!account) return;
  find("#who").textContent = `${account.name} · ${roleWord(account.role)}`;
  /** @type {HTMLInputElement} */ (find("#password [name=username]")).value = account.name;
  const isSet = account.second_factor === "set";
  find("#unconfirmed").hidden = account.unconfirmed_by === null;
  find("#unconfirmedby").textContent = word("unconfirmedOwn", { by: account.unconfirmed_by || word("unconfirmedSomebody") });
  find("#codefield").hidden = !isSet;
  /** @type {HTMLInputElement} */ (find("#codefield input")).required = isSet;
  find("#factor").textContent = word(FACTORS[account.second_factor]);
  find("#left").hidden = !isSet;
  find("#left").textContent = word("recoveryLeft", { count: account.recovery_codes });
  find("#factordeeds").replaceChildren(
    make("a", { class: `button ${isSet ? "plain" : ""}`, href: "/second-factor?next=/account" }, word(isSet ? "factorNew" : "factorSet")),
    ...(isSet ? [button("renew", word("recoveryRenew"), renewCodes)] : []),
  );
  find("#logins").replaceChildren(...account.logins.map((/** @type {any} */ one) => make("li", { class: "deed" },
    make("span", { class: "about" }, word("loginSince", { since: timeOf(one.since), until: timeOf(one.until) }), one.own ? ` (${word("loginOwn")})` : ""))));
  find("#logindeeds").replaceChildren(button("everywhere", word("logoutEverywhere"), logOutEverywhere, "danger"));
}

async function load() {
  account = await call("/api/v1/account");
  show();
}

find("#password").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const form = /** @type {HTMLFormElement} */ (submitted.target);
  const data = new FormData(form);
  const fault = find("#message");
  fault.hidden = true;
  try {
    if (data.get("new") !== data.get("again")) {
      fault.textContent = word("passwordsDiffer");
      fault.hidden = false;
      return;
    }
    await call("/api/v1/account/password", { method: "PUT", body: { password: data.get("password"), new_password: data.get("new"), code: data.get("code") } });
    form.reset();
    await load();
    notice(word("passwordChanged"));
  } catch (error) {
    fault.textContent = faultOf(error);
    fault.hidden = false;
  }
});

function renewCodes() {
  const password = make("input", { name: "password", type: "password", autocomplete: "current-password", required: "", maxlength: "200" });
  const code = make("input", { name: "code", autocomplete: "one-time-code", required: "", maxlength: "40" });
  ask(word("recoveryRenew"), [make("p", {}, word("recoveryRenewAsk")), field(word("passwordOnceMore"), password), field(word("loginCode"), code)], word("recoveryRenew"), async (data) => {
    const { recovery_codes: codes } = await call("/api/v1/account/recovery-codes", { method: "POST", body: { password: data.get("password"), code: data.get("code") } });
    find("#done").hidden = false;
    showCodes(codes);
    await load();
  });
}

function logOutEverywhere() {
  ask(word("logoutEverywhere"), [make("p", {}, word("logoutEverywhereAsk"))], word("logoutEverywhere"), async () => {
    await call("/api/v1/account/logins", { method: "DELETE" });
    location.assign("/login");
  }, "danger");
}

find("#logout").addEventListener("click", async () => {
  await call("/api/v1/logout", { method: "POST" });
  location.assign("/login");
});

/** Whoever waits to be confirmed goes on by itself. */
async function goOn() {
  const me = await call("/api/v1/me");
  if (!me.unconfirmed) location.assign("/");
}

async function start() {
  startWords();
  onLanguage(show);
  await load();
  if (account.unconfirmed_by !== null) setInterval(() => goOn().catch(() => {}), CONFIRMED_MS);
}

start().catch(complain);
