// @ts-check
/**
 * A scanner that types (keyboard wedge). It types as on a US keyboard whatever the host has, so each
 * key is read twice: as the host understood it, and as the US key at that place. The reading whose
 * check character fits is taken.
 */

export const GAP_MS_MAX = 50;
const PAUSE_MS = 100;
const BURST_CHARS_MIN = 6;
const CODE_CHARS_MAX = 4_296;
const ALPHABET = "0123456789ABCDEFGHJKMNPRSTVWX";

/** @type {Record<string, [string, string]>} key at its place → plain, with shift, on a US keyboard */
const US_KEYS = {
  Minus: ["-", "_"], Equal: ["=", "+"], BracketLeft: ["[", "{"], BracketRight: ["]", "}"], Backslash: ["\\", "|"],
  Semicolon: [";", ":"], Quote: ["'", '"'], Backquote: ["`", "~"], Comma: [",", "<"], Period: [".", ">"], Slash: ["/", "?"],
  Space: [" ", " "], IntlBackslash: ["\\", "|"],
};
const US_DIGITS = ")!@#$%^&*(";

/**
 * What a US keyboard would type for a key at its place.
 * @param {string} code @param {boolean} shift @returns {string}
 */
export function usText(code, shift) {
  if (/^Key[A-Z]$/.test(code)) return shift ? code[3] : code[3].toLowerCase();
  if (/^Digit\d$/.test(code)) return shift ? US_DIGITS[Number(code[5])] : code[5];
  if (/^Numpad\d$/.test(code)) return code[6];
  const key = US_KEYS[code];
  return key ? key[shift ? 1 : 0] : "";
}

/** @param {string} text @returns {boolean} whether it is a badge code whose check character fits */
export function isBadgeCode(text) {
  const code = text.trim().toUpperCase();
  if (code.length !== 24 || code[0] !== "1") return false;
  let sum = 0;
  for (let place = 0; place < 23; place += 1) {
    const value = ALPHABET.indexOf(code[place]);
    if (value < 0) return false;
    sum += (place + 1) * value;
  }
  return ALPHABET[sum % 29] === code[23];
}

/** @param {string} asHost @param {string} asUs @returns {string} the better reading of a burst */
export function betterReading(asHost, asUs) {
  if (isBadgeCode(asHost)) return asHost.trim();
  return isBadgeCode(asUs) || asHost.length !== asUs.length ? asUs.trim() : asHost.trim();
}

/** Listens on the window: gives every burst to `onCode`, and what was typed slowly to `onTyped`. */
export class WedgeScanner {
  /** @param {(code: string) => void} onCode @param {(text: string) => void} onTyped */
  constructor(onCode, onTyped) {
    this.onCode = onCode;
    this.onTyped = onTyped;
    this.asHost = "";
    this.asUs = "";
    this.lastAt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.pause = undefined;
    addEventListener("keydown", (event) => this.key(event), { capture: true });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.timeStamp - this.lastAt > GAP_MS_MAX) this.forget();
    this.lastAt = event.timeStamp;
    if (event.key === "Enter" || event.key === "Tab") {
      if (this.asUs.length >= BURST_CHARS_MIN) {
        event.preventDefault();
        event.stopPropagation();
        this.done();
      }
      this.forget();
      return;
    }
    const us = usText(event.code, event.shiftKey);
    const host = event.key.length === 1 ? event.key : "";
    if (!us && !host) return;
    if (this.asUs.length < CODE_CHARS_MAX) {
      this.asHost += host;
      this.asUs += us || host;
    }
    clearTimeout(this.pause);
    this.pause = setTimeout(() => {
      if (this.asUs.length >= BURST_CHARS_MIN) this.done();
      else if (!(event.target instanceof HTMLInputElement)) this.onTyped(this.asHost);
      this.forget();
    }, PAUSE_MS);
  }

  done() {
    clearTimeout(this.pause);
    const code = betterReading(this.asHost, this.asUs);
    this.forget();
    this.onCode(code);
  }

  forget() {
    clearTimeout(this.pause);
    this.asHost = "";
    this.asUs = "";
  }
}
