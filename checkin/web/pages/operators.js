// @ts-check
/** Operators' accounts: invited by a link that works once, changed, withdrawn; who may what; what was done. */

import { call, find, make } from "/faces/centre.js";
import { toClipboard } from "/faces/copying.js";
import { ask, button, faultOf, field, notice, select } from "/faces/deeds.js";
import { onLanguage, shownLanguage, startWords, word } from "/faces/words.js";
import { permissionWord, roleWord } from "/pages/roles.js";

/** @type {any} accounts, roles one may give, deeds */
let known = null;
/** @type {any} the table that the service goes by */
let roles = null;
let link = "";

/** @type {Record<string, string>} */
const STATES = { invited: "stateInvited", unconfirmed: "stateUnconfirmed", active: "stateActive", withdrawn: "stateWithdrawn" };
/** @type {Record<string, string>} */
const DEEDS = {
  invited: "deedInvited", added: "deedAdded", accepted: "deedAccepted", role_changed: "deedRole", reset: "deedReset", withdrawn: "deedWithdrawn",
  reinstated: "deedReinstated", factor_set: "deedFactorSet", factor_reset: "deedFactorReset", recovery_used: "deedRecovery", login_failed: "deedLoginFailed", link_refused: "deedLinkRefused",
  confirmed: "deedConfirmed", password_changed: "deedPasswordChanged", recovery_renewed: "deedRecoveryRenewed", logged_out: "deedLoggedOut",
};
/** @type {Record<string, string>} who acted, where it is nobody with a name */
const ACTORS = { command: "byCommand", setup: "bySetup" };

async function load() {
  [known, roles] = await Promise.all([call("/api/v1/operators"), roles ?? call("/api/v1/roles")]);
  show();
}

function show() {
  if (!known) return;
  const chosen = /** @type {HTMLSelectElement} */ (find("#gives")).value;
  find("#gives").replaceChildren(...known.gives.map((/** @type {string} */ role) => make("option", { value: role, ...(role === chosen ? { selected: "" } : {}) }, roleWord(role))));
  find("#accounts").replaceChildren(...known.operators.map(line));
  showTable();
  find("#log").replaceChildren(...known.deeds.map(deedLine));
}

/** @param {any} one */
function line(one) {
  const factor = roles.second_factor.includes(one.role) ? word(one.second_factor ? "factorThere" : "factorMissing") : "";
  const about = make("span", { class: "about" }, make("b", {}, one.name), one.own ? ` (${word("you")})` : "",
    make("small", { class: "quiet" }, [roleWord(one.role), word(STATES[one.state]), factor].filter(Boolean).join(" · ")));
  const path = `/api/v1/operators/${one.id}`;
  const confirmed = one.to_confirm ? button(`confirm ${one.id}`, word("confirmYes", { name: one.name }), async () => {
    await call(`${path}/confirmation`, { method: "POST" });
    await load();
    notice(word("confirmed", { name: one.name }));
  }, "") : null;
  if (one.own || !one.yours) return make("li", { class: "deed" }, about, confirmed ? make("span", { class: "buttons" }, confirmed) : null);
  const withdrawn = one.state === "withdrawn";
  const newLinkSure = withdrawn ? "reinstateAccountSure" : one.state === "unconfirmed" ? "confirmNoSure" : "newLinkSure";
  return make("li", { class: "deed" }, about, make("span", { class: "buttons" },
    confirmed,
    withdrawn || known.gives.length < 2 ? null : button(`role ${one.id}`, word("changeRole"), () => changeRole(one, path)),
    button(`reset ${one.id}`, word(withdrawn ? "reinstateAccount" : one.state === "unconfirmed" ? "confirmNo" : "newLink", { name: one.name }), () => sure(one, word(newLinkSure, { name: one.name }), word("newLink"), async () => showInvitation(await call(`${path}/invitation`, { method: "POST" })))),
    one.second_factor ? button(`factor ${one.id}`, word("resetFactor"), () => sure(one, word("resetFactorSure", { name: one.name }), word("resetFactor"), () => call(`${path}/second-factor`, { method: "DELETE" }))) : null,
    withdrawn ? null : button(`withdraw ${one.id}`, word("withdraw"), () => sure(one, word("withdrawSure", { name: one.name }), word("withdraw"), () => call(path, { method: "DELETE" }), "danger"), "danger")));
}

