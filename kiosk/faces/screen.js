// @ts-check
/** A page that shows what a scanner beside it was answered: `kiosk scan` sends, this page follows. */

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 8_000;

/** Follow the scanner that the page's address names (`?screen=…`), if it names one. */
export class Screen {
  /** @param {string} api @param {string} door @param {(shown: {scan: any, answer: any}) => void} onShown */
  constructor(api, door, onShown) {
    const name = new URLSearchParams(location.search).get("screen") ?? "";
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.address = `${scheme}//${location.host}${api}/screens/${encodeURIComponent(name)}/doors/${encodeURIComponent(door)}`;
    this.onShown = onShown;
    this.pause = RETRY_MS_MIN;
    if (name) this.connect();
  }

  connect() {
    const socket = new WebSocket(this.address);
    socket.onopen = () => (this.pause = RETRY_MS_MIN);
    socket.onmessage = (event) => this.onShown(JSON.parse(event.data));
    socket.onclose = () => {
      setTimeout(() => this.connect(), this.pause * (0.5 + Math.random()));
      this.pause = Math.min(RETRY_MS_MAX, this.pause * 2);
    };
  }
}
