/** The page's words, in English and Bengali. */

import { recall, remember } from "./store.js";

/** @typedef {"en" | "bn"} Language */

/** @type {Record<Language, string>} */
const LOCALES = { en: "en-GB", bn: "bn-BD" };
/** @type {Record<string, string>} */
let messages = {};
/** @type {Language} */
let language = "en";
/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Language} What was chosen before, else what the browser speaks. */
export function preferredLanguage() {
  const chosen = recall("language") ?? navigator.language.slice(0, 2);
  return chosen === "bn" ? "bn" : "en";
}

/**
 * Load a language and put its words on the page.
 * @param {Language} wanted
 */
export async function speak(wanted) {
  const response = await fetch(`/page/messages/${wanted}.json`);
  messages = await response.json();
  language = wanted;
  remember("language", wanted);
  document.documentElement.lang = wanted;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-i18n]")) {
    element.textContent = say(/** @type {HTMLElement} */ (element).dataset.i18n ?? "");
  }
  for (const element of document.querySelectorAll("[data-i18n-label]")) {
    element.setAttribute("aria-label", say(/** @type {HTMLElement} */ (element).dataset.i18nLabel ?? ""));
  }
  for (const element of document.querySelectorAll("[data-i18n-title]")) {
    element.setAttribute("title", say(/** @type {HTMLElement} */ (element).dataset.i18nTitle ?? ""));
  }
  for (const listener of listeners) listener();
}

/**
 * @param {() => void} listener Called after every change of the language, to renew what is on show.
 */
export function onLanguage(listener) {
  listeners.add(listener);
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values] For what stands in braces.
 * @returns {string}
 */
export function say(key, values = {}) {
  const text = messages[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

/**
 * @param {number} value
 * @param {number} [digits] After the point.
 * @returns {string} In the language's own digits.
 */
export function number(value, digits = 0) {
  return new Intl.NumberFormat(LOCALES[language], {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/**
 * @param {number} share 0 to 1.
 * @returns {string}
 */
export function percent(share) {
  return new Intl.NumberFormat(LOCALES[language], { style: "percent", maximumFractionDigits: 0 }).format(share);
}

/**
 * @param {number} total
 * @returns {string} Minutes and seconds.
 */
export function clock(total) {
  const whole = Math.max(0, Math.floor(total));
  const two = new Intl.NumberFormat(LOCALES[language], { minimumIntegerDigits: 2 });
  return `${two.format(Math.floor(whole / 60))}:${two.format(whole % 60)}`;
}