/** @param {any} one @param {string} path */
function changeRole(one, path) {
  const options = known.gives.map((/** @type {string} */ role) => [role, roleWord(role)]);
  ask(word("changeRoleOf", { name: one.name }), [field(word("role"), select("role", options, one.role))], word("save"), async (data) => {
    await call(path, { method: "PATCH", body: { role: data.get("role") } });
    await load();
  });
}

/** @param {any} one @param {string} text @param {string} yes @param {() => Promise<unknown>} deed @param {string} [look] */
function sure(one, text, yes, deed, look = "") {
  ask(one.name, [make("p", {}, text)], yes, async () => {
    await deed();
    await load();
  }, look);
}

/** @param {any} invitation */
function showInvitation(invitation) {
  link = invitation.link;
  find("#invited").textContent = invitation.name;
  find("#invitehelp").textContent = word("inviteHelp", { hours: invitation.hours });
  find("#qr").setAttribute("src", `data:image/svg+xml,${encodeURIComponent(invitation.qr)}`);
  find("#copy").textContent = word("copy");
  /** @type {HTMLDialogElement} */ (find("#invitation")).showModal();
}

/** Who may what, as the service itself goes by it. */
function showTable() {
  const operators = Object.keys(roles.operators);
  const devices = Object.keys(roles.devices);
  const deviceWord = (/** @type {string} */ role) => word("deviceOf", { role: roleWord(role) });
  const head = (/** @type {string[]} */ cells) => make("tr", {}, ...cells.map((cell) => (cell ? make("th", { scope: "col" }, cell) : make("td", {}))));
  find("#may thead").replaceChildren(head(["", ...operators.map(roleWord), ...devices.map(deviceWord)]));
  const cell = (/** @type {string} */ whose, /** @type {boolean} */ may) => make("td", { class: may ? "yes" : "no" },
    make("span", { "aria-hidden": "true" }, may ? "✓" : "–"), make("span", { class: "unseen" }, word(may ? "yes" : "no")), make("span", { class: "whose" }, ` ${whose}`));
  find("#may tbody").replaceChildren(
    ...roles.permissions.map((/** @type {string} */ permission) => make("tr", {}, make("th", { scope: "row" }, permissionWord(permission)),
      ...operators.map((role) => cell(roleWord(role), roles.operators[role].includes(permission))), ...devices.map((role) => cell(deviceWord(role), roles.devices[role].includes(permission))))),
    make("tr", {}, make("th", { scope: "row" }, word("secondFactor")), ...operators.map((role) => cell(roleWord(role), roles.second_factor.includes(role))), ...devices.map((role) => cell(deviceWord(role), false))),
  );
}

/** @param {any} deed */
function deedLine(deed) {
  const at = new Date(deed.at).toLocaleString(shownLanguage(), { dateStyle: "short", timeStyle: "short" });
  const parts = { by: ACTORS[deed.by] ? word(ACTORS[deed.by]) : deed.by, about: deed.about, note: deed.note.split(" → ").map(roleWord).join(" → ") };
  return make("li", { class: "deed" }, make("span", { class: "number quiet" }, at), make("span", { class: "about" }, word(DEEDS[deed.what], parts)));
}

find("#invite").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const form = /** @type {HTMLFormElement} */ (submitted.target);
  const data = new FormData(form);
  find("#message").hidden = true;
  try {
    const invitation = await call("/api/v1/operators", { method: "POST", body: { name: data.get("name"), role: data.get("role") } });
    form.reset();
    await load();
    showInvitation(invitation);
  } catch (error) {
    find("#message").textContent = faultOf(error);
    find("#message").hidden = false;
  }
});
find("#copy").addEventListener("click", async () => {
  await toClipboard(link);
  find("#copy").textContent = word("copied");
});
find("#close").addEventListener("click", () => /** @type {HTMLDialogElement} */ (find("#invitation")).close());

startWords();
onLanguage(show);
await load().catch((error) => notice(faultOf(error)));
/** @type {HTMLElement | null} */ (document.querySelector(`[data-key="reset ${CSS.escape(location.hash.slice(1))}"]`))?.focus();
