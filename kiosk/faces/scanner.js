// @ts-check
/**
 * A scanner that types (keyboard wedge). Most type as on a US keyboard whatever the host has, some as
 * on the host's. So each key is read twice: as the host understood it, and as the US key at its place.
 * What fits better is taken; where both may be meant, the other is handed along.
 */

export const GAP_MS_MAX = 50;
const PAUSE_MS = 100;
const BURST_CHARS_MIN = 6;
const CODE_CHARS_MAX = 4_296;
const PREFIX_CHARS_MAX = 4;
const BADGE_CHARS = 24;
const ALPHABET = "0123456789ABCDEFGHJKMNPRSTVWX";
const KEPT_AS = "checkin-scanner";

/** @type {Record<string, [string, string]>} key at its place → plain, with shift, on a US keyboard */
const US_KEYS = {
  Minus: ["-", "_"], Equal: ["=", "+"], BracketLeft: ["[", "{"], BracketRight: ["]", "}"], Backslash: ["\\", "|"],
  Semicolon: [";", ":"], Quote: ["'", '"'], Backquote: ["`", "~"], Comma: [",", "<"], Period: [".", ">"], Slash: ["/", "?"],
  Space: [" ", " "], NumpadAdd: ["+", "+"], NumpadSubtract: ["-", "-"], NumpadMultiply: ["*", "*"],
  NumpadDivide: ["/", "/"], NumpadDecimal: [".", "."],
};
const US_DIGITS = ")!@#$%^&*(";

