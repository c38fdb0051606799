/* What a card says of its weights, and what can be done about them. */

import { h } from "../base/dom.js";
import { formatBytes } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { errorText, t, translated } from "../base/languages.js";
import { lab } from "../base/state.js";
import { longSentence } from "../base/widgets.js";
import { allBytes, failureOf, fetchedPercent, isFound, isReady, missingBytes } from "./weights.js";

/** @typedef {import("../types.js").Model} Model */

/**
 * @param {Model} one
 * @returns {Node[]}
 */
export function weightLine(one) {
  if (!one.weights.length) return [h("span.lab-state.ok", {}, t("panel.noweights"))];
  const size = formatBytes(allBytes(one));
  if (isReady(one)) return [h("span.lab-state.ok", {}, icon("check"), `${t("panel.ready")} · ${size}`)];
  if (isFound(one)) return [h("span.lab-state.ok", { title: t("panel.found.hint") }, `${t("panel.found")} · ${size}`)];
  const percent = fetchedPercent(one);
  if (percent !== null) return fetchingLine(one, percent);
  return one.no_fetch ? forbidden(one) : absentLine(one);
}

/**
 * What can be fetched, and why that has failed or might.
 * @param {Model} one
 */
function absentLine(one) {
  const failed = failureOf(one);
  const size = formatBytes(missingBytes(one));
  return [
    ...(failed ? [longSentence(failed.error ? errorText(failed.error) : t("panel.fetchfailed"))] : hindrances(one, ["access", "files", "disk"])),
    h("button.lab-link", { type: "button", onclick: () => lab.fetchWeights(one) }, t(failed ? "panel.again" : "panel.confirm.fetch", { size, license: one.license })),
    ...(failed?.error?.code === "weights_changed_unpinned" ? [fetchAnew(one)] : [])];
}

/**
 * Why this host fetches nothing for it; too little memory is said below it.
 * @param {Model} one
 */
const forbidden = (one) => [h("span.lab-state", {}, `${t("panel.absent")} · ${formatBytes(missingBytes(one))}`),
  ...(hindrances(one, ["memory"]).length ? [] : [h("div", { "data-testid": "no-fetch" }, longSentence(translated(one.no_fetch)))])];

/**
 * What else is in an eraser's way, as `python -m methods doctor` says it.
 * @param {Model} one
 * @param {string[]} kinds
 */
export const hindrances = (one, kinds) => (one.obstacles || []).filter((obstacle) => kinds.includes(obstacle.kind))
  .map((obstacle) => h("div", { "data-obstacle": obstacle.kind }, longSentence(translated(obstacle.text))));

/**
 * @param {Model} one
 * @param {number} percent
 */
function fetchingLine(one, percent) {
  const speaking = one.weights.find((weight) => weight.state === "fetching" && weight.notice);
  return [h("span.lab-state", {}, t("panel.fetching", { percent })),
    h("progress", { max: "100", value: percent, "aria-label": t("panel.fetching", { percent }) }),
    ...(speaking ? [longSentence(errorText(speaking.notice))] : [])];
}

/**
 * Fetches all of a model's files whatever is here: a wrong one is replaced.
 * @param {Model} one
 */
export const fetchAnew = (one) => h("button.lab-link", { type: "button", "data-testid": "fetch-again", onclick: () => lab.fetchWeights(one, true) }, t("panel.anew"));
