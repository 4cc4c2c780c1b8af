// @ts-check
/** A page that shows what a scanner beside it was answered: `kiosk scan` sends, this page follows. */

import { Socket } from "./socket.js";

/**
 * Follow the scanner that the page's address names (`?screen=…`), if it names one.
 * @param {string} api @param {string} door @param {(shown: {scan: any, answer: any}) => void} onShown
 */
export function followScreen(api, door, onShown) {
  const name = new URLSearchParams(location.search).get("screen") ?? "";
  if (name) new Socket(`${api}/screens/${encodeURIComponent(name)}/doors/${encodeURIComponent(door)}`, onShown);
}
