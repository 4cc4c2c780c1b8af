// @ts-check
/** A file that the centre makes, handed to whoever asked for it. */

import { Problem, make } from "./centre.js";

const MADE_MS_MAX = 120_000;

/** @param {string} path @param {string} name @param {unknown} [body] what is sent along; throws `Problem` */
export async function saveMade(path, name, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body ?? {}),
    signal: AbortSignal.timeout(MADE_MS_MAX),
  });
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})), 1);
  const address = URL.createObjectURL(await answer.blob());
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), MADE_MS_MAX);
}
