// @ts-check
/** What the pages of an event share: the head with the way to the others, the clock, and the live link. */

import { EventClock, Live, call, find, make, place } from "/faces/centre.js";
import { showLink } from "/faces/link.js";
import { onLanguage, startWords, word } from "/faces/words.js";
import { showMe } from "/pages/me.js";

const READ_MS_MIN = 2_000;
const ATTENTION_EVERY_MS = 15_000;

/** The other pages of an event: path and word. */
const PAGES = [
  ["", "overviewPage"],
  ["/rooms", "rooms"],
  ["/safety", "safety"],
  ["/desk", "roleDesk"],
  ["/imports", "importLists"],
  ["/setup", "setup"],
  ["/programme", "programme"],
  ["/badges", "badges"],
  ["/exports", "exports"],
  ["/papers", "papers"],
  ["/paper-list", "paperList"],
  ["/audit", "audit"],
  ["/erasure", "erasure"],
  ["/devices", "devices"],
  ["/stations", "stations"],
  ["/board", "board"],
];

const { event, api } = place();
export { api, event };
export const clock = new EventClock();
export const page = `/events/${encodeURIComponent(event)}`;
/** @type {any} the venue as it is now */
export let layout = null;
/** @type {Set<string>} what whoever is logged in may do */
let may = new Set();

/** What of the stations waits for somebody. */
let attention = { conflicts: 0, restored: false };

/** @param {string} permission */
export function allowed(permission) {
  return may.has(permission);
}

/** @param {string} area */
export function areaName(area) {
  return layout.areas.find((/** @type {any} */ one) => one.id === area)?.name ?? area;
}

/** A door as signs and doors say it: its id and its name. @param {string} door */
export function doorName(door) {
  const known = layout.doors.find((/** @type {any} */ one) => one.id === door);
  return `${door} ${known?.name ?? ""}`.trim();
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
  const account = make("a", { class: "button plain", href: "/account", hidden: "" });
  nav.append(menuOf(pages), pages, urgent, switcher);
  startWords();
  const [me] = await Promise.all([call("/api/v1/me"), loadLayout()]);
  may = new Set(me.may);
  find(title ? "#crumb" : "#event").textContent = layout.event.name;
  const showPages = () => {
    const links = PAGES.filter(([path]) => page + path !== location.pathname && me.pages.includes(path.slice(1)));
    const link = (/** @type {string[]} */ [path, key], look = "") => make("a", { class: `button plain ${look}`, href: page + path }, word(key), path === "/stations" ? waiting() : null);
    const focused = nav.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    // What cannot wait stands outside of the menu that a phone folds away.
    const isUrgent = (/** @type {string[]} */ [path]) => path === "/safety" || (path === "/stations" && (attention.conflicts > 0 || attention.restored));
    showMe(account, me);
    pages.replaceChildren(...links.filter((one) => !isUrgent(one)).map((one) => link(one)), account);
    urgent.replaceChildren(...links.filter(isUrgent).map((one) => link(one, one[0] === "/safety" || attention.restored ? "danger" : "")));
    if (focused) /** @type {HTMLElement | null} */ (nav.querySelector(`[href="${CSS.escape(focused)}"]`))?.focus();
    document.title = title ? `${word(title)} – ${layout.event.name}` : layout.event.name;
  };
  showPages();
  onLanguage(showPages);
  if (allowed("stations")) watchStations(showPages);
  const showTime = () => (find("#clock").textContent = clock.last ? clock.time(clock.now()) : "");
  showTime();
  setInterval(showTime, 1_000);
}

/** Look again and again whether something of the stations waits. @param {() => void} show */
function watchStations(show) {
  const look = async () => {
    const before = JSON.stringify(attention);
    attention = await call(`${api}/stations/attention`).catch(() => attention);
    if (JSON.stringify(attention) !== before) show();
  };
  look();
  setInterval(look, ATTENTION_EVERY_MS);
}

/** How many cases are open, beside the way to them. */
function waiting() {
  const { conflicts } = attention;
  return conflicts ? make("span", { class: "waiting" }, make("span", { "aria-hidden": "true" }, String(conflicts)), make("span", { class: "unseen" }, word("stationsWait", { count: conflicts }))) : null;
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
