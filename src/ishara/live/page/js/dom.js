/** Finding and making elements. */

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T} The element, which must be there.
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`There is no element #${id}.`);
  return /** @type {T} */ (element);
}

/**
 * @param {string} tag
 * @param {string} [name] Its class.
 * @param {string} [text]
 * @returns {HTMLElement}
 */
export function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

/**
 * A button that is on or off.
 * @param {HTMLElement} button
 * @param {(on: boolean) => void} changed
 */
export function toggle(button, changed) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    changed(on);
  });
}
