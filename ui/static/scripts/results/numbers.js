/* The numbers of all results in one table: erasers by numbers, the best of each in bold. */

import { h } from "../base/dom.js";
import { t, translated } from "../base/languages.js";
import { lab } from "../base/state.js";
import { makeDialog } from "./dialogs.js";
import { shown } from "./readings.js";

/**
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {import("../types.js").Card} Card
 * @typedef {import("../types.js").Metric} Metric
 */

/** @param {Card} card @param {Metric} metric */
const reading = (card, metric) => card.readings?.find((one) => one.id === metric.id);

/**
 * The cards that are best in a number; nobody where all are alike.
 * @param {Card[]} cards
 * @param {Metric} metric
 */
export function bestOf(cards, metric) {
  const values = cards.flatMap((card) => reading(card, metric)?.value ?? []);
  const best = metric.better === "higher" ? Math.max(...values) : Math.min(...values);
  const winners = cards.filter((card) => reading(card, metric)?.value === best);
  return winners.length < values.length ? winners : [];
}

/**
 * Results are held against those of the same photo alone.
 * @param {Card[]} cards
 * @returns {Card[][]}
 */
export function byPhoto(cards) {
  /** @type {Map<string, Card[]>} */
  const found = new Map();
  for (const card of cards) found.set(String(card.axes?.photo ?? ""), [...found.get(String(card.axes?.photo ?? "")) ?? [], card]);
  return [...found.values()];
}

/** @param {Grid} grid */
export const judged = (grid) => grid.cards.filter((card) => card.readings?.length);

/** @param {Card[]} cards */
function table(cards) {
  const metrics = (lab.catalogue?.metrics ?? []).filter((metric) => cards.some((card) => reading(card, metric)));
  const best = new Map(metrics.map((metric) => [metric.id, byPhoto(cards).flatMap((alike) => bestOf(alike, metric))]));
  const head = h("tr", {}, h("th", { scope: "col" }, t("numbers.eraser")), ...metrics.map((metric) =>
    h("th", { scope: "col", title: translated(metric.formula) }, translated(metric.name), h("span.lab-way", { "aria-label": t("better." + metric.better) }, metric.better === "higher" ? " ↑" : " ↓"))));
  /** @param {Card} card @param {Metric} metric */
  const cell = (card, metric) => {
    const one = reading(card, metric);
    if (!one) return h("td", {}, "–");
    const text = shown(one.value, metric.unit);
    return h(one.remark ? "td.is-bad" : "td", { title: translated(one.remark) || null }, best.get(metric.id)?.includes(card) ? h("strong", {}, text) : text);
  };
  return h("table.lab-numbers-table", {}, h("thead", {}, head), h("tbody", {}, ...cards.map((card) =>
    h("tr", {}, h("th", { scope: "row" }, card.name), ...metrics.map((metric) => cell(card, metric))))));
}

/** @param {HTMLElement} root */
export function makeNumbers(root) {
  const dialog = makeDialog("lab-number-sheet", root);
  /** @param {Grid} grid */
  return (grid) => {
    dialog.body.replaceChildren(h("div.lab-scroll", { tabindex: "0", role: "region", "aria-label": t("numbers.title") }, table(judged(grid))), h("p.lab-hint", {}, t("numbers.hint")));
    dialog.open(t("numbers.title"));
  };
}
