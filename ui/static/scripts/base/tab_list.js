/* A list of tabs: one is chosen, the arrow keys move along. */

import { h } from "./dom.js";

/** @type {Record<string, number>} */
const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/**
 * The tab that a key leads to, -1 for none.
 * @param {string} key
 * @param {number} place where the keyboard is
 * @param {number} many
 */
const nextTab = (key, place, many) => {
  if (place < 0) return -1;
  if (key === "Home") return 0;
  if (key === "End") return many - 1;
  return key in KEYS ? (place + KEYS[key] + many) % many : -1;
};

/**
 * onselect(id) is called when the user chooses; `choose(id)` shows a choice without calling it.
 * @param {object} what
 * @param {string} what.kind of its class
 * @param {string} what.label key of its text
 * @param {{ id: string, key: string, panel?: string }[]} what.items key: of its text
 * @param {(id: string) => void} what.onselect
 */
export const tabList = ({ kind, label, items, onselect }) => {
  /** @type {HTMLElement[]} */
  const buttons = items.map(({ id, key, panel }) => h("button." + kind + "-tab", { type: "button", role: "tab", id: "lab-to-" + id, "data-tab": id, "data-t": key,
    "aria-controls": panel || null, onclick: () => select(id) }));
  const node = h("div." + kind, { role: "tablist", "data-t-label": label, onkeydown: (event) => {
    const place = buttons.findIndex((button) => button === document.activeElement);
    const next = nextTab(event.key, place, buttons.length);
    if (next < 0) return;
    event.preventDefault();
    buttons[next].focus();
    select(items[next].id);
  } }, buttons);
  /** @param {string} id */
  const choose = (id) => {
    for (const button of buttons) {
      const chosen = button.dataset.tab === id;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
  };
  /** @param {string} id */
  const select = (id) => { choose(id); onselect(id); };
  return { node, choose };
};
