/* A sweep's results as a table of pictures, whose rows and columns keep their names in sight. */

import { h } from "../base/dom.js";
import { t } from "../base/languages.js";
import { eraserOf } from "../base/state.js";
import { axesWords, layoutOf } from "./sweep_layout.js";

/** @typedef {import("../types.js").Grid} Grid */

/** @param {import("../types.js").Card} card */
const nameOf = (card) => eraserOf(card.eraser)?.name ?? card.name.split(" · ")[0];

/**
 * The run with names that tell its cells apart.
 * @template {Grid} Value
 * @param {Value} grid
 * @returns {Value}
 */
export function named(grid) {
  const layout = layoutOf(grid.cards, nameOf);
  return { ...grid, cards: grid.cards.map((card) => (Object.keys(card.axes ?? {}).length
    ? { ...card, name: wordsOf(card, card.axes ?? {}), brief: layout ? briefOf(card) : undefined } : card)) };
}

/** @param {import("../types.js").Card} card @param {import("../types.js").Settings} axes */
const wordsOf = (card, axes) => [nameOf(card), axesWords(axes)].filter(Boolean).join(" · ");

/**
 * What need not be said twice: the rows of a table have the photo's name, or the eraser's.
 * @param {import("../types.js").Card} card
 */
function briefOf(card) {
  const { photo, ...others } = card.axes ?? {};
  return photo === undefined ? axesWords(others) : wordsOf(card, others);
}

/** @param {HTMLElement} body that holds the cards */
export function makeSweepGrid(body) {
  /** @type {HTMLElement[]} */
  let labels = [];
  let drawn = "";

  /** @param {import("./sweep_layout.js").Layout} layout */
  function label({ rows, columns, axis }) {
    for (const one of labels) one.remove();
    const heads = columns.map((value, at) => h("div.lab-sweep-column", { style: `grid-area: 1 / ${at + 2}` }, value ? `${axis} ${value}`.trim() : t("sweep.plain")));
    const sides = rows.map(({ name, words }, at) => h("div.lab-sweep-row", { style: `grid-area: ${at + 2} / 1` }, h("strong", {}, name), words ? h("span", {}, words) : null));
    labels = [h("div.lab-sweep-corner", { style: "grid-area: 1 / 1" }), ...heads, ...sides];
    body.prepend(...labels);
  }

  return {
    /**
     * Put each card where it belongs; nothing where nothing is varied.
     * @param {Grid} grid
     */
    show(grid) {
      const layout = layoutOf(grid.cards, nameOf);
      body.classList.toggle("is-sweep", layout !== null);
      const print = layout ? JSON.stringify([t("sweep.plain"), layout.rows, layout.columns, layout.axis]) : "";
      if (print !== drawn) {
        if (layout) label(layout);
        else for (const one of labels.splice(0)) one.remove();
      }
      drawn = print;
      body.style.setProperty("--sweep-columns", String(layout?.columns.length ?? 1));
      for (const card of body.querySelectorAll(".lab-result")) {
        const at = card instanceof HTMLElement ? layout?.places.get(Number(card.dataset.index)) : null;
        if (card instanceof HTMLElement) card.style.gridArea = at ? `${at.row + 2} / ${at.column + 2}` : "";
      }
    },
  };
}
