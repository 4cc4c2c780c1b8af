// @ts-check
import { call, find, make } from "/faces/centre.js";
import { button, faultOf, notice } from "/faces/deeds.js";
import { onLanguage, shownLanguage, startWords, word } from "/faces/words.js";
import { confirmWord, showMe } from "/pages/me.js";
import { idOf } from "/pages/naming.js";

let manages = false;
/** @type {any} */
let me = null;

async function show() {
  const { events } = await call("/api/v1/events");
  if (!events.length) {
    find("#events").replaceChildren(make("li", { class: "card" }, word(manages ? "noEventsYet" : "noEvents")));
    return;
  }
  find("#events").replaceChildren(
    ...events.map((/** @type {any} */ one) => {
      const path = `/events/${encodeURIComponent(one.slug)}`;
      return make(
        "li",
        { class: "card" },
        make("a", { href: path }, one.name),
        make("p", { class: "quiet" }, one.date),
        make("p", {}, one.inside === null ? "" : `${one.inside} ${word("of")} ${one.capacity ?? "∞"} ${word("insideHouse")}`),
        make("p", { class: "buttons" }, make("a", { href: `${path}/board` }, word("board")), manages ? make("a", { href: `${path}/setup` }, word("setup")) : null),
      );
    }),
  );
}

/** Whoever used a link to an organiser's or safety account may nothing before somebody has said who it was. */
function showUnconfirmed() {
  find("#waiting").replaceChildren(...me.to_confirm.map((/** @type {any} */ one) => make("li", { class: "message" }, make("p", {}, confirmWord(one)),
    make("p", { class: "buttons" }, button(`confirm ${one.id}`, word("confirmYes", { name: one.name }), () => confirm(one), ""), make("a", { class: "button plain", href: `/operators#${one.id}` }, word("confirmNo", { name: one.name }))))));
}

/** @param {any} one */
async function confirm(one) {
  await call(`/api/v1/operators/${one.id}/confirmation`, { method: "POST" });
  me = await call("/api/v1/me");
  showUnconfirmed();
  notice(word("confirmed", { name: one.name }));
}

/** A new link for one's own account, or for another's, is seen before anything else: it gives whoever has it the account. */
function showLinks() {
  find("#links").replaceChildren(...me.new_links.map((/** @type {any} */ link) => {
    const at = new Date(link.at).toLocaleString(shownLanguage(), { dateStyle: "short", timeStyle: "short" });
    const text = word(link.own ? (link.used ? "linkUsedOwn" : "linkOpenOwn") : link.used ? "linkUsed" : "linkOpen", { name: link.name, by: link.by === "command" ? word("byCommand") : link.by, at });
    return make("li", { class: "message" }, make("p", {}, text), link.own && !link.used ? make("p", { class: "buttons" }, button("refuse", word("linkRefuse"), refuseLink)) : null);
  }));
}

async function refuseLink() {
  await call("/api/v1/me/invitation", { method: "DELETE" });
  me = await call("/api/v1/me");
  showLinks();
  notice(word("linkRefused"));
}

find("#logout").addEventListener("click", async () => {
  await call("/api/v1/logout", { method: "POST" });
  location.assign("/login");
});
const form = /** @type {HTMLFormElement} */ (find("#create"));
/** @param {string} name */
const input = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
let slugTouched = false;
input("slug").addEventListener("input", () => (slugTouched = input("slug").value !== ""));
input("name").addEventListener("input", () => {
  if (!slugTouched) input("slug").value = idOf(input("name").value);
});
form.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  find("#message").hidden = true;
  const data = new FormData(form);
  const { visitors, ...rest } = Object.fromEntries(data.entries());
  try {
    const created = await call("/api/v1/events", { method: "POST", body: { ...rest, visitors: visitors === "" ? null : Number(visitors) } });
    location.assign(created.open);
  } catch (error) {
    find("#message").textContent = faultOf(error);
    find("#message").hidden = false;
  }
});

async function start() {
  startWords();
  me = await call("/api/v1/me");
  manages = me.may.includes("manage");
  find("#new").hidden = !manages;
  find("#accounts").hidden = !me.may.includes("accounts");
  find("#factor").hidden = me.second_factor !== "missing";
  showMe(find("#me"), me);
  find("#zones").replaceChildren(...Intl.supportedValuesOf("timeZone").map((value) => make("option", { value })));
  onLanguage(() => {
    show();
    showLinks();
    showUnconfirmed();
    showMe(find("#me"), me);
  });
  showUnconfirmed();
  showLinks();
  await show();
}

start();
