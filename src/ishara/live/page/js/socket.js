/** The WebSocket to the server: says hello, connects again when it breaks, and holds back when it is clogged. */

import { VERSION, pictureMessage } from "./protocol.js";
import { token } from "./token.js";

// Bytes that may wait in the browser before further pictures are skipped.
const CLOGGED = 400_000;
const PING_EVERY = 20_000;
const LAST_WORDS = new Set(["token", "schema", "camera", "model", "timeout"]);

/**
 * @typedef {object} Told
 * @property {(message: any) => void} message Every message of the server's.
 * @property {(state: "connecting" | "live" | "waiting", reasoned?: boolean) => void} state `reasoned`: the server said
 *   why the page has to wait.
 * @property {(code: string, detail: string) => void} ended It will not connect again by itself.
 */

export class Connection {
  /**
   * @param {() => object} hello What is said first, beside type, version and token.
   * @param {Told} told
   */
  constructor(hello, told) {
    this.hello = hello;
    this.told = told;
    this.skipped = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.welcomed = false;
    this.wanted = false;
    this.closing = false;
    this.delay = 500;
    this.timer = 0;
    setInterval(() => this.say({ type: "ping" }), PING_EVERY);
  }

  /** Connect, and stay connected. */
  open() {
    this.wanted = true;
    // One that is closing connects again once it is closed: two at a time would take two of the server's places.
    if (this.socket) return;
    this.told.state("connecting");
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
    const socket = new WebSocket(address);
    this.socket = socket;
    /** @type {{code: string, message: string} | null} */
    let last = null;
    socket.addEventListener("open", () => {
      const known = token();
      socket.send(
        JSON.stringify({ type: "hello", version: VERSION, ...(known ? { token: known } : {}), ...this.hello() }),
      );
    });
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "welcome") {
        this.welcomed = true;
        this.delay = 500;
        this.told.state("live");
      }
      if (message.type === "error" && message.fatal) last = message;
      this.told.message(message);
    });
    socket.addEventListener("close", () => {
      const asked = this.closing;
      this.socket = null;
      this.welcomed = false;
      this.closing = false;
      if (last && LAST_WORDS.has(last.code)) {
        this.wanted = false;
        this.told.ended(last.code, last.message);
      } else if (this.wanted && asked) {
        this.open();
      } else if (this.wanted) {
        this.told.state("waiting", last !== null);
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.wanted && this.open(), this.delay);
        this.delay = Math.min(this.delay * 2, 8000);
      }
    });
  }

  /** Close, and stay closed. */
  close() {
    this.wanted = false;
    clearTimeout(this.timer);
    if (!this.socket) return;
    this.closing = true;
    this.welcomed = false;
    this.socket.close(1000);
  }

  /** @param {object} message */
  say(message) {
    if (this.welcomed) this.socket?.send(JSON.stringify(message));
  }

  /** @returns {boolean} Whether a picture may be sent now. */
  get ready() {
    if (!this.welcomed || !this.socket) return false;
    if (this.socket.bufferedAmount < CLOGGED) return true;
    this.skipped += 1;
    return false;
  }

  /**
   * @param {number} seq
   * @param {number} time
   * @param {ArrayBuffer} jpeg
   */
  show(seq, time, jpeg) {
    if (this.welcomed) this.socket?.send(pictureMessage(seq, time, jpeg));
  }
}
