/* "Continue": a result becomes the photo on the canvas, and the next thing can be erased. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";
import { lab } from "../base/state.js";

/**
 * A result that there is something to go on with: its lossless file is written.
 * @typedef {{ index: number, name: string, full?: string | null }} Result
 */

/**
 * Where a run's result is not there yet, nothing happens.
 * @param {string | undefined} run
 * @param {Result | null | undefined} card
 */
export function goOnWith(run, card) {
  if (run && card?.full) lab.continueWith(run, card.index, card.name);
}

/**
 * @param {string} run
 * @param {Result} card
 */
export const continueButton = (run, card) => {
  const words = t("steps.continue.hint", { eraser: card.name });
  return h("button.lab-tool.small.lab-continue", { type: "button", "data-testid": "continue", "aria-label": words, title: words,
    onclick: () => goOnWith(run, card) }, icon("next"), h("span", { "data-t": "steps.continue" }, t("steps.continue")));
};

/**
 * The same in the large view, for whatever it shows.
 * @param {() => void} press
 */
export const makeViewerContinue = (press) => {
  const node = h("button.lab-tool.wide", { type: "button", "data-testid": "viewer-continue", hidden: true, onclick: press },
    icon("next"), h("span", { "data-t": "steps.continue" }));
  return { node,
    /**
     * @param {string | undefined} run
     * @param {Result | null} card
     */
    show(run, card) {
      node.hidden = !(run && card?.full);
      if (card) node.title = t("steps.continue.hint", { eraser: card.name });
    } };
};
