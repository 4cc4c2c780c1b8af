// @ts-check
/**
 * Every word that a face shows, in German and English, and the switch between them.
 * Elements carry `data-word="key"` (text) or `data-word-label="key"` (aria-label).
 */

/** @typedef {"de" | "en"} Language */

/** @type {Record<string, {de: string, en: string}>} */
const WORDS = {
  language: { de: "English", en: "Deutsch" },
  languageLabel: { de: "Switch to English", en: "Auf Deutsch umschalten" },
  of: { de: "von", en: "of" },
  inside: { de: "im Raum", en: "inside" },
  insideHouse: { de: "im Haus", en: "in the house" },
  taken: { de: "belegt", en: "taken" },
  free: { de: "frei", en: "free" },
  freePlaces: { de: "freie Plätze", en: "places free" },
  noLimit: { de: "ohne Begrenzung", en: "no limit" },
  open: { de: "Plätze frei", en: "places free" },
  filling: { de: "füllt sich", en: "filling" },
  full: { de: "voll", en: "full" },
  closed: { de: "geschlossen", en: "closed" },
  linked: { de: "verbunden", en: "connected" },
  cut: { de: "keine Verbindung", en: "no connection" },
  staleAt: { de: "Stand {time}, keine Verbindung", en: "As of {time}, no connection" },
  connecting: { de: "Verbindung wird aufgebaut …", en: "Connecting …" },
  // Door
  present: { de: "Badge vor den Scanner halten", en: "Hold your badge to the scanner" },
  presentExit: { de: "Ausgang – bitte Badge scannen", en: "Exit – please scan your badge" },
  entry: { de: "Eingang", en: "Entry" },
  exit: { de: "Ausgang", en: "Exit" },
  direction: { de: "Richtung", en: "Direction" },
  typeCode: { de: "Code eintippen", en: "Type a code" },
  codeLabel: { de: "Badge-Code oder Nummer", en: "Badge code or number" },
  check: { de: "Prüfen", en: "Check" },
  cancel: { de: "Abbrechen", en: "Cancel" },
  checking: { de: "Prüfe …", en: "Checking …" },
  welcome: { de: "Willkommen", en: "Welcome" },
  again: { de: "Willkommen", en: "Welcome" },
  goodbye: { de: "Ausgang", en: "Exit" },
  stop: { de: "Stopp", en: "Stop" },
  fullHead: { de: "Voll", en: "Full" },
  already: { de: "Schon drin", en: "Already in" },
  unknown: { de: "Unbekannt", en: "Unknown" },
  look: { de: "Prüfen", en: "Check" },
  wrongDoor: { de: "Andere Tür", en: "Other door" },
  notNow: { de: "Noch nicht", en: "Not now" },
  noLink: { de: "Kein Netz", en: "No link" },
  notChecked: { de: "Nicht geprüft. Der Scan ist aufgehoben und wird gesendet, sobald die Verbindung steht.", en: "Not checked. The scan is kept and sent when the connection is back." },
  notKept: { de: "Nicht geprüft – bitte später noch einmal scannen.", en: "Not checked – please scan again later." },
  kept: { de: "{count} Scans warten auf Verbindung", en: "{count} scans wait for a connection" },
  busy: { de: "Moment", en: "Wait" },
  refusedHere: { de: "Dieses Gerät darf hier nicht scannen", en: "This device may not scan here" },
  override: { de: "Trotzdem einlassen", en: "Let in all the same" },
  overrideWhy: { de: "Warum?", en: "Why?" },
  wentOut: { de: "War draußen, nicht gescannt", en: "Went out unscanned" },
  knownToMe: { de: "Persönlich bekannt", en: "Known to me" },
  onDuty: { de: "Aufbau oder Dienst", en: "On duty" },
  askedDesk: { de: "Infoschalter hat zugestimmt", en: "Help desk agreed" },
  actions: { de: "Was tun?", en: "What to do?" },
  switchTo: { de: "Umbuchen: {title}", en: "Switch to: {title}" },
  takeNumber: { de: "Nummer ziehen", en: "Take a number" },
  numberHead: { de: "Nr. {number}", en: "No. {number}" },
  heldHead: { de: "Reserviert", en: "Reserved" },
  lineHead: { de: "Warten", en: "Wait" },
  deskHead: { de: "Infoschalter", en: "Help desk" },
  notBooked: { de: "Umbuchen?", en: "Switch?" },
  chooseHead: { de: "Wer ist es?", en: "Who is it?" },
  evacuationHead: { de: "Räumung", en: "Evacuation" },
  handedOut: { de: "Ausgegeben", en: "Handed out" },
  takenBack: { de: "Danke", en: "Thank you" },
  handOut: { de: "Ausgeben", en: "Hand out" },
  takeBack: { de: "Zurücknehmen", en: "Take back" },
  presentHandout: { de: "{item}: Badge vor den Scanner halten", en: "{item}: hold your badge to the scanner" },
  presentReturn: { de: "{item} zurück: Badge scannen", en: "{item} back: scan the badge" },
  choosePerson: { de: "Bitte Person wählen", en: "Please choose the person" },
  crewList: { de: "Crew ohne Badge", en: "Crew without badge" },
  crewNone: { de: "Niemand auf der Crew-Liste.", en: "Nobody is on the crew list." },
  filter: { de: "Namen eingrenzen", en: "Filter names" },
  insideNow: { de: "schon drin", en: "already in" },
  waitingCount: { de: "{count} warten", en: "{count} waiting" },
  soundOff: { de: "Ton ist aus – einmal tippen", en: "Sound is off – tap once" },
  doorUnknown: { de: "Diese Tür gibt es hier nicht.", en: "There is no such door." },
  // Displays
  now: { de: "Jetzt", en: "Now" },
  next: { de: "Danach", en: "Next" },
  nothingNow: { de: "Gerade kein Programm", en: "No session right now" },
  programme: { de: "Programm", en: "Programme" },
  fullOverflow: { de: "voll – Übertragung: {area}", en: "full – transmission: {area}" },
  until: { de: "bis {time}", en: "until {time}" },
  // Pages
  login: { de: "Anmelden", en: "Log in" },
  logout: { de: "Abmelden", en: "Log out" },
  name: { de: "Name", en: "Name" },
  password: { de: "Passwort", en: "Password" },
  loginFailed: { de: "Name oder Passwort ist falsch.", en: "Name or password is wrong." },
  loginWait: { de: "Zu viele Versuche. Bitte {seconds} Sekunden warten.", en: "Too many attempts. Please wait {seconds} seconds." },
  failed: { de: "Das hat nicht geklappt. Bitte noch einmal versuchen.", en: "That did not work. Please try again." },
  pairTitle: { de: "Gerät verbinden", en: "Pair this device" },
  pairIntro: { de: "Dieser Link verbindet genau diesen Browser mit dem Gerät. Er gilt einmal.", en: "This link pairs this browser with the device. It works once." },
  pairNow: { de: "Jetzt verbinden", en: "Pair now" },
  pairUsed: { de: "Der Link ist verbraucht oder abgelaufen. Bitte im Büro einen neuen zeigen lassen.", en: "The link was used or has expired. Please ask for a new one." },
  pairMissing: { de: "Hier fehlt der Code. Bitte den QR-Code noch einmal scannen.", en: "The code is missing. Please scan the QR code again." },
  events: { de: "Veranstaltungen", en: "Events" },
  noEvents: { de: "Noch keine Veranstaltung. Auf dem Server: checkin import layout SLUG DATEI.toml", en: "No event yet. On the server: checkin import layout SLUG FILE.toml" },
  devices: { de: "Geräte", en: "Devices" },
  board: { de: "Foyer-Anzeige", en: "Foyer board" },
  doors: { de: "Türen", en: "Doors" },
  rooms: { de: "Räume", en: "Rooms" },
  house: { de: "Haus", en: "House" },
  occupancy: { de: "Belegung", en: "Occupancy" },
  arrivals: { de: "Ankünfte je Minute", en: "Arrivals per minute" },
  arrivalsDesc: { de: "{total} Ankünfte seit {from}, höchstens {most} in einer Minute (um {at}).", en: "{total} arrivals since {from}, at most {most} in a minute (at {at})." },
  arrivalsNone: { de: "Noch ist niemand angekommen.", en: "Nobody has arrived yet." },
  arrivalsTable: { de: "Als Tabelle", en: "As a table" },
  time: { de: "Zeit", en: "Time" },
  count: { de: "Anzahl", en: "Count" },
  lastScans: { de: "Letzte Scans", en: "Last scans" },
  noScans: { de: "Noch keine Scans.", en: "No scans yet." },
  refusals: { de: "Abweisungen nach Grund", en: "Refusals by reason" },
  noRefusals: { de: "Bisher keine.", en: "None so far." },
  door: { de: "Tür", en: "Door" },
  person: { de: "Person", en: "Person" },
  answer: { de: "Antwort", en: "Answer" },
  scans: { de: "Scans", en: "Scans" },
  heard: { de: "gehört", en: "heard" },
  never: { de: "noch nie", en: "never" },
  justNow: { de: "gerade eben", en: "just now" },
  secondsAgo: { de: "vor {count} s", en: "{count} s ago" },
  minutesAgo: { de: "vor {count} min", en: "{count} min ago" },
  nobody: { de: "unbekannt", en: "unknown" },
  addDevice: { de: "Gerät anlegen", en: "Add a device" },
  deviceName: { de: "Bezeichnung", en: "Label" },
  role: { de: "Aufgabe", en: "Role" },
  roleDoor: { de: "Tür", en: "Door" },
  roleDisplay: { de: "Anzeige", en: "Display" },
  roleDesk: { de: "Infoschalter", en: "Desk" },
  add: { de: "Anlegen", en: "Add" },
  pair: { de: "QR zum Verbinden", en: "Pairing QR" },
  pairHelp: { de: "Mit dem Gerät scannen oder dort öffnen. Gilt einmal, bis {time}.", en: "Scan with the device, or open there. Works once, until {time}." },
  copy: { de: "Link kopieren", en: "Copy the link" },
  copied: { de: "Kopiert", en: "Copied" },
  revoke: { de: "Sperren", en: "Revoke" },
  revokeSure: { de: "„{name}“ wirklich sperren? Das Gerät wird sofort abgemeldet.", en: "Really revoke “{name}”? The device is logged out at once." },
  revokeYes: { de: "Ja, sperren", en: "Yes, revoke" },
  revoked: { de: "gesperrt", en: "revoked" },
  noDevices: { de: "Noch keine Geräte.", en: "No devices yet." },
  close: { de: "Schließen", en: "Close" },
  back: { de: "Zurück", en: "Back" },
};

