/* The levels of the active object: SAM's three readings of what was pointed at. */

import { h } from "../base/dom.js";
import { formatPercent } from "../base/figures.js";
import { t } from "../base/languages.js";
import { work } from "./work.js";

export const makeLevels = () => {
  const node = h("div.lab-segments.levels", { role: "group", "data-t-label": "canvas.levels", hidden: true });

  /**
   * @param {{ area: number, score: number }} level
   * @param {number} index
   * @param {number} chosen
   */
  const button = (level, index, chosen) => h("button.lab-segment", {
    type: "button", "aria-pressed": String(index === chosen), "data-level": String(index),
    title: t("canvas.level.hint", { percent: formatPercent(level.area), score: level.score.toFixed(2) }),
    onclick: () => work.changeActive({ level: index }) }, h("i.lab-dot.size" + index), h("span", {}, t("canvas.level." + index)));

  return { node,
    /** @param {import("../types.js").Answer | null} answer */
    show(answer) {
      const place = answer ? answer.places.indexOf(work.value.active) : -1;
      const offered = (place >= 0 && answer?.levels?.[place]) || [];
      node.hidden = offered.length < 2;
      if (!node.hidden && answer) node.replaceChildren(...offered.map((level, index) => button(level, index, answer.chosen[place])));
    },
    /** @param {number} index */
    press(index) {
      const found = node.children[index];
      if (found instanceof HTMLElement) found.click();
    } };
};
