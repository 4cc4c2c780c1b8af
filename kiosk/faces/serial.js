// @ts-check
/**
 * A scanner on a serial line that the browser itself reads (Web Serial: Chromium and Edge on a computer). Once chosen
 * it is opened again with the page, and when it is plugged in again.
 */

import { onLanguage, word } from "/faces/words.js";

const BAUD = 9_600; // as most leave the factory; on USB any will do
const GAP_MS = 50;
const CODE_CHARS_MAX = 4_296;
const ENDS = new Set([0x0d, 0x0a, 0x09, 0x03, 0x04]); // CR, LF, Tab, ETX, EOT
const AIM_PREFIX = /^\][A-Za-z][0-9A-Za-z]/; // ISO/IEC 15424
const CONTROLS = /[\x00-\x1f\x7f]/g;
const KEPT_AS = "checkin-serial";

/** @typedef {{readable: ReadableStream<Uint8Array> | null, open: (how: {baudRate: number}) => Promise<void>, close: () => Promise<void>}} Port */
/** @typedef {EventTarget & {getPorts: () => Promise<Port[]>, requestPort: () => Promise<Port>}} Serial */

/** @returns {Serial | null} */
function serialOfBrowser() {
  return /** @type {any} */ (navigator).serial ?? null;
}

/** Cuts what comes in into codes: at CR, LF, Tab, or after a silence. */
class Framing {
  /** @param {(code: string) => void} onCode */
  constructor(onCode) {
    this.onCode = onCode;
    /** @type {number[]} */
    this.begun = [];
    this.isTooLong = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.silence = undefined;
  }

  /** @param {Uint8Array} bytes */
  take(bytes) {
    clearTimeout(this.silence);
    for (const byte of bytes) {
      if (ENDS.has(byte)) this.end();
      else if (this.begun.length < CODE_CHARS_MAX) this.begun.push(byte);
      else this.isTooLong = true;
    }
    this.silence = setTimeout(() => this.end(), GAP_MS);
  }

  end() {
    const bytes = new Uint8Array(this.begun);
    const code = this.isTooLong ? "" : textOf(bytes).replace(CONTROLS, "").trim().replace(AIM_PREFIX, "");
    this.begun = [];
    this.isTooLong = false;
    if (code) this.onCode(code);
  }
}

/** @param {Uint8Array} bytes */
function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/** @returns {boolean} whether a scanner was chosen here */
function wasChosen() {
  try {
    return localStorage.getItem(KEPT_AS) === "yes";
  } catch {
    return false;
  }
}

/** @param {boolean} chosen */
function keepChosen(chosen) {
  try {
    if (chosen) localStorage.setItem(KEPT_AS, "yes");
    else localStorage.removeItem(KEPT_AS);
  } catch {
    // A browser that keeps nothing asks again.
  }
}

/** The serial scanner of a face. `button` chooses it and lets it go; it is hidden where the browser has no Web Serial. */
export class SerialScanner {
  /** @param {{button: HTMLElement, onCode: (code: string) => void, told: (text: string) => void}} parts */
  constructor({ button, onCode, told }) {
    this.button = button;
    this.onCode = onCode;
    this.told = told;
    /** @type {Port | null} */
    this.port = null;
    /** @type {ReadableStreamDefaultReader<Uint8Array> | null} */
    this.reader = null;
    this.isWanted = wasChosen();
    const serial = serialOfBrowser();
    button.hidden = !serial;
    if (!serial) return;
    button.addEventListener("click", () => (this.port ? this.close() : this.choose(serial)));
    serial.addEventListener("connect", (event) => this.isWanted && !this.port && this.open(/** @type {any} */ (event.target)));
    onLanguage(() => this.show());
    this.show();
    if (this.isWanted) serial.getPorts().then((ports) => (ports.length && !this.port ? this.open(ports[0]) : null), () => {});
  }

  /** @param {Serial} serial */
  async choose(serial) {
    try {
      const port = await serial.requestPort();
      this.isWanted = true;
      keepChosen(true);
      await this.open(port);
    } catch (error) {
      // Nothing was chosen: nothing has changed.
      if (!(error instanceof DOMException && error.name === "NotFoundError")) this.told(word("serialTaken"));
    }
  }

  /** @param {Port} port */
  async open(port) {
    this.port = port;
    try {
      await port.open({ baudRate: BAUD });
    } catch {
      this.port = null;
      this.told(word("serialTaken"));
      this.show();
      return;
    }
    this.told(word("serialOn"));
    this.show();
    await this.readOn(port);
  }

  /** Read until the port is let go or unplugged. @param {Port} port */
  async readOn(port) {
    const framing = new Framing(this.onCode);
    let isLost = false;
    while (port.readable && this.isWanted && !isLost) {
      const reader = port.readable.getReader();
      this.reader = reader;
      try {
        for (;;) {
          const { value, done } = await reader.read();
          if (done) break;
          framing.take(value);
        }
        isLost = this.isWanted;
      } catch (error) {
        // A break or a framing error of the line: it goes on with a new stream.
        isLost = !(error instanceof DOMException) || error.name === "NetworkError";
      } finally {
        reader.releaseLock();
        this.reader = null;
      }
    }
    await port.close().catch(() => {});
    this.port = null;
    this.told(word(this.isWanted ? "serialLost" : "serialOff"));
    this.show();
  }

  close() {
    this.isWanted = false;
    keepChosen(false);
    this.reader?.cancel().catch(() => {});
  }

  show() {
    const isOn = this.port !== null;
    this.button.setAttribute("aria-pressed", String(isOn));
    this.button.classList.toggle("plain", !isOn);
  }
}