const KEPT_AS = "checkin-language";

/** @returns {Language} */
function keptLanguage() {
  try {
    return localStorage.getItem(KEPT_AS) === "en" ? "en" : "de";
  } catch {
    return "de";
  }
}

/** @type {Language} */
let language = keptLanguage();

/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Language} the language shown now */
export function shownLanguage() {
  return language;
}

/**
 * The word for a key in the language shown; `{parts}` are filled in.
 * @param {string} key
 * @param {Record<string, string | number>} [parts]
 * @returns {string}
 */
export function word(key, parts = {}) {
  const entry = WORDS[key];
  if (!entry) throw new Error(`no word for ${key}`);
  return entry[language].replace(/\{(\w+)\}/g, (_, part) => String(parts[part] ?? ""));
}

/**
 * One of a pair that the centre sent.
 * @param {{de: string, en: string} | null | undefined} saying
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
  for (const element of root.querySelectorAll("[data-word]")) {
    element.textContent = word(/** @type {HTMLElement} */ (element).dataset.word ?? "");
  }
  for (const element of root.querySelectorAll("[data-word-label]")) {
    element.setAttribute("aria-label", word(/** @type {HTMLElement} */ (element).dataset.wordLabel ?? ""));
  }
}

/** @param {() => void} listener called when the language has changed */
export function onLanguage(listener) {
  listeners.add(listener);
}

/** Make the button with `data-language` switch, and fill in the words. */
export function startWords() {
  fillWords();
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      language = language === "de" ? "en" : "de";
      try {
        localStorage.setItem(KEPT_AS, language);
      } catch {
        // A browser that keeps nothing still switches.
      }
      fillWords();
      for (const listener of listeners) listener();
    });
  }
}
