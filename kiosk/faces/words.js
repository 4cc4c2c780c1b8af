// @ts-check
/**
 * The words that a face shows, and the switch between the languages.
 *
 * The words themselves live in gettext catalogues, `checkin/words/locale/{de,en}/LC_MESSAGES/checkin.po`; the
 * centre and a station serve them as `catalogue.js` beside this file. To add one, add an entry to every catalogue
 * (`msgid "key"`, `msgstr "text with {parts}"`; plural forms by `msgid_plural`, chosen by `count`), restart the
 * service, and use it: `word("key", { parts })`, `data-word="key"` (text) or `data-word-label="key"` (aria-label).
 */

// @ts-ignore what checkin/words/module.py makes
import { CATALOGUE } from "./catalogue.js";

/** @typedef {string} Language the code of a catalogue, as "de" or "en" */
/** @typedef {{plural: (count: number) => number, words: Record<string, string | string[]>, problems: Record<string, string>}} Words */

/** @type {Record<Language, Words>} */
const WORDS = CATALOGUE;
const LANGUAGES = Object.keys(WORDS);

const KEPT_AS = "checkin-language";
/** For those whose language we do not have. */
const OTHERWISE = "en";

/** @returns {Language} */
function keptLanguage() {
  try {
    const kept = localStorage.getItem(KEPT_AS) ?? "";
    if (LANGUAGES.includes(kept)) return kept;
  } catch {
    // A browser that keeps nothing is asked each time.
  }
  return browserLanguage();
}

/** @returns {Language} the browser's own, as far as we have it; English for everybody else */
function browserLanguage() {
  const [first] = (navigator.languages?.[0] ?? navigator.language ?? "").toLowerCase().split("-");
  return LANGUAGES.includes(first) ? first : OTHERWISE;
}

/** @returns {Language} what the switch leads to */
function nextLanguage() {
  return LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length];
}

/** @type {Language} */
let language = keptLanguage();

let filledTitle = "";

/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Language} the language shown now */
export function shownLanguage() {
  return language;
}

/**
 * The word for a key in the language shown; `{parts}` are filled in. `count` chooses among plural forms.
 * @param {string} key
 * @param {Record<string, string | number>} [parts]
 * @returns {string}
 */
export function word(key, parts = {}) {
  return wordIn(language, key, parts);
}

/** @param {Language} one @param {string} key @param {Record<string, string | number>} [parts] @returns {string} */
function wordIn(one, key, parts = {}) {
  const { words, plural } = WORDS[one];
  const entry = words[key];
  if (!entry) throw new Error(`no word for ${key}`);
  const text = typeof entry === "string" ? entry : entry[Math.min(plural(Number(parts.count)), entry.length - 1)];
  return text.replace(/\{(\w+)\}/g, (_, part) => String(parts[part] ?? ""));
}

/**
 * What a refusal of the centre says, in the language shown; empty where there are no words for its code.
 * @param {string} code @param {string} [detail] the centre's own words, English, which may know more
 */
export function problemWord(code, detail = "") {
  return (WORDS[language].problems[code] ?? "").replace("{detail}", () => detail);
}

/**
 * A saying that the centre sent in every language.
 * @param {Record<Language, string> | null | undefined} saying
 */
export function said(saying) {
  return saying ? saying[language] : "";
}

/**
 * Put the words into every element below `root` that names one.
 * @param {ParentNode} [root]
 */
export function fillWords(root = document) {
  document.documentElement.lang = language;
  document.documentElement.dir = "ltr";
  fillTitle();
  for (const element of root.querySelectorAll(":not(title)[data-word]")) {
    element.textContent = word(/** @type {HTMLElement} */ (element).dataset.word ?? "");
  }
  for (const element of root.querySelectorAll("[data-word-label]")) {
    element.setAttribute("aria-label", word(/** @type {HTMLElement} */ (element).dataset.wordLabel ?? ""));
  }
  const next = nextLanguage();
  for (const button of root.querySelectorAll("[data-language]")) {
    button.textContent = wordIn(next, "language");
    button.setAttribute("aria-label", wordIn(next, "languageLabel"));
    button.setAttribute("lang", next);
  }
}

/** The title is filled in as well, until a face gives itself one of its own. */
function fillTitle() {
  const title = /** @type {HTMLElement | null} */ (document.querySelector("title[data-word]"));
  if (!title || title.textContent !== filledTitle) return;
  filledTitle = title.textContent = word(title.dataset.word ?? "");
}

/** @param {() => void} listener called when the language has changed @returns {() => void} stop listening */
export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Make the button with `data-language` switch, and fill in the words. */
export function startWords() {
  fillWords();
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      language = nextLanguage();
      try {
        localStorage.setItem(KEPT_AS, language);
      } catch {
        // A browser that keeps nothing still switches.
      }
      fillWords();
      for (const listener of listeners) listener();
      /** @type {HTMLElement} */ (button).focus(); // a listener may have moved it
    });
  }
}
