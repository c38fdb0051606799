/* Who finds the object: the choice of a segmenter. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { formatBytes } from "../base/figures.js";
import { t } from "../base/languages.js";
import { remember } from "../base/memory.js";
import { lab } from "../base/state.js";
import { allBytes, isReady } from "../erasers/weights.js";

export const allSegmenters = () => lab.catalogue?.segmenters ?? [];

/** @param {string} id */
export const segmenterName = (id) => (allSegmenters().find((one) => one.id === id) || { name: id }).name;

/**
 * A list to choose from; one that is not here yet is fetched when it is chosen.
 * @param {() => void} chosen called when one is
 */
export const segmenterChoice = (chosen) => {
  /** @type {HTMLSelectElement} */
  const choice = h("select.lab-segmenter", { hidden: true, "data-t-label": "canvas.segmenter", "data-testid": "segmenter", onchange: () => {
    const wanted = allSegmenters().find((one) => one.id === choice.value);
    lab.segmenter = choice.value || null;
    remember("segmenter", choice.value);
    if (wanted && !isReady(wanted)) lab.fetchWeights(wanted);
    else chosen();
  } });
  /**
   * @param {string} value
   * @param {string} words
   */
  const option = (value, words) => h("option", { value, selected: value === (lab.segmenter || "") }, words);
  const fill = () => {
    const usable = allSegmenters().filter((one) => one.available !== false);
    choice.replaceChildren(option("", t("canvas.segmenter.auto")), ...usable.map((one) =>
      option(one.id, isReady(one) ? one.name : t("canvas.segmenter.fetch", { segmenter: one.name, size: formatBytes(allBytes(one)) }))));
    choice.hidden = !lab.photo || usable.length < 2;
  };
  for (const event of /** @type {const} */ (["catalogue", "weights", "lang", "photo"])) on(event, fill);
  return choice;
};
