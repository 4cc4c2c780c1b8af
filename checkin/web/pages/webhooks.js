// @ts-check
/** Webhooks: who is told what, whether they take it, and what was sent. */

import { call, find, make } from "/faces/centre.js";
import { toClipboard } from "/faces/copying.js";
import { Doubt, ask, button, field, notice } from "/faces/deeds.js";
import { onLanguage, word } from "/faces/words.js";
import { api, clock } from "/pages/frame.js";

const READ_MS = 5_000;
const SENDING_MS_MAX = 30_000;

const KINDS = { entry: "webhookEntry", exit: "webhookExit", badge: "webhookBadge" };
const STATES = { active: "webhookActive", paused: "webhookPaused", disabled: "webhookDisabled" };
const WHY = { gone: "webhookGone", failed_for_days: "webhookFailedForDays" };
/** @type {Record<string, string>} */
const FAULTS = {
  status: "webhookFaultStatus",
  timeout: "webhookFaultTimeout",
  unreachable: "webhookFaultUnreachable",
  broken_off: "webhookFaultBroken",
  tls: "webhookFaultTls",
  redirected: "webhookFaultRedirected",
  address_private: "webhookFaultPrivate",
  not_https: "webhookFaultHttps",
};

/** @type {any[]} */
let hooks = [];
let drawn = "";

/** @param {any} delivery */
function result(delivery) {
  if (!delivery.fault) return word("webhookTaken", { status: delivery.status });
  return word(FAULTS[delivery.fault], { status: delivery.status ?? "" });
}

/** @param {any} delivery */
function tell(delivery) {
  if (delivery.fault) notice(word("webhookTestFailed", { why: result(delivery) }));
  else notice(word("webhookTestTaken", { status: delivery.status, ms: delivery.duration_ms }));
}

/** @param {any} hook */
function line(hook) {
  const path = `${api}/webhooks/${hook.id}`;
  const kinds = hook.kinds.map((/** @type {keyof typeof KINDS} */ kind) => word(KINDS[kind])).join(", ");
  const state = /** @type {keyof typeof STATES} */ (hook.state);
  const saying = make("p", {}, make("span", { class: `state ${state}` }, word(STATES[state])), " · ", kinds, hook.with_names ? ` · ${word("webhookNames")}` : null);
  const detail = make("p", { class: hook.failing_since || hook.why ? "state failing" : "quiet" },
    hook.why ? word(WHY[/** @type {keyof typeof WHY} */ (hook.why)])
      : hook.failing_since ? word("webhookFailing", { time: clock.time(hook.failing_since), next: hook.next_at ? clock.time(hook.next_at) : "" })
        : hook.last ? `${clock.time(hook.last.at)} ${result(hook.last)}` : word("webhookLogEmpty"));
  const pausing = hook.state === "active"
    ? button(`pause ${hook.id}`, word("webhookPause"), () => change(path, { state: "paused" }))
    : button(`resume ${hook.id}`, word("webhookResume"), () => change(path, { state: "active" }));
  return make("li", { "data-hook": hook.id }, make("b", {}, hook.url), saying, detail,
    make("p", { class: "buttons" },
      button(`test ${hook.id}`, word("webhookTest"), async () => {
        tell(await call(`${path}/test`, { method: "POST", timeoutMs: SENDING_MS_MAX }));
        await read();
      }),
      button(`log ${hook.id}`, word("webhookLog"), () => showLog(hook)),
      pausing,
      button(`remove ${hook.id}`, word("webhookRemove"), () => {
        ask(word("webhookRemove"), [make("p", {}, word("webhookRemoveSure", { url: hook.url }))], word("webhookRemove"), async () => {
          await call(path, { method: "DELETE" });
          await read();
        }, "danger");
      }, "danger")));
}

/** @param {string} path @param {object} what */
async function change(path, what) {
  await call(path, { method: "PATCH", body: what });
  await read();
}

/** Day and time to the second: a log may go on for days. @param {string} at */
function moment(at) {
  return new Date(at).toLocaleString("de-DE", { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: clock.zone });
}

