/** How fast the server answers, and what it could not look at. */

import { byId } from "./dom.js";
import { number, percent, say } from "./i18n.js";

// Milliseconds over which is counted, and between two changes of what is shown.
const WINDOW = 3000;
const EVERY = 500;
const MUCH = 0.1;

export class Speed {
  constructor() {
    /** @type {Map<number, number>} When each picture was sent. */
    this.sent = new Map();
    /** @type {{at: number, took: number}[]} */
    this.answers = [];
    /** @type {{at: number, sent: number, lost: number}[]} */
    this.counts = [];
    this.total = 0;
    this.lost = 0;
    this.shown = 0;
  }

  /** @param {number} seq */
  left(seq) {
    this.sent.set(seq, performance.now());
    this.total += 1;
    // What was dropped is never answered.
    if (this.sent.size > 200) this.sent.delete(this.sent.keys().next().value ?? 0);
  }

  /**
   * @param {number} seq
   * @param {number} lost Pictures that nobody looked at, by the server and here.
   */
  came(seq, lost) {
    const now = performance.now();
    const since = this.sent.get(seq);
    this.sent.delete(seq);
    if (since === undefined) return;
    this.lost = lost;
    this.answers.push({ at: now, took: now - since });
    this.counts.push({ at: now, sent: this.total, lost });
    while (this.answers[0] && this.answers[0].at < now - WINDOW) this.answers.shift();
    while (this.counts[1] && this.counts[0].at < now - WINDOW) this.counts.shift();
    if (now - this.shown > EVERY) {
      this.shown = now;
      this.render(now);
    }
  }

  /** @param {number} now */
  render(now) {
    const took = this.answers.map((answer) => answer.took).sort((a, b) => a - b);
    const span = Math.max(now - this.answers[0].at, 1) / 1000;
    const first = this.counts[0];
    const sent = this.total - first.sent;
    const share = sent > 0 ? Math.min(1, (this.lost - first.lost) / sent) : 0;
    const place = byId("speed");
    const values = { ms: number(took[Math.floor(took.length / 2)]), fps: number((took.length - 1) / span) };
    place.textContent =
      share >= MUCH ? say("speed.dropped", { ...values, share: percent(share) }) : say("speed", values);
    place.classList.toggle("slow", share >= MUCH);
    place.hidden = took.length < 2;
  }

  reset() {
    this.sent.clear();
    this.answers = [];
    this.counts = [];
    this.total = 0;
    this.lost = 0;
    byId("speed").hidden = true;
  }
}
