// @ts-check
/**
 * The camera as a scanner: shows the middle of its picture and gives each QR code in it once. The
 * browser reads where it can; else one picture after the other goes to the centre, which keeps nothing.
 */

import { make } from "/faces/centre.js";
import { fillWords, onLanguage, word } from "/faces/words.js";

const FRAME_PX = 640;
const FRAME_EVERY_MS = 120;
const FRAME_BYTES_AIM = 24_000;
const FRAME_BYTES_MAX = 48 * 1024;
const QUALITY_MIN = 0.3;
const QUALITY_MAX = 0.75;
const QUALITY_STEP = 0.05;
const ANSWER_MS_MAX = 3_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 8_000;
const LEFT_MS = 2_000;
const TOGETHER_MS = 600;
const CLOSE_TRY_LATER = 1013;
const KEPT_AS = "checkin-camera";

/** @typedef {"starting" | "looking" | "seen" | "many" | "cut" | "busy"} State */

/** @type {Record<State, string>} */
const WORD_OF = {
  starting: "cameraStarting", looking: "cameraLooking", seen: "cameraSeen", many: "cameraMany", cut: "cameraCut", busy: "cameraBusy",
};
/** @type {Record<string, string>} the name of a DOMException → what to do about it */
const WORD_OF_ERROR = {
  NotAllowedError: "cameraRefused", SecurityError: "cameraRefused", NotReadableError: "cameraTaken", AbortError: "cameraTaken",
};

/**
 * What was seen when. A code is a scan when two pictures in a row hold it alone, and is none again until
 * it has been out of the picture for two seconds. Two codes in a picture are no scan.
 */
export class Sightings {
  constructor() {
    /** @type {Map<string, number>} scanned code → when it was seen last */
    this.scanned = new Map();
    this.alone = { code: "", at: -Infinity };
    this.manyAt = -Infinity;
    this.seenAt = -Infinity;
  }

  /** @param {string[]} codes in one picture @param {number} at in ms @returns {string} what is to be scanned now, or "" */
  see(codes, at) {
    for (const [code, seenAt] of this.scanned) if (at - seenAt > LEFT_MS) this.scanned.delete(code);
    for (const code of codes) if (this.scanned.has(code)) this.scanned.set(code, at);
    if (codes.length) this.seenAt = at;
    if (codes.length > 1) {
      this.manyAt = at;
      this.alone = { code: "", at: -Infinity };
    }
    const code = codes[0];
    if (!code || this.scanned.has(code) || this.isMany(at)) return "";
    const isSure = code === this.alone.code && at - this.alone.at < TOGETHER_MS;
    this.alone = { code, at };
    if (!isSure) return "";
    this.scanned.set(code, at);
    return code;
  }

  /** @param {number} at */
  isMany(at) {
    return at - this.manyAt < TOGETHER_MS;
  }

  /** @param {number} at @returns {State} */
  state(at) {
    if (this.isMany(at)) return "many";
    return at - this.seenAt < TOGETHER_MS ? "seen" : "looking";
  }

  /** What is in the picture now may be scanned once more. */
  forget() {
    this.scanned.clear();
  }
}

/** Reads in the browser itself. */
class NearReader {
  /** @returns {Promise<NearReader | null>} null where the browser cannot */
  static async here() {
    const Detector = /** @type {any} */ (globalThis).BarcodeDetector;
    if (!Detector) return null;
    const formats = await Detector.getSupportedFormats().catch(() => []);
    return formats.includes("qr_code") ? new NearReader(new Detector({ formats: ["qr_code"] })) : null;
  }

  /** @param {{detect: (picture: HTMLCanvasElement) => Promise<{rawValue: string}[]>}} detector */
  constructor(detector) {
    this.detector = detector;
  }

  /** @param {HTMLCanvasElement} picture @returns {Promise<string[] | null>} */
  async read(picture) {
    const found = await this.detector.detect(picture);
    return [...new Set(found.map((one) => one.rawValue))];
  }
}

