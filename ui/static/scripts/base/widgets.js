/* Small things that several parts of the page are made of. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("../types.js").Child} Child */

/**
 * A sentence that may be long: cut after a few lines, whole at a click.
 * @param {string} words
 */
export const longSentence = (words) =>
  h("p.lab-long", { title: words, onclick: (event) => event.currentTarget.classList.toggle("is-open") }, words);

/**
 * A button that opens a small panel under itself; it closes by Escape and by a click elsewhere.
 * @param {import("./icons.js").Icon} image
 * @param {string} key of its text
 * @param {Child | Child[]} content
 */
export const popover = (image, key, content) => {
  const panel = h("div.lab-popover", { hidden: true }, content);
  /** @type {HTMLButtonElement} */
  const button = h("button.lab-tool.wide", { type: "button", "aria-expanded": "false", "data-t-title": key + ".hint",
    onclick: () => show(Boolean(panel.hidden)) }, icon(image), h("span", { "data-t": key }));
  /** @param {boolean} open */
  const show = (open) => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    panel.style.translate = "";
    const { left, right } = panel.getBoundingClientRect();
    if (open) panel.style.translate = Math.max(8 - left, Math.min(0, innerWidth - 8 - right)) + "px"; // wholly on the page
  };
  const holder = h("div.lab-pop", { onkeydown: (event) => { if (event.key === "Escape" && !panel.hidden) { show(false); button.focus(); } } }, button, panel);
  document.addEventListener("pointerdown", (event) => { if (!holder.contains(/** @type {Node} */ (event.target))) show(false); });
  return Object.assign(holder, { close: () => show(false) });
};

/**
 * Give the browser a file of our own making to keep.
 * @param {string} name
 * @param {string} type of its content
 * @param {string} content
 */
export const keepFile = (name, type, content) => {
  const address = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
};

/**
 * @param {string} words go to the clipboard
 * @param {string} done is said then
 */
export const copyWords = async (words, done) => {
  try {
    await navigator.clipboard.writeText(words);
    notice(done);
  } catch {
    notice(words); // no clipboard without https: show it, to be copied by hand
  }
};

/**
 * A sentence for a while at the page's edge.
 * @param {string} sentence
 * @param {"info" | "error"} kind
 * @param {{ words: string, act: () => void } | null} action that it offers
 */
export const notice = (sentence, kind = "info", action = null) => {
  let shelf = document.querySelector(".lab-notices");
  if (!shelf) {
    shelf = h("div.lab-notices", { role: "status", "aria-live": "polite" });
    document.body.append(shelf);
  }
  /** @type {HTMLElement} */
  const note = h("div.lab-notice." + kind, {}, h("span", {}, sentence),
    action && h("button.lab-notice-act", { type: "button", onclick: () => { note.remove(); action.act(); } }, action.words),
    h("button", { type: "button", "data-t-label": "close", onclick: () => note.remove() }, icon("clear")));
  shelf.append(note);
  while (shelf.children.length > 3) shelf.firstChild?.remove();
  setTimeout(() => note.remove(), kind === "error" || action ? 12000 : 5000);
};

/** How something comes into view for people who mind movement, and for the others. */
export const scrolling = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
