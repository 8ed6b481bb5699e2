/** Teaching a sign: its gloss, three takes, and the signer's consent. */

import { byId } from "./dom.js";
import { onLanguage, say } from "./i18n.js";
import { announce } from "./notice.js";

const ENOUGH = 3;
const COUNT = 3;

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export class Teaching {
  /** @param {(message: object) => void} say Sends a message to the server. */
  constructor(say) {
    this.send = say;
    this.takes = 0;
    this.recording = false;
    this.counting = false;
    this.form = /** @type {HTMLFormElement} */ (byId("teaching"));
    this.gloss = /** @type {HTMLInputElement} */ (byId("teach-gloss"));
    this.consent = /** @type {HTMLInputElement} */ (byId("teach-consent"));
    byId("teach").addEventListener("click", () => (this.form.hidden ? this.open() : this.close()));
    byId("teach-cancel").addEventListener("click", () => this.close());
    byId("take").addEventListener("click", () => void this.take());
    this.form.addEventListener("input", () => this.render());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send({ type: "teach", gloss: this.gloss.value.trim(), consent: consentNote() });
    });
    onLanguage(() => this.render());
  }

  open() {
    this.form.hidden = false;
    byId("teach").setAttribute("aria-expanded", "true");
    this.gloss.focus();
    this.render();
  }

  /** Close, and forget the takes. */
  close() {
    if (this.form.hidden) return;
    this.send({ type: "take", action: "forget" });
    this.form.reset();
    const inside = this.form.contains(document.activeElement);
    this.form.hidden = true;
    this.takes = 0;
    this.recording = false;
    byId("teach").setAttribute("aria-expanded", "false");
    if (inside) byId("teach").focus();
    this.render();
  }

  async take() {
    if (this.recording) {
      this.send({ type: "take", action: "stop" });
      return;
    }
    if (this.counting) return;
    this.counting = true;
    byId("screen").scrollIntoView({ block: "nearest" });
    const shown = byId("countdown");
    shown.hidden = false;
    for (let left = COUNT; left > 0 && !this.form.hidden; left -= 1) {
      shown.textContent = String(left);
      await pause(700);
    }
    shown.hidden = true;
    this.counting = false;
    if (!this.form.hidden) this.send({ type: "take", action: "start" });
  }

  /** @param {any} message A take or a taught sign, as the server tells it. */
  told(message) {
    if (message.type === "take") {
      this.takes = message.takes;
      this.recording = message.recording;
      this.render();
      return;
    }
    this.takes = 0;
    this.close();
    announce(say("teach.done", { gloss: message.gloss }));
  }

  /** The connection broke: the server knows nothing of the takes any more. */
  lost() {
    this.takes = 0;
    this.recording = false;
    this.render();
  }

  render() {
    byId("screen").classList.toggle("recording", this.recording);
    byId("take").textContent = say(this.recording ? "teach.stop" : "teach.record");
    byId("takes-told").textContent = this.recording
      ? say("teach.recording")
      : say("teach.takes", { count: this.takes });
    [...byId("takes").children].forEach((mark, place) => {
      mark.className = place < this.takes ? "done" : place === this.takes && this.recording ? "recording" : "";
    });
    const ready = this.takes > 0 && !this.recording && this.gloss.value.trim() !== "" && this.consent.checked;
    /** @type {HTMLButtonElement} */ (byId("teach-go")).disabled = !ready;
    byId("teach-go").classList.toggle("primary", this.takes >= ENOUGH);
  }
}

/** @returns {string} The sentence that was agreed to, in the language in which it was read. */
function consentNote() {
  return `${say("teach.consent")} (${new Date().toISOString().slice(0, 10)})`;
}
