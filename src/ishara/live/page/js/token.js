/** The token that a server on the network asks for: from the address after #, or typed. It lives as long as the tab. */

import { byId } from "./dom.js";
import { unwarn, warn } from "./notice.js";

const NAME = "ishara.token";
/** Where the browser keeps nothing. @type {string | null} */
let memory = null;

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  keep(given);
  // It should not stay where others can read it.
  history.replaceState(null, "", location.pathname);
}

/** @param {string} token */
function keep(token) {
  memory = token;
  try {
    sessionStorage.setItem(NAME, token);
  } catch {
    // A private window: it lasts as long as the page.
  }
}

/** @returns {string | null} */
export function token() {
  try {
    return memory ?? sessionStorage.getItem(NAME);
  } catch {
    return memory;
  }
}

/** @returns {Record<string, string>} For a request. */
export function authorization() {
  const known = token();
  return known ? { Authorization: `Bearer ${known}` } : {};
}

/**
 * Ask for a token until the server takes it.
 * @param {() => Promise<boolean>} admitted Whether the server takes the one that is known.
 */
export async function askForToken(admitted) {
  const form = /** @type {HTMLFormElement} */ (byId("token-form"));
  const input = /** @type {HTMLInputElement} */ (byId("token"));
  byId("workplace").hidden = true;
  form.hidden = false;
  if (token()) warn("token.wrong");
  input.focus();
  await /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        keep(input.value);
        if (await admitted()) resolve();
        else warn("token.wrong");
      });
    })
  );
  unwarn("token.wrong");
  form.hidden = true;
  byId("workplace").hidden = false;
}