/** @param {any} hook */
async function showLog(hook) {
  const path = `${api}/webhooks/${hook.id}/deliveries`;
  const rows = make("tbody", {});
  const empty = make("p", { hidden: "" }, word("webhookLogEmpty"));
  const head = (/** @type {string} */ key) => make("th", { scope: "col" }, word(key));
  const table = make("table", {}, make("thead", {}, make("tr", {}, head("webhookTime"), head("webhookContent"), head("webhookResult"), head("webhookTook"))), rows);
  const fill = async () => {
    const { deliveries } = await call(path);
    empty.hidden = deliveries.length > 0;
    table.hidden = !deliveries.length;
    rows.replaceChildren(...deliveries.map((/** @type {any} */ one) => make("tr", {},
      make("td", {}, moment(one.at)),
      make("td", {}, one.what === "test" ? word("webhookWhatTest") : word("webhookEvents", { count: one.events }), make("br"), make("span", { class: "quiet" }, word("webhookTry", { count: one.attempt }))),
      make("td", { class: one.fault ? "refused" : "admitted" }, result(one), one.what === "test" ? null : make("br"), one.what === "test" ? null : button(`again ${one.number}`, word("webhookAgain"), async () => {
        tell(await call(`${path}/${one.number}/again`, { method: "POST", timeoutMs: SENDING_MS_MAX }));
        await fill();
      })),
      make("td", {}, word("webhookMs", { count: one.duration_ms })))));
  };
  await fill();
  const close = make("button", { type: "button", class: "button" }, word("close"));
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: "asking wide", "aria-labelledby": "logged" },
    make("h2", { id: "logged" }, word("webhookLogOf", { url: hook.url })), make("div", { class: "scroll", tabindex: "0" }, table, empty), make("p", { class: "buttons" }, close)));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    read().catch(() => {});
  });
  document.body.append(dialog);
  dialog.showModal();
}

function add() {
  const url = make("input", { name: "url", type: "url", required: "", maxlength: "2000", inputmode: "url", autocomplete: "off" });
  const kinds = Object.entries(KINDS).map(([kind, key]) => make("label", { class: "check" }, make("input", { type: "checkbox", name: "kinds", value: kind, checked: "" }), make("span", {}, word(key))));
  ask(word("webhookAdd"), [
    field(word("webhookUrl"), url),
    make("fieldset", {}, make("legend", {}, word("webhookKinds")), ...kinds),
    make("label", { class: "check" }, make("input", { type: "checkbox", name: "names" }), make("span", {}, word("webhookNames"))),
  ], word("webhookAdd"), async (data) => {
    if (!data.getAll("kinds").length) throw new Doubt(word("webhookNoKind"));
    const added = await call(`${api}/webhooks`, { method: "POST", body: { url: data.get("url"), kinds: data.getAll("kinds"), with_names: data.has("names") } });
    await read();
    showSecret(added.secret);
  });
}

/** @param {string} secret */
function showSecret(secret) {
  const close = make("button", { type: "button", class: "button" }, word("close"));
  const copy = button("copy secret", word("copySecret"), async () => {
    await toClipboard(secret);
    copy.textContent = word("copied");
  });
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: "asking", "aria-labelledby": "secret" },
    make("h2", { id: "secret" }, word("webhookSecret")), make("p", {}, make("code", {}, secret)), make("p", {}, word("webhookSecretOnce")), make("p", { class: "buttons" }, copy, close)));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function show() {
  find("#hooks").replaceChildren(...(hooks.length ? hooks.map(line) : [make("li", { class: "quiet" }, word("webhookNone"))]));
  find("#hookdeeds").replaceChildren(button("add hook", word("webhookAdd"), add, ""));
}

async function read() {
  hooks = (await call(`${api}/webhooks`)).webhooks;
  const now = JSON.stringify(hooks);
  if (now === drawn) return;
  drawn = now;
  const key = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.key;
  show();
  if (key) /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(key)}"]`))?.focus();
}

function readOn() {
  setTimeout(() => read().catch(() => {}).finally(readOn), READ_MS);
}

/** Show the webhooks, and follow how they do. */
export async function startWebhooks() {
  find("#webhooks").hidden = false;
  onLanguage(show);
  await read();
  readOn();
}
