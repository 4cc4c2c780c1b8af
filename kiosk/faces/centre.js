// @ts-check
/** Talking with the centre: calls, the event's clock, and the occupancy live. */

import { Socket } from "./socket.js";
import { problemWord } from "./words.js";

const HEARTBEAT_MS_MAX = 10_000;
const START_AGAIN_MS = 2_000;

/** A call that was answered with a problem document. */
export class Problem extends Error {
  /** @param {number} status @param {{detail?: string, code?: string}} body @param {number} retryAfterS */
  constructor(status, body, retryAfterS) {
    super(problemWord(body.code ?? "", body.detail) || body.detail || `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "";
    this.retryAfterS = retryAfterS;
    /** What else the answer says, by its name. @type {Record<string, any>} */
    this.data = body;
  }
}

/**
 * Call the centre. Throws `Problem` for an answer that is one, `TypeError` or `DOMException` where
 * there is no connection. Not logged in: goes to the log-in page.
 * @param {string} path @param {{method?: string, body?: unknown, timeoutMs?: number}} [how]
 * @returns {Promise<any>}
 */
export async function call(path, { method = "GET", body, timeoutMs = 10_000 } = {}) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined || body instanceof FormData ? {} : { "Content-Type": "application/json" },
    body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
    cache: "no-store",
  });
  if (answer.status === 401 && !location.pathname.startsWith("/login")) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  }
  const text = await answer.text();
  const content = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Problem(answer.status, content ?? {}, Number(answer.headers.get("Retry-After") ?? 1));
  return content;
}

/**
 * What the address of this page names: `/events/{event}/{face}/{id}`. At a station what is below `/centre` is passed on
 * to the centre: `root` is that, `api` the calls to whoever has this page's say, `here` those to the machine it is from.
 */
export function place() {
  const root = location.pathname.startsWith("/centre/") ? "/centre" : "";
  const [, , event = "", face = "", id = ""] = location.pathname.slice(root.length).split("/").map(decodeURIComponent);
  const here = `/api/v1/events/${encodeURIComponent(event)}`;
  return { event, face, id, root, api: root + here, here };
}

/** The event's clock: the centre's time, carried on by ours. It may run faster than ours (a demo). */
export class EventClock {
  constructor() {
    this.zone = "Europe/Berlin";
    this.pace = 1;
    /** @type {{shown: number, here: number} | null} */
    this.last = null;
    /** @type {{shown: number, here: number} | null} */
    this.first = null;
  }

  /** @param {string} iso the centre's time, just arrived */
  set(iso) {
    const mark = { shown: Date.parse(iso), here: performance.now() };
    if (this.first && mark.here - this.first.here > 3_000) {
      this.pace = Math.max(0, (mark.shown - this.first.shown) / (mark.here - this.first.here));
      this.first = this.last ?? mark;
    }
    this.first ??= mark;
    this.last = mark;
  }

  /** @returns {number} the event's time now, in ms since 1970 UTC */
  now() {
    return this.last ? this.last.shown + (performance.now() - this.last.here) * this.pace : Date.now();
  }

  /** @param {number | string} at @returns {string} as “10:42” in the event's zone */
  time(at) {
    const moment = new Date(at);
    return moment.toLocaleTimeString("de-DE", { hour: "2-digit", minute: "2-digit", timeZone: this.zone });
  }
}

/**
 * @typedef {{session: string, title: string, area: string, name: string, way: string, free: number | null}} Alternative
 * @typedef {{id: string, name: string, inside: number, known: number, uncounted: number,
 *   capacity: number | null, free: number | null, kept: number, state: "open"|"filling"|"full"|"closed",
 *   level: "calm"|"warn"|"prepare"|"stop"|"over", waiting: number, called: number[], instead: Alternative[],
 *   plus_minus: number, counted_at: string | null, as_of: string, set_aside: number, frozen: boolean}} AreaNow
 */

/**
 * Follows the occupancy. `areas` is the latest known state; `onChange` is called when it, the seq, the
 * evacuation or the link has changed, `onVersion` when the venue or the programme is another. Silence of ten seconds is stale;
 * its socket finds its way back, and begins with a fresh snapshot.
 */
export class Live {
  /**
   * @param {string} api @param {string[]} areas @param {EventClock} clock @param {() => void} onChange
   * @param {() => void} [onVersion]
   */
  constructor(api, areas, clock, onChange, onVersion = () => {}) {
    this.clock = clock;
    this.onChange = onChange;
    this.onVersion = onVersion;
    this.version = 0;
    /** @type {"none" | "evacuation" | "drill"} */
    this.evacuation = "none";
    /** @type {Map<string, AreaNow>} */
    this.areas = new Map();
    this.seq = 0;
    this.stale = true;
    this.staleSince = "";
    /** How the station that serves this page is linked to the centre; null: the centre itself serves it.
     * `places`: so many it may still let in by itself. `disk`: whether it can write; `keeper`: whether its key is there.
     * @type {{link: "linked" | "slow" | "restored" | "cut" | "revoked", since: string | null, waiting: number, places: number | null, door: string, disk: "ok" | "full", keeper: "ok" | "missing"} | null} */
    this.station = null;
    this.heardAt = 0;
    /** @type {(value?: any) => void} */
    this.nowKnown = () => {};
    /** Kept once the first heartbeat has said how things are. @type {Promise<void>} */
    this.known = new Promise((resolve) => {
      this.nowKnown = resolve;
    });
    const query = areas.map((area) => `area=${encodeURIComponent(area)}`).join("&");
    this.socket = new Socket(`${api}/live${query ? `?${query}` : ""}`, (message) => this.take(message), HEARTBEAT_MS_MAX);
    setInterval(() => this.watch(), 1_000);
  }

  /** @param {{type: string, seq: number, version: number, evacuation: any, areas?: AreaNow[], at?: string, station?: any}} message */
  take(message) {
    if (message.station) this.station = message.station;
    this.heardAt = performance.now();
    this.stale = false;
    this.seq = message.seq;
    if (message.type === "snapshot") this.areas.clear();
    for (const area of message.areas ?? []) this.areas.set(area.id, area);
    if (message.at) this.clock.set(message.at);
    const before = this.version;
    this.version = message.version;
    this.evacuation = message.evacuation;
    this.onChange();
    if (message.type === "heartbeat") this.nowKnown();
    if (before && before !== message.version) this.onVersion();
  }

  /** Whether the station that serves this page is cut off from the centre: what is shown is its last word. */
  get cut() {
    return this.station?.link === "cut";
  }

  /** What that station lacks to answer anything. @returns {"station_keeper_missing" | "station_disk_full" | null} */
  get lacks() {
    if (this.station?.keeper === "missing") return "station_keeper_missing";
    return this.station?.disk === "full" ? "station_disk_full" : null;
  }

  /** Whether that station decides by itself, cut off or because the centre is too slow: the counts are guesses. */
  get alone() {
    return this.cut || this.station?.link === "slow";
  }

  watch() {
    // A station's watchdog starts a browser anew whose page says nothing (`kiosk/watchdog.py`).
    if (this.station) this.socket.send("here");
    if (!this.stale && performance.now() - this.heardAt > HEARTBEAT_MS_MAX) {
      this.stale = true;
      this.staleSince = this.clock.time(this.clock.last ? this.clock.last.shown : Date.now());
      this.onChange();
    }
  }
}

/** A UUID also where the page is no secure context (http on the house's network). */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Whether it may go through later, as it is: the centre is away, overloaded or restarting. @param {unknown} error */
export function isPassing(error) {
  return !(error instanceof Problem) || [429, 502, 503, 504].includes(error.status);
}

/**
 * Start a face; the centre may not be there yet: try until it is. @param {() => Promise<void>} start
 * @param {(error: unknown) => void} failed says why it never will
 */
export async function startWhenPossible(start, failed) {
  try {
    await start();
  } catch (error) {
    if (isPassing(error)) setTimeout(() => startWhenPossible(start, failed), START_AGAIN_MS);
    else failed(error);
  }
}

/**
 * Make an element. Text is text: nothing that comes from outside is read as markup.
 * @param {string} tag @param {Record<string, string>} [attributes] @param {...(Node | string | null)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** @param {string} selector @returns {HTMLElement} the element that the page must have */
export function find(selector) {
  const element = document.querySelector(selector);
  if (!(element instanceof HTMLElement) && !(element instanceof SVGElement)) throw new Error(`missing ${selector}`);
  return /** @type {HTMLElement} */ (element);
}
