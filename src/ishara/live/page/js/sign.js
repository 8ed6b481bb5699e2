/** A recognised sign on show: its gloss, how sure, and which moments counted. */

import { byId } from "./dom.js";
import { onLanguage, percent, say } from "./i18n.js";
import { showStrip } from "./strip.js";

// Milliseconds that the caption stays in the picture.
const CAPTION = 3000;

/**
 * @typedef {object} Sign
 * @property {string} gloss
 * @property {number} probability
 * @property {boolean | null} known
 * @property {import("./strip.js").Weight[]} attention
 */

/** @type {Sign | null} */
let last = null;
let timer = 0;

/** @param {{gloss: string, known: boolean | null}} sign */
export function nameOf(sign) {
  return sign.known === false ? say("unknown") : sign.gloss;
}

/** @param {Sign} sign */
export function showSign(sign) {
  last = sign;
  render();
  const caption = byId("caption");
  caption.textContent = nameOf(sign);
  caption.hidden = false;
  caption.classList.remove("fresh");
  // A new sign of the same name rises again.
  void caption.offsetWidth;
  caption.classList.add("fresh");
  clearTimeout(timer);
  timer = setTimeout(() => {
    caption.hidden = true;
  }, CAPTION);
}

function render() {
  if (!last) return;
  byId("last-none").hidden = true;
  byId("last-sign").hidden = false;
  byId("last-gloss").textContent = nameOf(last);
  byId("last-share").textContent = percent(last.probability);
  showStrip(byId("last-strip"), last.attention);
}

onLanguage(render);