const AIM_PREFIX = /^\][A-Za-z][0-9A-Za-z]/; // ISO/IEC 15424
const KNOWN_START = /^(https?:\/\/|wifi:|begin:|mailto:|tel:|geo:)/i;
const NOT_ASCII = /[^ -~]/;
const UNLIKELY = /** @type {[RegExp, number][]} */ ([[/[a-z0-9]/i, 0], [/[-_./:]/, 1], [/[?=&%#+~@ ]/, 2]]);
const UNLIKELY_MOST = 4;
const ALIKE = 6;
const TORN_MS_MAX = 400;

/** @typedef {"us" | "host"} Keyboard */
const KEYBOARDS = /** @type {Keyboard[]} */ (["us", "host"]);

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
  const code = text.toUpperCase();
  if (code.length !== BADGE_CHARS || code[0] !== "1") return false;
  let sum = 0;
  for (let place = 0; place < BADGE_CHARS - 1; place += 1) {
    const value = ALPHABET.indexOf(code[place]);
    if (value < 0) return false;
    sum += (place + 1) * value;
  }
  return ALPHABET[sum % ALPHABET.length] === code[BADGE_CHARS - 1];
}

/** @param {string} text @returns {boolean} whether it may be the first part of a badge code */
function isBeginning(text) {
  const code = text.toUpperCase();
  return code[0] === "1" && code.length >= BURST_CHARS_MIN && code.length < BADGE_CHARS && [...code].every((char) => ALPHABET.includes(char));
}

/** One reading of a burst, without what the scanner put before it. */
class Reading {
  /** @param {string} typed @param {number} faults keys that cannot be read so */
  constructor(typed, faults) {
    const text = typed.trim();
    const badge = text.slice(-BADGE_CHARS);
    const isBadge = text.length <= BADGE_CHARS + PREFIX_CHARS_MAX && isBadgeCode(badge);
    this.code = isBadge ? badge : text.replace(AIM_PREFIX, "");
    const isKnown = isBadge || AIM_PREFIX.test(text) || KNOWN_START.test(text);
    const isOdd = faults > 0 || NOT_ASCII.test(text);
    this.rank = (isKnown ? 2 : 0) + (isOdd ? 0 : 1);
    this.unlikely = 0;
    for (const char of this.code) this.unlikely += UNLIKELY.find(([chars]) => chars.test(char))?.[1] ?? UNLIKELY_MOST;
  }
}

/** The keys of one burst, read both ways. */
class Burst {
  constructor() {
    this.asHost = "";
    this.asUs = "";
    this.hostFaults = 0;
    this.usFaults = 0;
    this.keys = 0;
    this.isDead = false;
    this.altDigits = "";
    /** As it appears where somebody types by hand. */
    this.typed = "";
  }

  /** @param {KeyboardEvent} event @param {boolean} isAltGraph @returns {boolean} whether it types something */
  add(event, isAltGraph) {
    const us = usText(event.code, event.shiftKey);
    const isDead = event.key === "Dead";
    let host = event.key.length === 1 ? event.key : "";
    if (!us && !host && !isDead) return false;
    this.typed += host;
    // Caps lock turns the host's letters over, and no scanner's.
    if (event.getModifierState("CapsLock")) host = host === host.toLowerCase() ? host.toUpperCase() : host.toLowerCase();
    // A dead key is meant where space follows it: that is how such a character is typed.
    if (this.isDead && event.code !== "Space") this.hostFaults += 1;
    if (!host && !isDead) this.hostFaults += 1;
    if (!us || isAltGraph) this.usFaults += 1;
    this.isDead = isDead;
    this.type(host, us);
    return true;
  }

  /** @param {string} host @param {string} us */
  type(host, us) {
    this.keys += 1;
    if (this.keys > CODE_CHARS_MAX) return;
    this.asHost += host;
    this.asUs += us;
  }

  /** @returns {Record<Keyboard, Reading>} */
  readings() {
    return { us: new Reading(this.asUs, this.usFaults), host: new Reading(this.asHost, this.hostFaults + (this.isDead ? 1 : 0)) };
  }
}

/** @returns {Keyboard | null} */
function keptKeyboard() {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    return kept === "us" || kept === "host" ? kept : null;
  } catch {
    return null;
  }
}

/**
 * Listens on the window: gives every burst to `onCode`, and what was typed slowly to `onTyped`. `onCode`
 * also gets the other reading where that may be meant as well, else "": try it if the first is nobody's,
 * and `learn` which was right.
 */
export class WedgeScanner {
  /** @param {(code: string, other: string) => void} onCode @param {(text: string) => void} onTyped */
  constructor(onCode, onTyped) {
    this.onCode = onCode;
    this.onTyped = onTyped;
    this.burst = new Burst();
    this.lastAt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.pause = undefined;
    this.keyboard = keptKeyboard();
    /** @type {Record<Keyboard, Reading> | null} */
    this.last = null;
    /** @type {Record<Keyboard, Reading>[]} the parts of a burst before its gaps */
    this.torn = [];
    addEventListener("keydown", (event) => this.key(event), { capture: true });
    addEventListener("keyup", (event) => this.keyUp(event), { capture: true });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const isAltGraph = event.getModifierState("AltGraph") || (event.ctrlKey && event.altKey && event.key.length === 1);
    const isCommand = (event.ctrlKey || event.altKey || event.metaKey) && !isAltGraph;
    const gap = event.timeStamp - this.lastAt;
    if (gap > GAP_MS_MAX) {
      this.torn = gap < TORN_MS_MAX && this.burst.keys && this.torn.length < BADGE_CHARS ? [...this.torn, this.burst.readings()] : [];
      this.forget();
    }
    this.lastAt = event.timeStamp;
    const isLineEnd = event.ctrlKey && isCommand && ["KeyJ", "KeyM"].includes(event.code);
    if (event.key === "Enter" || event.key === "Tab" || isLineEnd) {
      if (this.isCode()) {
        event.preventDefault();
        event.stopPropagation();
        this.done();
      }
      this.forget();
      return;
    }
    if (event.altKey && isCommand && /^Numpad\d$/.test(event.code)) this.burst.altDigits += event.code[6];
    if (isCommand) return;
    // A space inside a burst presses no button.
    if (event.code === "Space" && this.burst.keys && !isTextField(event.target)) event.preventDefault();
    if (this.burst.add(event, isAltGraph)) this.wait(event.target);
  }

  /** Alt and a number on the numpad type the character of that number, under any layout. @param {KeyboardEvent} event */
  keyUp(event) {
    if (event.key !== "Alt" || !this.burst.altDigits) return;
    const char = String.fromCharCode(Number(this.burst.altDigits.slice(-3)));
    this.burst.altDigits = "";
    this.burst.type(char, char);
    this.wait(event.target);
  }

  /** @param {EventTarget | null} target */
  wait(target) {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => {
      const { typed } = this.burst;
      if (this.isCode()) this.done();
      else if (typed && !isTextField(target)) this.onTyped(typed);
      this.forget();
    }, this.isBeginning() ? TORN_MS_MAX : PAUSE_MS);
  }

  /** Whether what was typed is a scan: fast enough, or the last part of a badge's code. */
  isCode() {
    return this.burst.keys >= BURST_CHARS_MIN || (this.torn.length > 0 && KEYBOARDS.some((keyboard) => isBadgeCode(this.whole(keyboard, this.burst.readings()))));
  }

  /** Whether a badge's code may go on after what was typed. */
  isBeginning() {
    if (this.burst.keys > BADGE_CHARS + PREFIX_CHARS_MAX) return false;
    const readings = this.burst.readings();
    return KEYBOARDS.some((keyboard) => isBeginning(this.whole(keyboard, readings)));
  }

  /** A burst with its parts before the gaps. @param {Keyboard} keyboard @param {Record<Keyboard, Reading>} readings */
  whole(keyboard, readings) {
    return [...this.torn, readings].map((part) => part[keyboard].code).join("");
  }

  done() {
    const { us, host } = this.mended((this.last = this.burst.readings()));
    this.forget();
    const isClear = us.rank !== host.rank;
    const likelier = isClear ? us.rank > host.rank : us.unlikely <= host.unlikely;
    const isUs = isClear || !this.keyboard ? likelier : this.keyboard === "us";
    const [taken, other] = isUs ? [us, host] : [host, us];
    if (isClear) this.learn(taken.code);
    const mayBeOther = !isClear && other.code !== taken.code && other.unlikely <= taken.unlikely + ALIKE;
    this.onCode(taken.code, mayBeOther ? other.code : "");
  }

  /** A radio that stutters tears a badge's code to pieces: where they make one, that was meant. @param {Record<Keyboard, Reading>} readings */
  mended(readings) {
    for (const keyboard of this.torn.length ? KEYBOARDS : []) {
      const whole = this.whole(keyboard, readings);
      if (isBadgeCode(whole)) readings[keyboard] = new Reading(whole, 0);
    }
    this.torn = [];
    return readings;
  }

  /** Remember, for what can be read in two ways, how the last burst was meant. @param {string} code the right reading */
  learn(code) {
    const { us, host } = this.last ?? {};
    if (!us || !host || us.code === host.code || ![us.code, host.code].includes(code)) return;
    this.keyboard = code === us.code ? "us" : "host";
    try {
      localStorage.setItem(KEPT_AS, this.keyboard);
    } catch {
      // A browser that keeps nothing learns it anew.
    }
  }

  forget() {
    clearTimeout(this.pause);
    this.burst = new Burst();
  }
}

/** @param {EventTarget | null} target */
function isTextField(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}
