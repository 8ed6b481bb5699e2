/** The running transcript: what was recognised and when; copied, downloaded, cleared. */

import { byId, make } from "./dom.js";
import { clock, onLanguage, percent, say } from "./i18n.js";
import { announce, warn } from "./notice.js";
import { saveFile } from "./save.js";

// A page that is left open all day must not grow for ever.
const MOST = 500;

/** @typedef {{time: number | null, gloss: string, probability: number}} Entry A time of null is a clip's. */

/** @type {Entry[]} */
let entries = [];

/** @param {Entry} entry */
function when(entry) {
  return entry.time === null ? say("transcript.file") : clock(entry.time);
}

/** @param {Entry} entry */
function row(entry) {
  const item = make("li");
  const time = make("time", "", when(entry));
  item.append(time, make("span", "name", entry.gloss), make("span", "share", percent(entry.probability)));
  return item;
}

function ready() {
  const some = entries.length > 0;
  byId("transcript-none").hidden = some;
  byId("transcript-scroll").hidden = !some;
  for (const id of ["copy", "download", "clear"]) /** @type {HTMLButtonElement} */ (byId(id)).disabled = !some;
}

/** @param {Entry} entry */
export function addToTranscript(entry) {
  entries.push(entry);
  byId("transcript").append(row(entry));
  if (entries.length > MOST) {
    entries.shift();
    byId("transcript").firstElementChild?.remove();
  }
  ready();
  const scroll = byId("transcript-scroll");
  scroll.scrollTop = scroll.scrollHeight;
}

/** @returns {string} A line for each sign. */
function asText() {
  return entries.map((entry) => `${when(entry)}\t${entry.gloss}\t${percent(entry.probability)}\n`).join("");
}

/** Make the buttons work. */
export function startTranscript() {
  byId("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(asText());
      announce(say("copied"));
    } catch {
      warn("error.copy");
    }
  });
  byId("download").addEventListener("click", () => {
    saveFile(new Blob([asText()], { type: "text/plain;charset=utf-8" }), "txt");
  });
  byId("clear").addEventListener("click", () => {
    entries = [];
    byId("transcript").replaceChildren();
    ready();
  });
  onLanguage(() => byId("transcript").replaceChildren(...entries.map(row)));
}
