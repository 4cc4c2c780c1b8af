// @ts-check
/** One websocket that finds its way back. */

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 4_000;
/** A browser that has seen many tries fail holds the next one back, Chromium for up to five seconds, and the other side takes
 * its time after an outage: who gives a try up sooner than that never gets through. */
const CONNECT_MS_MAX = 15_000;

/**
 * Follows an address for as long as the page is open: one websocket at a time, and one timer, which ends a try that leads
 * nowhere, a silence, or the pause before the next try. The pause grows while tries fail, with a little chance in it; it ends
 * at once when the browser is online again or somebody looks at the page.
 */
export class Socket {
  /**
   * @param {string} path of the address, with its query @param {(message: any) => void} onMessage
   * @param {number} [silenceMsMax] one that says nothing for longer is half-open: the other side is gone and nobody told us
   */
  constructor(path, onMessage, silenceMsMax = Infinity) {
    this.address = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
    this.onMessage = onMessage;
    this.silenceMsMax = silenceMsMax;
    this.pause = RETRY_MS_MIN;
    this.openedAt = Infinity;
    this.heardAt = Infinity;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
    this.connect();
  }

  /** Say something, if somebody is there. @param {string} text */
  send(text) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  connect() {
    const socket = new WebSocket(this.address);
    this.socket = socket;
    this.openedAt = this.heardAt = Infinity;
    this.after(CONNECT_MS_MAX, () => this.lose());
    socket.onopen = () => {
      this.openedAt = performance.now();
      this.heard();
    };
    socket.onmessage = (event) => {
      this.heard();
      this.onMessage(JSON.parse(event.data));
    };
    socket.onclose = () => this.lose();
  }

  heard() {
    this.heardAt = performance.now();
    if (this.silenceMsMax < Infinity) this.after(this.silenceMsMax, () => this.lose());
    else clearTimeout(this.timer);
  }

  /** Give the socket up, and try another after the pause. */
  lose() {
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
    // One that was closed as soon as it was open has reached nobody who can serve it.
    const stood = performance.now() - this.openedAt > RETRY_MS_MAX;
    if (stood) this.pause = RETRY_MS_MIN;
    this.after(this.pause * (0.5 + Math.random()), () => this.connect());
    this.pause = Math.min(RETRY_MS_MAX, this.pause * 2);
  }

  /** Try now, instead of after the pause; a page that slept may have missed its silence. */
  hurry() {
    if (performance.now() - this.heardAt > this.silenceMsMax) this.lose();
    this.pause = RETRY_MS_MIN;
    if (!this.socket) this.connect();
  }

  /** @param {number} ms @param {() => void} then */
  after(ms, then) {
    clearTimeout(this.timer);
    this.timer = setTimeout(then, ms);
  }
}
