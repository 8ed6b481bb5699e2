/** Light, dark, or as the system has it. */

import { recall, remember } from "./store.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
/** @type {string} */
let chosen = recall("theme") ?? "auto";

function apply() {
  const theme = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
  document.documentElement.dataset.theme = theme;
}

/** Put the theme on the page, and follow the switch and the system. */
export function startTheme() {
  dark.addEventListener("change", apply);
  for (const input of document.querySelectorAll('input[name="theme"]')) {
    const radio = /** @type {HTMLInputElement} */ (input);
    radio.checked = radio.value === chosen;
    radio.addEventListener("change", () => {
      chosen = radio.value;
      remember("theme", chosen);
      apply();
    });
  }
  apply();
}
