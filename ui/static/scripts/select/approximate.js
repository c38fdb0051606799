/* What stands between an approximate mask and a better one. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { formatBytes } from "../base/figures.js";
import { t } from "../base/languages.js";
import { lab } from "../base/state.js";
import { allBytes, fetchedPercent, isReady } from "../erasers/weights.js";
import { allSegmenters } from "./segmenters.js";

/** @typedef {Pick<import("../types.js").MaskReply, "approximate">} Judged */

/**
 * An approximate mask says so, and offers the better one.
 * @param {() => void} improved called when that one is here
 */
export const approximateBadge = (improved) => {
  /** @type {Judged | null} */
  let shown = null; // the answer that is judged
  const badge = h("span.lab-badge.warn", { hidden: true, "data-t-title": "canvas.approximate.why" });
  const fetchButton = h("button.lab-link", { type: "button", hidden: true, onclick: () => { const one = better(); if (one) lab.fetchWeights(one); } });
  const better = () => allSegmenters().find((one) => !one.approximate);

  /** @param {Judged | null} answer */
  function show(answer) {
    shown = answer;
    const one = better();
    badge.hidden = !answer?.approximate;
    const waited = one && !badge.hidden && !isReady(one) ? one : null; // what would be better, and is not here
    const percent = waited && fetchedPercent(waited);
    badge.textContent = waited && percent !== null ? t("canvas.approximate.fetching", { segmenter: waited.name, percent }) : t("canvas.approximate");
    fetchButton.hidden = !waited || percent !== null;
    if (waited && percent === null) fetchButton.textContent = t("canvas.fetch", { segmenter: waited.name, size: formatBytes(allBytes(waited)), license: waited.weights[0].license });
  }

  on("weights", () => {
    const one = better();
    if (shown && shown.approximate && one && isReady(one)) improved();
    else show(shown);
  });
  on("lang", () => show(shown));
  return { show, nodes: [badge, fetchButton] };
};
