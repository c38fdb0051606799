/* All that is known of one result, over the page: so that no card grows, and its row with it. */

import { h, redraw } from "../base/dom.js";
import { settingName, t, translated } from "../base/languages.js";
import { eraserOf, lab } from "../base/state.js";
import { figuresOf, verdict } from "./card.js";
import { makeDialog } from "./dialogs.js";
import { readingsOf } from "./readings.js";
import { humanRemark } from "./remark.js";

/**
 * @typedef {import("../types.js").Card} Card
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {ReturnType<typeof makeDetails>} Details
 */

/** @param {Card} card */
const notes = (card) => [...(card.result_notes || []), ...(card.notes || [])].map((note) => h("p.lab-note", {}, translated(note)));

/** @param {import("../types.js").SettingValue} value */
const plain = (value) => (value === null || value === "" ? "–" : typeof value === "boolean" ? t(value ? "details.yes" : "details.no") : String(value));

/**
 * With what it was made: only settings that are not as they come, and the seed.
 * @param {Card} card
 */
function settingsOf(card) {
  const usual = new Map((eraserOf(card.eraser)?.settings ?? []).map((setting) => [setting.name, setting.default]));
  const own = Object.entries(card.settings ?? {}).filter(([name, value]) => value !== usual.get(name));
  const lines = [...own.map(([name, value]) => [settingName(name), plain(value)]), [t("panel.seed"), String(card.seed ?? 0)]];
  return h("dl.lab-facts", {}, ...lines.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** @param {HTMLElement} root */
export function makeDetails(root) {
  const dialog = makeDialog("lab-details", root);
  let shown = -1; // the card's index
  let drawn = "";

  /**
   * @param {Card} card
   * @param {Grid} grid
   */
  function draw(card, grid) {
    const print = lab.lang + JSON.stringify([card, grid.judging]);
    if (print === drawn) return;
    drawn = print;
    redraw(dialog.body, figuresOf(card), verdict(card), ...notes(card), ...readingsOf(card, Boolean(grid.judging)),
      h("h3", {}, t("details.made")), settingsOf(card), humanRemark({ run: card.of?.run ?? grid.run, card: { ...card, index: card.of?.index ?? card.index } }));
  }

  return {
    /**
     * @param {Card} card
     * @param {Grid} grid
     */
    open(card, grid) {
      shown = card.index;
      draw(card, grid);
      dialog.node.dataset.eraser = card.eraser;
      dialog.open(card.name);
    },
    /**
     * A newer value of the run.
     * @param {Grid} grid
     */
    show(grid) {
      const card = grid.cards[shown];
      if (dialog.node.open && card?.state === "done") draw(card, grid);
    },
  };
}
