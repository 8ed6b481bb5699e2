/** Glosses with their probabilities, as bars. */

import { make } from "./dom.js";
import { percent } from "./i18n.js";

/** @typedef {{gloss: string, probability: number}} Guess */

/**
 * Show guesses, most likely first; rows are kept, so that bars grow and shrink.
 * @param {HTMLElement} list
 * @param {Guess[]} guesses
 */
export function showBars(list, guesses) {
  while (list.children.length > guesses.length) list.lastElementChild?.remove();
  while (list.children.length < guesses.length) {
    const row = make("li");
    const track = make("span", "track");
    track.append(make("span", "fill"));
    row.append(make("span", "name"), make("span", "share"), track);
    list.append(row);
  }
  guesses.forEach((guess, place) => {
    const row = list.children[place];
    /** @type {HTMLElement} */ (row.children[0]).textContent = guess.gloss;
    /** @type {HTMLElement} */ (row.children[1]).textContent = percent(guess.probability);
    const fill = /** @type {HTMLElement} */ (row.querySelector(".fill"));
    fill.style.width = `${Math.round(100 * guess.probability)}%`;
  });
}
