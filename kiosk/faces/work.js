// @ts-check
/**
 * Files that the centre makes for long: how far it is, stopped by a button, taken over again on coming back.
 *
 * The answer says it line by line, and then holds the file: see `checkin/web/works.py`.
 */

import { Problem, call, place } from "./centre.js";
import { progress } from "./progress.js";

const NEWLINE = 10;

/** Somebody has stopped it: nothing to complain of. */
export class Stopped extends Error {}

/**
 * @typedef {{name: string, heads: Record<string, string>, content: Blob}} Made
 * @typedef {{host: Element, label: string, path: string, body?: unknown}} Wanted
 */

/**
 * Have a file made, with a bar in `host`. `label`: a word's key, what is being done; `body`: sent along by POST.
 * Throws `Stopped`, and what `call` throws.
 * @param {Wanted} wanted @returns {Promise<Made>}
 */
export async function made({ host, label, path, body }) {
  const how = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const asked = `${path}${path.includes("?") ? "&" : "?"}progress=true`;
  return follow(host, label, (signal) => fetch(asked, { ...how, signal, cache: "no-store" }));
}

/**
 * What was begun on this page before and is still being made, or waits; null where there is nothing.
 * @param {Element} host @param {string} label @param {(what: string) => boolean} ours @returns {Promise<Made | null>}
 */
export async function begunBefore(host, label, ours) {
  const { api } = place();
  const { works } = await call(`${api}/works`);
  const found = works.find((/** @type {any} */ one) => ours(one.what) && !one.failed);
  return found ? follow(host, label, (signal) => fetch(`${api}/works/${found.id}`, { signal, cache: "no-store" })) : null;
}

/** @param {Element} host @param {string} label @param {(signal: AbortSignal) => Promise<Response>} ask @returns {Promise<Made>} */
async function follow(host, label, ask) {
  const stopping = new AbortController();
  /** @type {any} */
  let line = null;
  const stop = () => {
    stopping.abort(new Stopped());
    if (line) call(`${place().api}/works/${line.id}`, { method: "DELETE" }).catch(() => {}); // it may have ended just now
  };
  const bar = progress(host, { label, stop });
  try {
    const answer = await ask(stopping.signal);
    if (!answer.ok || !answer.body) throw new Problem(answer.status, await answer.json().catch(() => ({})), 1);
    const reader = answer.body.getReader();
    /** @type {Uint8Array[]} */
    const file = [];
    let rest = new Uint8Array();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (line?.ready) {
        file.push(part.value);
        continue;
      }
      rest = joined(rest, part.value);
      for (let end = rest.indexOf(NEWLINE); end >= 0 && !line?.ready; end = rest.indexOf(NEWLINE)) {
        line = JSON.parse(new TextDecoder().decode(rest.subarray(0, end)));
        rest = rest.slice(end + 1);
        bar.at(line.done, line.total);
      }
      if (line?.ready) file.push(rest);
    }
    if (line?.failed) throw new Problem(line.failed.status, line.failed, 1);
    const content = new Blob(/** @type {BlobPart[]} */ (file), { type: line?.ready?.media_type });
    if (!line?.ready || content.size !== line.ready.bytes) throw new TypeError("the answer broke off");
    return { name: line.ready.name, heads: line.ready.heads, content };
  } finally {
    bar.done();
  }
}

/** @param {Uint8Array} one @param {Uint8Array} other */
function joined(one, other) {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
