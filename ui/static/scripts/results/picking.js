/* Choosing two results to be held against each other: the first press takes A, the second B. */

import { h } from "../base/dom.js";
import { t } from "../base/languages.js";
import { notice } from "../base/widgets.js";
import { ORIGINAL } from "./pair.js";

/** @typedef {ReturnType<typeof makePicking>} Picking */

/** @param {(a: number, b: number) => void} open */
export function makePicking(open) {
  /** @type {number | null} */
  let first = null;
  /** @type {Map<number, HTMLElement>} */
  const buttons = new Map(); // by the card's index

  function show() {
    for (const [index, button] of buttons) {
      const taken = index === first;
      button.setAttribute("aria-pressed", String(taken));
      button.textContent = taken ? "A" : first === null ? "A|B" : "B";
      button.closest(".lab-result")?.classList.toggle("is-picked", taken);
    }
  }

  const picking = {
    /** The first of the two; null while none is chosen. */
    get first() { return first; },
    /** @param {number} index of a card; the same twice: it and the original */
    pick(index, name = "") {
      const other = first;
      first = other === null ? index : null;
      show();
      if (other === null) notice(t("pair.picked", { name }));
      else open(other === index ? ORIGINAL : other, index);
    },
    clear() { first = null; show(); },
    /**
     * A tile's button; pointers on the picture under it do not see what it sees.
     * @param {number} index
     * @param {string} name
     */
    button(index, name) {
      const node = h("button.lab-pick", { type: "button", "data-testid": "pick", "aria-pressed": "false", "aria-label": t("pair.pick", { eraser: name }), title: t("pair.pick", { eraser: name }),
        onclick: () => picking.pick(index, name) });
      for (const kind of ["pointerdown", "pointerup", "click"]) node.addEventListener(kind, (event) => event.stopPropagation());
      buttons.set(index, node);
      show();
      return node;
    },
    forget() { buttons.clear(); first = null; },
  };
  return picking;
}
