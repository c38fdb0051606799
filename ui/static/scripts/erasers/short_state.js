/* How an eraser stands, in the width of a word: on its row. */

import { h } from "../base/dom.js";
import { formatBytes } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";
import { lab } from "../base/state.js";
import { allBytes, failureOf, fetchedPercent, isFound, isReady, missingBytes } from "./weights.js";

/** @typedef {import("../types.js").Eraser} Eraser */

/** @param {Eraser} eraser */
const mark = (eraser, words = t("panel.standing." + eraser.standing)) => h("span.lab-short-word", { title: words }, icon("warn"), h("span.lab-sr", {}, words));

/**
 * @param {Eraser} eraser
 * @returns {Node[]}
 */
export function shortState(eraser) {
  const percent = fetchedPercent(eraser);
  if (percent !== null) return [h("span.lab-short-word", { title: t("panel.fetching", { percent }) }, percent + " %")];
  if (eraser.standing === "cannot" || eraser.standing === "no_weights") return [mark(eraser)];
  if (eraser.standing === "too_large" && isReady(eraser)) return [mark(eraser)];
  if (isReady(eraser) || isFound(eraser)) return [here(eraser)];
  return eraser.no_fetch ? [tooLarge(eraser)] : [fetchButton(eraser)];
}

/** @param {Eraser} eraser */
function here(eraser) {
  const words = eraser.weights.length ? `${t("panel.ready")} · ${formatBytes(allBytes(eraser))}` : t("panel.noweights");
  return h("span.lab-short-word.ok", { title: words }, icon("check"), h("span.lab-sr", {}, words));
}

/** @param {Eraser} eraser */
const tooLarge = (eraser) => h("span.lab-short-word.is-far", { title: t("panel.standing." + eraser.standing) }, formatBytes(missingBytes(eraser)),
  h("span.lab-sr", {}, t("panel.standing." + eraser.standing)));

/** @param {Eraser} eraser */
function fetchButton(eraser) {
  const size = formatBytes(missingBytes(eraser)), failed = failureOf(eraser);
  const words = failed ? t("panel.again", { size, license: eraser.license }) : t("panel.fetchshort", { eraser: eraser.name, size });
  return h("button.lab-fetch", { type: "button", title: words, onclick: () => lab.fetchWeights(eraser) },
    failed ? icon("warn") : icon("download"), size, h("span.lab-sr", {}, " " + words));
}
