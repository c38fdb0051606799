/* Dialogs over the results: they close by their button, by Escape and by a press beside them. */

import { h } from "../base/dom.js";
import { iconButton } from "../base/icons.js";
import { translate } from "../base/languages.js";

/**
 * @param {string} kind of its class
 * @param {HTMLElement} root that it belongs to
 */
export function makeDialog(kind, root) {
  const title = h("h2");
  const body = h("div.lab-sheet-body");
  /** @type {HTMLDialogElement} */
  const node = h(`dialog.lab-sheet.${kind}`, {}, h("header.lab-sheet-head", {}, title, iconButton("clear", "close", () => node.close())), body);
  node.addEventListener("click", (event) => { if (event.target === node) node.close(); });
  root.append(node);
  return { node, body,
    /** @param {string} words */
    open(words) {
      title.textContent = words;
      node.setAttribute("aria-label", words);
      translate(node);
      if (!node.open) node.showModal();
    } };
}
