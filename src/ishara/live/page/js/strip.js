/** Attention over time: a strip with a bar for each frame. */

import { make } from "./dom.js";
import { number, say } from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 46;
const MOST = 64;

/** @typedef {{time: number, weight: number}} Weight */

/**
 * @param {Weight[]} attention
 * @returns {Weight[]} At most so many, neighbours added up.
 */
function fewer(attention) {
  const step = Math.ceil(attention.length / MOST);
  /** @type {Weight[]} */
  const found = [];
  for (let start = 0; start < attention.length; start += step) {
    const part = attention.slice(start, start + step);
    found.push({ time: part[0].time, weight: part.reduce((sum, frame) => sum + frame.weight, 0) });
  }
  return found;
}

/**
 * @param {HTMLElement} place
 * @param {Weight[]} attention
 */
export function showStrip(place, attention) {
  place.replaceChildren();
  if (!attention.length) return;
  const frames = fewer(attention);
  const most = Math.max(...frames.map((frame) => frame.weight), 1e-9);
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 ${frames.length * 10} ${HEIGHT}`);
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("role", "img");
  const first = attention[0].time;
  const total = attention[attention.length - 1].time;
  const peak = frames.reduce((best, frame) => (frame.weight > best.weight ? frame : best)).time;
  const seconds = (/** @type {number} */ value) => say("seconds", { value: number(value, 1) });
  picture.setAttribute("aria-label", say("strip.label", { time: seconds(peak), total: seconds(total) }));
  frames.forEach((frame, place_) => {
    const tall = Math.max(2, (frame.weight / most) * (HEIGHT - 6));
    const bar = document.createElementNS(SVG, "rect");
    bar.setAttribute("x", String(place_ * 10 + 1));
    bar.setAttribute("width", "8");
    bar.setAttribute("y", String(HEIGHT - tall));
    bar.setAttribute("height", String(tall));
    bar.setAttribute("opacity", String(0.35 + 0.65 * (frame.weight / most)));
    picture.append(bar);
  });
  const ends = make("div", "ends");
  ends.setAttribute("aria-hidden", "true");
  ends.append(make("span", "", seconds(first)), make("span", "", seconds(total)));
  place.append(picture, ends);
}
