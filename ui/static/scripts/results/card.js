/* What a card says of its run: its state, its figures. Drawn by the grid and by the tables. */

import { h } from "../base/dom.js";
import { formatAbout, formatBytes, formatSeconds } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { errorText, t } from "../base/languages.js";

/**
 * @typedef {import("../types.js").Card} Card
 */

/** @param {Card} card */
export const stateText = (card) => {
  if (card.state === "waiting" && card.ahead && card.after !== undefined) return t("state.waiting.time", { ahead: card.ahead, time: formatAbout(card.after) });
  if (card.state === "waiting") return t(card.ahead ? "state.waiting.ahead" : "state.waiting", { ahead: card.ahead });
  if (card.state === "fetching" && card.notice) return errorText(card.notice);
  if (card.state === "fetching") return t("state.fetching", { percent: Math.floor((100 * (card.done || 0)) / Math.max(1, card.size || 1)) });
  if (card.state === "running" && (card.total ?? 0) > 1) return stepText(card);
  return [t("state." + card.state), ...(card.state === "running" ? piecesOf(card) : [])].join(" · ");
};

/** @param {Card} card */
export const stepText = (card) => {
  const place = { step: card.step || 0, total: card.total };
  if (card.total === card.pieces) return t("state.piece", place);
  return [t("state.step", place), ...piecesOf(card)].join(" · ");
};

/** @param {Card} card */
export const meter = (card) => {
  const total = card.state === "fetching" ? card.size : card.total;
  const part = card.state === "fetching" ? card.done : card.step;
  if (total && total > 1) return h("progress", { max: String(total), value: part || 0, "aria-label": stateText(card) });
  return h("i." + (["queued", "waiting", "borrowing"].includes(card.state) ? "lab-idle" : "lab-spin"));
};

/** @param {Card} card */
export const isOver = (card) => ["failed", "stopped"].includes(card.state);

/**
 * What stands in a picture's place until it is there.
 * @param {Card} card
 */
export const veil = (card) => h("div.lab-veil" + (isOver(card) ? ".is-over" : ""), {},
  isOver(card) ? icon(card.state === "failed" ? "warn" : "stop") : meter(card), h("span", {}, stateText(card)));

/**
 * Of how many parts a result is made, where there are several; runs of older versions do not know.
 * @param {Card} card
 */
export const piecesOf = (card) => (card.pieces ?? 0) > 1 ? [t("grid.pieces", { count: card.pieces })] : [];

/** @param {Card} card */
export const figuresOf = (card) => {
  /** @type {(Node | string)[]} */
  const parts = [h("strong", {}, formatSeconds(card.erase_seconds ?? 0))];
  if (card.cached) parts.push(" · " + t("grid.cached"));
  else if ((card.load_seconds ?? 0) >= 0.05) parts.push(" + " + t("grid.load", { seconds: formatSeconds(card.load_seconds ?? 0) }));
  parts.push(...piecesOf(card).map((text) => " · " + text));
  if (card.peak_memory) parts.push(" · " + t("grid.memory." + card.memory_kind, { size: formatBytes(card.peak_memory) }));
  return h("p.lab-figures", { title: t("grid.figures.hint") }, ...parts);
};

/** @param {Card} card */
export const verdict = (card) => {
  const clean = card.changed_outside === 0;
  return h("p.lab-verdict." + (clean ? "ok" : "bad"), { title: t("grid.outside.hint"), "data-changed": String(card.changed_outside) },
    icon(clean ? "check" : "warn"), t("grid.outside", { count: card.changed_outside }));
};

/**
 * A card's name; pressed, it opens the large view, which a picture alone would keep from the keyboard.
 * @param {string} name
 * @param {(() => void) | null} open
 */
export const title = (name, open) => h("h3", {}, open ? h("button.lab-name", { type: "button", title: t("grid.large"), onclick: open }, name) : name);
