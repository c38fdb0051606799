/* The photo's own card, first in the grid: with the mask on it. */

import { h } from "../base/dom.js";
import { formatPercent } from "../base/figures.js";
import { t } from "../base/languages.js";
import { pictureFrame, title } from "./card.js";

/**
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {import("../types.js").GridMask} GridMask
 */

/**
 * The whole photo and, where there is one, the close-up over it.
 * @param {{ view: string }} photo
 * @param {GridMask | null} mask
 * @param {ReturnType<typeof import("./closeup.js").makeCloseUp>} close
 */
function layersOf(photo, mask, close) {
  const whole = h("div.lab-zoomed", {}, h("img", { src: photo.view, alt: t("grid.original") }),
    mask?.overlay ? h("img.lab-overlay", { src: mask.overlay, alt: "" }) : null);
  const near = mask?.close;
  return [whole, ...(near ? close.layer(h("img", { src: near.view, alt: t("grid.original"), loading: "lazy" }),
    h("img.lab-overlay", { src: near.overlay, alt: "", loading: "lazy" })) : [])];
}

/**
 * @param {Grid & { photo: import("../types.js").Photo }} grid
 * @param {ReturnType<typeof import("./closeup.js").makeCloseUp>} close
 * @param {() => void} open the large view
 */
export function originalCard({ photo, mask }, close, open) {
  const picture = pictureFrame(photo);
  picture.replaceChildren(...layersOf(photo, mask, close));
  picture.addEventListener("click", open);
  const caption = h("div.lab-caption", {}, h("div.lab-caption-head", {}, title(t("grid.original"), open)),
    h("p.lab-figures", {}, `${photo.width} × ${photo.height}`, mask ? " · " + t("grid.masked", { percent: formatPercent(mask.area) }) : ""));
  return h("article.lab-result", { "data-index": "original" }, picture, caption);
}
