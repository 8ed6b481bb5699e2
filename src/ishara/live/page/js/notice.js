/** One message above all, for what went wrong; and what only screen readers are told. */

import { byId } from "./dom.js";
import { onLanguage, say } from "./i18n.js";

/** @type {string | null} */
let shown = null;

/**
 * @param {string} key Of the messages.
 * @param {string} [detail] What the server says, in English.
 */
export function warn(key, detail = "") {
  shown = key;
  byId("notice-text").textContent = say(key);
  byId("notice-detail").textContent = detail;
  byId("notice-detail").hidden = detail === "";
  byId("notice").hidden = false;
}

/** @param {string} [key] Take the message away, if it is this one. */
export function unwarn(key) {
  if (key !== undefined && shown !== key) return;
  shown = null;
  byId("notice").hidden = true;
}

/** @param {string} text Read out when whatever is being read has ended. */
export function announce(text) {
  byId("announce").textContent = text;
}

byId("notice-close").addEventListener("click", () => {
  unwarn();
  // The button is gone; who came by keyboard goes on from here.
  byId("main").focus();
});
onLanguage(() => {
  if (shown) byId("notice-text").textContent = say(shown);
});
