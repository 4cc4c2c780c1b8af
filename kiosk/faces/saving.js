// @ts-check
/** Files handed to whoever asked for them. */

import { Problem, make } from "./centre.js";

const MADE_MS_MAX = 120_000;
const SAVED_MS = 300_000; // so long a browser may take to ask where to put it

/** What the centre makes of a request. @param {string} path @param {string} name @param {unknown} [body] what is sent along; throws `Problem` */
export async function saveMade(path, name, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body ?? {}),
    signal: AbortSignal.timeout(MADE_MS_MAX),
  });
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})), 1);
  saveAs(await answer.blob(), name);
}

/** @param {Blob} content @param {string} name */
export function saveAs(content, name) {
  const address = URL.createObjectURL(content);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), SAVED_MS);
}
