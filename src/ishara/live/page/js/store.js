/** What the browser remembers of a visitor's choices; nothing where it may not. */

/**
 * @param {string} name
 * @returns {string | null}
 */
export function recall(name) {
  try {
    return localStorage.getItem(`ishara.${name}`);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(`ishara.${name}`, value);
  } catch {
    // A private window: the choice lasts as long as the page.
  }
}
