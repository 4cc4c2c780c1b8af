// @ts-check
/** What the pages of an event share: the head with the way to the others, the clock, and the live link. */

import { EventClock, Live, call, find, make, place } from "/faces/centre.js";
import { showLink } from "/faces/link.js";
import { onLanguage, startWords, word } from "/faces/words.js";

const READ_MS_MIN = 2_000;

/** The other pages of an event: path, word, and what one must be allowed to see it. */
const PAGES = [
  ["", "overviewPage", "read"],
  ["/rooms", "rooms", "people"],
  ["/safety", "safety", "evacuate"],
  ["/desk", "roleDesk", "desk"],
  ["/imports", "importLists", "manage"],
  ["/setup", "setup", "manage"],
  ["/programme", "programme", "manage"],
  ["/badges", "badges", "manage"],
  ["/exports", "exports", "export"],
  ["/papers", "papers", "manage"],
  ["/paper-list", "paperList", "desk"],
  ["/audit", "audit", "audit"],
  ["/erasure", "erasure", "manage"],
  ["/devices", "devices", "manage"],
  ["/board", "board", "read"],
];

const { event, api } = place();
export { api, event };
export const clock = new EventClock();
export const page = `/events/${encodeURIComponent(event)}`;
/** @type {any} the venue as it is now */
export let layout = null;
/** @type {Set<string>} what whoever is logged in may do */
let may = new Set();

/** @param {string} permission */
export function allowed(permission) {
  return may.has(permission);
}

/** @param {string} area */
export function areaName(area) {
  return layout.areas.find((/** @type {any} */ one) => one.id === area)?.name ?? area;
}

export async function loadLayout() {
  layout = await call(`${api}/layout`);
  clock.zone = layout.event.timezone;
  clock.set(layout.now);
}

/** Build the head, and read the venue and what one may do. @param {string} title the word for this page; none: the event's name */
export async function openFrame(title = "") {
  const name = make("h1", { id: "event", ...(title ? { "data-word": title } : {}) }, "…");
  const nav = make("nav", {});
  const switcher = make("button", { type: "button", class: "button plain", "data-language": "", "data-word": "language", "data-word-label": "languageLabel" });
  find("header.top").replaceChildren(
    make("div", {},
      make("p", { class: "crumbs" }, make("a", { href: "/", "data-word": "events" }), title ? " › " : null, title ? make("a", { id: "crumb", href: page }, "…") : null),
      name,
      make("p", {}, make("span", { id: "link", class: "link-state cut", role: "status" }), " ", make("span", { id: "clock", class: "number" }))),
    nav,
  );
  const pages = make("div", { id: "pages" });
  const urgent = make("div", { class: "urgent" });
  nav.append(menuOf(pages), pages, urgent, switcher);
  startWords();
  const [me] = await Promise.all([call("/api/v1/me"), loadLayout()]);
  may = new Set(me.may);
  find(title ? "#crumb" : "#event").textContent = layout.event.name;
  const showPages = () => {
    const links = PAGES.filter(([path, , needs]) => page + path !== location.pathname && may.has(needs));
    const link = (/** @type {string[]} */ [path, key], look = "") => make("a", { class: `button plain ${look}`, href: page + path }, word(key));
    pages.replaceChildren(...links.filter(([path]) => path !== "/safety").map((one) => link(one)));
    urgent.replaceChildren(...links.filter(([path]) => path === "/safety").map((one) => link(one, "danger")));
    document.title = title ? `${word(title)} – ${layout.event.name}` : layout.event.name;
  };
  showPages();
  onLanguage(showPages);
  const showTime = () => (find("#clock").textContent = clock.last ? clock.time(clock.now()) : "");
  showTime();
  setInterval(showTime, 1_000);
}

/** What folds the pages away where there is little room. @param {HTMLElement} pages */
function menuOf(pages) {
  const menu = make("button", { type: "button", class: "button plain menu", "aria-expanded": "false", "aria-controls": pages.id, "data-word": "menu" });
  menu.addEventListener("click", () => menu.setAttribute("aria-expanded", String(menu.getAttribute("aria-expanded") === "false")));
  return menu;
}

/** Follow the occupancy; the venue is read again when it has changed. @param {() => void} show @returns {Live} */
export function follow(show) {
  const live = new Live(api, [], clock, () => {
    document.body.classList.toggle("stale-link", showLink(live));
    show();
  }, () => loadLayout().then(show, () => {}));
  showLink(live);
  onLanguage(() => showLink(live));
  return live;
}

/**
 * Read more when something has happened, not more often than every two seconds. The answer of `read`
 * says by its `seq` how far it knows. @param {Live} live @param {() => Promise<number>} read @returns {() => void} call it at each change
 */
export function readAlong(live, read) {
  let seq = -1;
  let version = -1;
  let reading = false;
  const again = async () => {
    if (reading || (live.seq <= seq && live.version === version)) return;
    reading = true;
    const asked = live.version;
    try {
      seq = await read();
      version = asked;
    } catch {
      // The link's own sign says so; the next change asks again.
    }
    setTimeout(() => {
      reading = false;
      again();
    }, READ_MS_MIN);
  };
  return again;
}
