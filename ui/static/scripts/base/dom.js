/* One way to build DOM. Text that came from a person or a server reaches the page only through textContent. */

import { translateOne } from "./languages.js";

/** @typedef {import("../types.js").Child} Child */

const PROPERTIES = ["value", "checked", "disabled"]; // set as such: their attributes are only where they begin

/**
 * h("button.primary", {onclick, "data-t": "panel.erase"}, child, …).
 * @template {string} What
 * @param {What} what a tag and its classes
 * @param {import("../types.js").Attributes<import("../types.js").ElementOf<What>> | null} [attributes]
 *   null, undefined and false leave one out
 * @param {(Child | Child[])[]} children nodes or plain text
 * @returns {import("../types.js").ElementOf<What>}
 */
export const h = (what, attributes, ...children) => {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (PROPERTIES.includes(name)) Object.assign(node, { [name]: value });
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  translateOne(node);
  return /** @type {import("../types.js").ElementOf<What>} */ (node);
};

/**
 * As replaceChildren; the keyboard stays on what stands in the place of what it was on.
 * @param {Element} node
 * @param {(Node | string)[]} children
 */
export const redraw = (node, ...children) => {
  const active = document.activeElement;
  const held = active instanceof HTMLElement && node.contains(active) ? active : null;
  /** @param {HTMLElement} one */
  const alike = (one) => [...node.querySelectorAll(one.tagName)].filter((each) => each.className === one.className);
  const place = held ? alike(held).indexOf(held) : -1;
  node.replaceChildren(...children);
  if (!held) return;
  const next = held.isConnected ? held : alike(held)[place];
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
};
