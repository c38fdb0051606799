/* One eraser's card in the grid: its picture when it is there, what it is doing until then, its caption.
 *
 * A card is drawn again with every value of its run; what has not changed stays as it is.
 */

import { h, redraw } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { errorText, t, translated } from "../base/languages.js";
import { lab } from "../base/state.js";
import { longSentence } from "../base/widgets.js";
import { figuresOf, pictureFrame, stateText, title, veil, verdict } from "./card.js";
import { readingsOf } from "./readings.js";
import { humanRemark } from "./remark.js";

/**
 * @typedef {import("../types.js").Card} Card
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {ReturnType<typeof makeResultCard>} ResultCard
 */

/** @param {Card} card */
const remarks = (card) => [...(card.result_notes || []), ...(card.notes || [])].map((note) => h("p.lab-note", {}, translated(note)));

/** @param {Card} card */
const download = (card) => h("a.lab-tool", { href: card.full + "?download=1", download: true, "aria-label": t("grid.download", { eraser: card.name }),
  title: t("grid.download", { eraser: card.name }) }, icon("download"));

/**
 * @param {Card} card
 * @param {Grid} grid
 * @param {() => void} open the large view
 */
function captionOf(card, grid, open) {
  const head = h("div.lab-caption-head", {}, title(card.name, card.view ? open : null));
  if (card.full) head.append(download(card));
  else if (card.state === "done") head.append(h("i.lab-spin.small", { title: t("grid.saving") }));
  if (card.state === "done") return [head, figuresOf(card), verdict(card), ...remarks(card),
    ...readingsOf(card, Boolean(grid.judging)), humanRemark({ run: grid.run, card })];
  if (card.state === "failed") return [head, longSentence(errorText(card.error))];
  return [head, h("p.lab-figures", {}, stateText(card))];
}

/**
 * @param {object} of
 * @param {Card} of.card as it is first
 * @param {Grid} of.grid
 * @param {import("./split.js").Split} of.split
 * @param {ReturnType<typeof import("./closeup.js").makeCloseUp>} of.close
 * @param {() => void} of.open the large view
 */
export function makeResultCard({ card: first, grid: begun, split, close, open }) {
  const picture = pictureFrame(begun.photo || { width: 4, height: 3 });
  const caption = h("div.lab-caption", { "aria-live": "polite" });
  const node = h("article.lab-result", { "data-index": String(first.index), "data-eraser": first.eraser }, picture, caption);
  let drawn = ""; // what the card shows, as it came
  let view = ""; // the picture's address
  let ghosted = false; // the photo stands in the picture's place

  /**
   * @param {Card} card
   * @param {Grid} grid
   */
  function drawPicture(card, grid) {
    view = card.view ?? "";
    const by = t("grid.by", { eraser: card.name });
    const whole = h("div.lab-zoomed", {}, h("img", { src: view, alt: by, draggable: "false" }),
      h("img.lab-before", { src: grid.photo?.view, alt: "", draggable: "false" }));
    const near = grid.mask?.close;
    const layers = near && card.close ? close.layer(h("img", { src: card.close, alt: by, draggable: "false", loading: "lazy" }),
      h("img.lab-before", { src: near.view, alt: "", draggable: "false", loading: "lazy" })) : [];
    picture.replaceChildren(whole, ...layers, ...split.handle());
    split.watchDrag(picture, open);
  }

  /**
   * @param {Card} card
   * @param {Grid} grid
   */
  function drawWaiting(card, grid) {
    if (!ghosted && grid.photo) {
      ghosted = true;
      picture.querySelector(".lab-zoomed")?.append(h("img.lab-ghost", { src: grid.photo.view, alt: "" }));
    }
    picture.querySelector(".lab-veil")?.remove();
    picture.append(veil(card));
  }

  return { node,
    /**
     * @param {Card} card
     * @param {Grid} grid
     */
    draw(card, grid) {
      const fingerprint = lab.lang + JSON.stringify(card) + Boolean(grid.judging && !card.readings);
      if (drawn === fingerprint) return;
      drawn = fingerprint;
      node.dataset.state = card.state;
      if (card.view && view !== card.view) drawPicture(card, grid);
      redraw(caption, ...captionOf(card, grid, open));
      if (!card.view) drawWaiting(card, grid);
    },
    /** Draw all of it the next time: it is to be said in another language. */
    forget: () => { view = drawn = ""; } };
}