/** Has the centre read: one picture under way at a time. */
class FarReader {
  /** @param {string} api */
  constructor(api) {
    this.address = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${api}/camera`;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {(answer: string[] | null) => void} */
    this.answered = () => {};
    this.quality = QUALITY_MAX;
    this.pause = RETRY_MS_MIN;
    this.notBefore = 0;
    /** @type {State} why there was no answer */
    this.trouble = "cut";
  }

  /** @param {HTMLCanvasElement} picture @returns {Promise<string[] | null>} null: there was no answer */
  async read(picture) {
    const socket = await this.connected();
    if (!socket) return null;
    const jpeg = await this.jpegOf(picture);
    if (!jpeg) return [];
    if (socket !== this.socket) return null;
    /** @type {Promise<string[] | null>} */
    const answer = new Promise((resolve) => {
      this.answered = resolve;
    });
    socket.send(jpeg);
    const waiting = setTimeout(() => this.lose(), ANSWER_MS_MAX);
    const codes = await answer;
    clearTimeout(waiting);
    return codes;
  }

  /** @returns {Promise<WebSocket | null>} */
  connected() {
    if (this.socket) return Promise.resolve(this.socket);
    if (performance.now() < this.notBefore) return Promise.resolve(null);
    return new Promise((resolve) => {
      const socket = new WebSocket(this.address);
      this.socket = socket;
      this.answered = () => resolve(null);
      const waiting = setTimeout(() => this.lose(), ANSWER_MS_MAX);
      socket.onopen = () => {
        clearTimeout(waiting);
        resolve(socket);
      };
      socket.onmessage = (event) => {
        this.pause = RETRY_MS_MIN;
        this.answered(JSON.parse(event.data).codes);
      };
      socket.onclose = (event) => {
        clearTimeout(waiting);
        this.lose(event.code === CLOSE_TRY_LATER ? "busy" : "cut");
      };
    });
  }

  /** Give the socket up, and try another after a pause that grows. @param {State} [trouble] */
  lose(trouble = "cut") {
    this.close();
    this.trouble = trouble;
    this.notBefore = performance.now() + this.pause * (0.5 + Math.random());
    this.pause = Math.min(RETRY_MS_MAX, this.pause * 2);
    this.answered(null);
  }

  close() {
    if (!this.socket) return;
    this.socket.onclose = null;
    this.socket.onmessage = null;
    this.socket.close();
    this.socket = null;
    this.answered(null);
  }

  /** Its quality follows what the last ones weighed. @param {HTMLCanvasElement} picture @returns {Promise<Blob | null>} */
  async jpegOf(picture) {
    /** @type {Blob | null} */
    const jpeg = await new Promise((resolve) => picture.toBlob(resolve, "image/jpeg", this.quality));
    if (!jpeg) return null;
    const step = jpeg.size > FRAME_BYTES_AIM ? -QUALITY_STEP : QUALITY_STEP;
    this.quality = Math.min(QUALITY_MAX, Math.max(QUALITY_MIN, this.quality + (jpeg.size > FRAME_BYTES_MAX ? 3 * step : step)));
    return jpeg.size > FRAME_BYTES_MAX ? null : jpeg;
  }
}

/** @returns {{device: string, torch: boolean}} what was chosen here last */
function keptChoice() {
  try {
    return { device: "", torch: false, ...JSON.parse(localStorage.getItem(KEPT_AS) ?? "{}") };
  } catch {
    return { device: "", torch: false };
  }
}

/** @param {{device: string, torch: boolean}} choice */
function keepChoice(choice) {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(choice));
  } catch {
    // A browser that keeps nothing asks again.
  }
}

/**
 * The camera of a face. `button` opens and closes it, `view` (an empty, hidden element) shows it,
 * `onCode` gets each code once, `onToggle` is called when the view has come or gone.
 */
export class Camera {
  /** @param {{button: HTMLElement, view: HTMLElement, api: string, onCode: (code: string) => void, onToggle?: () => void}} parts */
  constructor({ button, view, api, onCode, onToggle = () => {} }) {
    this.button = button;
    this.view = view;
    this.api = api;
    this.onCode = onCode;
    this.onToggle = onToggle;
    this.sightings = new Sightings();
    this.choice = keptChoice();
    this.isWanted = false;
    /** Counts starts and stops, so that what was begun before the last of them ends by itself. */
    this.run = 0;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {State} */
    this.state = "starting";
    this.problem = "";

    this.video = /** @type {HTMLVideoElement} */ (make("video", { "aria-hidden": "true" }));
    this.video.muted = true;
    this.video.playsInline = true;
    this.canvas = document.createElement("canvas");
    this.canvas.width = FRAME_PX;
    this.canvas.height = FRAME_PX;
    this.shown = make("p", { class: "camera-word", "aria-hidden": "true" });
    this.picture = make("div", { class: "camera-picture" }, this.video, make("i", { class: "camera-frame" }), this.shown);
    this.told = make("p", { class: "unseen", role: "status" });
    this.message = make("p", { class: "message", role: "alert" });
    this.devices = /** @type {HTMLSelectElement} */ (make("select", { class: "button plain", "data-word-label": "cameraChoose", hidden: "" }));
    this.torch = make("button", { type: "button", class: "button plain", "data-word": "torch", hidden: "" });
    this.off = make("button", { type: "button", class: "button plain", "data-word": "cameraOff" });
    view.classList.add("camera");
    view.append(this.picture, this.told, this.message, make("div", { class: "camera-tools" }, this.devices, this.torch, this.off));
    fillWords(view);

    button.addEventListener("click", () => (this.isWanted ? this.close() : this.open()));
    this.off.addEventListener("click", () => {
      this.close();
      button.focus();
    });
    this.torch.addEventListener("click", () => this.chooseTorch(!this.choice.torch));
    this.devices.addEventListener("change", () => this.chooseDevice(this.devices.value));
    document.addEventListener("visibilitychange", () => {
      if (!this.isWanted) return;
      if (document.hidden) this.stop();
      else this.start();
    });
    onLanguage(() => this.show());
    this.show();
  }

  open() {
    this.isWanted = true;
    this.start();
    this.onToggle();
  }

  close() {
    this.isWanted = false;
    this.stop();
    this.show();
    this.onToggle();
  }

  /** What is in the picture now may be scanned once more: the direction has changed, say. */
  forget() {
    this.sightings.forget();
  }

  async start() {
    this.stop();
    const run = this.run;
    this.problem = "";
    this.setState("starting");
    if (!navigator.mediaDevices) {
      this.fail(isSecureContext ? "cameraNone" : "cameraInsecure");
      return;
    }
    try {
      const stream = await this.chosenStream();
      if (run !== this.run) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      this.stream = stream;
      const track = stream.getVideoTracks()[0];
      track.addEventListener("ended", () => run === this.run && this.fail("cameraTaken"));
      this.video.srcObject = stream;
      this.video.classList.toggle("mirrored", track.getSettings().facingMode === "user");
      await this.video.play();
      await this.offer(track);
    } catch (error) {
      if (run === this.run) this.fail(WORD_OF_ERROR[error instanceof DOMException ? error.name : ""] ?? "cameraNone");
      return;
    }
    await this.readOn(run);
  }

  stop() {
    this.run += 1;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  /** The camera chosen here last; the one that looks away from the screen, where it is gone or none was chosen. */
  async chosenStream() {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    const wanted = { video: { ...size, deviceId: { exact: this.choice.device } } };
    const other = { video: { ...size, facingMode: { ideal: "environment" } } };
    if (!this.choice.device) return navigator.mediaDevices.getUserMedia(other);
    return navigator.mediaDevices.getUserMedia(wanted).catch((error) => {
      if (error.name !== "OverconstrainedError") throw error;
      return navigator.mediaDevices.getUserMedia(other);
    });
  }

  /** Offer the other cameras and the torch, where there are. @param {MediaStreamTrack} track */
  async offer(track) {
    const { deviceId } = track.getSettings();
    const all = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput");
    this.devices.replaceChildren(
      ...all.map((one, place) => make("option", { value: one.deviceId }, one.label || word("cameraNumber", { number: place + 1 }))),
    );
    this.devices.value = deviceId ?? "";
    this.devices.hidden = all.length < 2;
    const canLight = Boolean(/** @type {any} */ (track.getCapabilities?.() ?? {}).torch);
    this.torch.hidden = !canLight;
    if (canLight) await this.light(track, this.choice.torch);
  }

  /** @param {string} device */
  chooseDevice(device) {
    this.choice.device = device;
    keepChoice(this.choice);
    this.start();
  }

  /** @param {boolean} on */
  async chooseTorch(on) {
    this.choice.torch = on;
    keepChoice(this.choice);
    const track = this.stream?.getVideoTracks()[0];
    if (track) await this.light(track, on);
  }

  /** @param {MediaStreamTrack} track @param {boolean} on */
  async light(track, on) {
    await track.applyConstraints({ advanced: [/** @type {any} */ ({ torch: on })] }).catch(() => {});
    this.torch.setAttribute("aria-pressed", String(on));
    this.torch.classList.toggle("plain", !on);
  }

  /** Look at one picture after the other. @param {number} run */
  async readOn(run) {
    const far = new FarReader(this.api);
    let near = await NearReader.here();
    while (run === this.run) {
      const begun = performance.now();
      if (this.grab()) {
        const codes = await (near ?? far).read(this.canvas).catch(() => null);
        if (run === this.run && codes) this.take(codes);
        else if (near) near = null; // some browsers promise to read, and then cannot
        else if (run === this.run) this.setState(far.trouble);
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + FRAME_EVERY_MS - performance.now())));
    }
    far.close();
  }

  /** The middle of the picture, onto the canvas. @returns {boolean} whether there is a picture */
  grab() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const side = Math.min(width, height);
    if (!side) return false;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    context?.drawImage(this.video, (width - side) / 2, (height - side) / 2, side, side, 0, 0, FRAME_PX, FRAME_PX);
    return true;
  }

  /** @param {string[]} codes */
  take(codes) {
    const at = performance.now();
    const code = this.sightings.see(codes, at);
    this.setState(this.sightings.state(at));
    if (code) this.onCode(code);
  }

  /** @param {string} problem the word for it */
  fail(problem) {
    this.stop();
    this.problem = problem;
    this.show();
  }

  /** @param {State} state */
  setState(state) {
    this.state = state;
    this.show();
  }

  show() {
    this.view.hidden = !this.isWanted;
    this.button.setAttribute("aria-pressed", String(this.isWanted));
    this.button.classList.toggle("plain", !this.isWanted);
    this.picture.hidden = this.problem !== "";
    this.picture.dataset.state = this.state;
    this.message.hidden = this.problem === "";
    this.message.textContent = this.problem ? word(this.problem) : "";
    this.devices.hidden ||= this.problem !== "";
    this.torch.hidden ||= this.problem !== "";
    const said = word(WORD_OF[this.state]);
    this.shown.textContent = said;
    const told = this.problem || ["starting", "looking"].includes(this.state) ? "" : said;
    if (this.told.textContent !== told) this.told.textContent = told;
  }
}
