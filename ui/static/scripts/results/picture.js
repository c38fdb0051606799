/* One result's picture: the result, the original over it up to the divider, both in the same window. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";
import { veil } from "./card.js";

/**
 * @typedef {import("../types.js").Card} Card
 * @typedef {import("../types.js").Grid} Grid
 */

/**
 * A picture of the photo and, over it, one of the neighbourhood of what was erased.
 * @param {string} kind of its class
 * @param {string} words for who does not see it; "" where the words are said elsewhere
 * @param {string | null | undefined} view
 * @param {string | null | undefined} near
 */
const layer = (kind, words, view, near) => h(`div.lab-layer.${kind}`, {},
  h("img.lab-shot", { src: view, alt: words, draggable: "false" }),
  near ? h("img.lab-shot.is-near", { src: near, alt: "", draggable: "false", loading: "lazy" }) : null);

/** @param {string} side */
const chip = (side) => h(`span.lab-side.is-${side}`, { "aria-hidden": "true", "data-t": `grid.${side}` }, t(`grid.${side}`));

/**
 * The photo and mask of a card: of its own run, where several are shown together.
 * @param {Card} card
 * @param {Pick<Grid, "photo" | "mask">} grid
 */
export const placeOf = (card, grid) => card.of ?? grid;

/** @param {Pick<Grid, "photo" | "mask">} place */
const ghost = ({ photo, mask }) => (photo ? layer("lab-ghost", "", photo.view, mask?.close?.view) : null);

/**
 * What a result's picture is made of.
 * @param {Card} card
 * @param {Grid} grid
 */
export const layersOf = (card, grid) => [
  layer("lab-after", t("grid.by", { eraser: card.name }), card.view, card.close),
  layer("lab-before", "", placeOf(card, grid).photo?.view, card.close && placeOf(card, grid).mask?.close?.view),
  h("div.lab-handle", { "aria-hidden": "true" }, icon("compare")), chip("before"), chip("after"), chip("original")];

/**
 * What stands in its place until it is there.
 * @param {Card} card
 * @param {Grid} grid
 */
export const waitingOf = (card, grid) => [
  ghost(placeOf(card, grid)), veil(card)].filter((node) => node !== null);
