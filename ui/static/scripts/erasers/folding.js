/* On a narrow screen, and everywhere until there is a photo, the list is one line: which erasers are chosen, and a press
   to change that. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";

/**
 * @param {HTMLElement} list that is folded
 * @param {() => import("../types.js").Eraser[]} chosen
 */
export function makeFolding(list, chosen) {
  let open = false;
  const names = h("span.lab-fold-names");
  const button = h("button.lab-fold", { type: "button", "data-testid": "fold", "aria-expanded": "false", "aria-controls": list.id, onclick: () => turn(!open) },
    names, h("span.lab-fold-change", { "data-t": "panel.change" }), icon("right"));

  /** @param {boolean} wanted */
  function turn(wanted) {
    open = wanted;
    list.classList.toggle("is-unfolded", open);
    button.setAttribute("aria-expanded", String(open));
  }

  return { button, unfold: () => turn(true),
    show() {
      const erasers = chosen();
      names.textContent = erasers.length ? t("panel.chosen", { count: erasers.length, names: erasers.map((one) => one.name).join(", ") }) : t("panel.none");
    } };
}
