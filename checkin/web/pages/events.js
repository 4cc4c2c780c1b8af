// @ts-check
import { call, find, make } from "/faces/centre.js";
import { onLanguage, startWords, word } from "/faces/words.js";

async function show() {
  const { events } = await call("/api/v1/events");
  if (!events.length) {
    find("#events").replaceChildren(make("li", { class: "card" }, word("noEvents")));
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
        make("p", {}, make("a", { href: `${path}/board` }, word("board"))),
      );
    }),
  );
}

find("#logout").addEventListener("click", async () => {
  await call("/api/v1/logout", { method: "POST" });
  location.assign("/login");
});
startWords();
onLanguage(show);
show();
