/* One eraser's card in the grid: its picture when it is there, what it is doing until then, its caption.
 *
 * A card is drawn again with every value of its run; what has not changed stays as it is.
 */

import { h, redraw } from "../base/dom.js";
import { formatSeconds } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { errorText, t } from "../base/languages.js";
import { lab } from "../base/state.js";
import { longSentence } from "../base/widgets.js";
import { stateText, title, verdict } from "./card.js";
import { continueButton } from "./continue.js";
import { downloadLink } from "./download.js";
import { watchPicture } from "./gestures.js";
import { layersOf, placeOf, waitingOf } from "./picture.js";
import { saidOf } from "./readings.js";

/**
 * @typedef {import("../types.js").Card} Card
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {ReturnType<typeof makeResultCard>} ResultCard
 */

/**
 * @param {Card} card
 * @param {() => void} open
 */
const more = (card, open) => h("button.lab-tool.small", { type: "button", "data-testid": "details", onclick: open,
  "aria-label": t("details.open", { eraser: card.name }), title: t("details.open", { eraser: card.name }) }, icon("more"));

/**
 * The one verdict in words; that something has changed outside the mask goes before all others.
 * @param {Card} card
 * @param {boolean} judging
 */
const judgement = (card, judging) => card.changed_outside ? verdict(card) : saidOf(card, judging);

/**
 * What an owner's program has printed last, where it has failed: folded, and never read as anything but text.
 * @param {Card} card
 */
function printedOf(card) {
  const printed = card.error?.details?.printed;
  if (!printed) return [];
  const words = h("pre", {}, String(printed));
  const toItsEnd = () => { words.scrollTop = words.scrollHeight; }; // the last line says why
  return [h("details.lab-printed", { ontoggle: toItsEnd }, h("summary", {}, t("grid.printed")), words)];
}

/**
 * @param {Card} card
 * @param {Grid} grid
 * @param {{ look: () => void, details: () => void, again: () => void }} open
 */
function captionOf(card, grid, open) {
  const head = h("div.lab-caption-head", {}, title(card.brief ?? card.name, card.view ? open.look : null));
  if (card.state === "failed") return [head, longSentence(errorText(card.error)), ...printedOf(card), h("button.lab-link", { type: "button", "data-testid": "again", onclick: open.again }, t("grid.again"))];
  if (card.state !== "done") return [head, h("p.lab-figures", {}, stateText(card))];
  head.append(h("span.lab-figures", { title: card.cached ? t("grid.cached") : null }, formatSeconds(card.erase_seconds ?? 0)),
    ...(card.full ? [continueButton(grid.run, card), downloadLink(grid, card)] : [h("i.lab-spin.small", { title: t("grid.saving") })]), more(card, open.details));
  return [head, judgement(card, Boolean(grid.judging))];
}

/** @param {Card} card @param {Grid} grid */
const ghostOf = (card, grid) => { const { photo, mask } = placeOf(card, grid); return `${photo?.view} ${mask?.close?.view}`; };

/**
 * @param {object} of
 * @param {Card} of.card as it is first
 * @param {import("./looking.js").Looking} of.looking
 * @param {import("./picking.js").Picking} of.picking
 * @param {{ look: () => void, details: () => void, again: () => void }} of.open the large view; what is known of the result; its run once more
 */
export function makeResultCard({ card: first, looking, picking, open }) {
  const picture = h("div.lab-picture");
  const caption = h("div.lab-caption");
  const node = h("article.lab-result", { "data-index": String(first.index), "data-eraser": first.eraser }, picture, caption);
  let drawn = ""; // what the card shows, as it came
  let view = ""; // the picture's address
  let place = picture; // the one that pointers are watched on
  let ghosted = ""; // what stands in the picture's place

  /** A picture that nobody watches yet: what waits cannot be dragged. */
  function freshPicture() {
    const next = h("div.lab-picture");
    place.replaceWith(next);
    place = next;
    return next;
  }

  /**
   * @param {Card} card
   * @param {Grid} grid
   */
  function drawPicture(card, grid) {
    const first_ = view === "" && drawn !== "" && node.dataset.state !== "done";
    view = card.view ?? "";
    const next = freshPicture();
    next.replaceChildren(...layersOf(card, grid), picking.button(card.index, card.name));
    next.classList.toggle("is-landing", first_);
    watchPicture(next, looking, open.look);
  }

  /**
   * @param {Card} card
   * @param {Grid} grid
   */
  function drawWaiting(card, grid) {
    const parts = waitingOf(card, grid);
    const ghost = place.querySelector(".lab-ghost");
    if (ghost instanceof HTMLElement && ghosted === ghostOf(card, grid)) parts[0] = ghost; // its pictures do not flicker
    ghosted = ghostOf(card, grid);
    place.replaceChildren(...parts);
  }

  return { node,
    get width() { return place.clientWidth; },
    /**
     * @param {Card} card
     * @param {Grid} grid
     */
    draw(card, grid) {
      const fingerprint = lab.lang + grid.shown + JSON.stringify(card) + Boolean(grid.judging && !card.readings) + grid.mask?.close?.view;
      if (drawn === fingerprint) return;
      if (card.view && view !== card.view) drawPicture(card, grid);
      if (!card.view) drawWaiting(card, grid);
      drawn = fingerprint;
      if (card.of) looking.wear(node, card.of.run);
      node.dataset.state = card.state;
      if (card.state === "done") node.dataset.changed = String(card.changed_outside);
      redraw(caption, ...captionOf(card, grid, open));
    },
    /** Draw all of it the next time: it is to be said in another language. */
    forget: () => { view = drawn = ""; } };
}
