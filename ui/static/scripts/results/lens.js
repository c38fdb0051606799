/* What of a photo is seen in its results: the whole, what was erased, or any part; and where a picture of it lies then. */

import { closeOf, fitting, isSmall, placed, wholeOf } from "./window.js";

/**
 * @typedef {import("./window.js").Part} Part
 * @typedef {import("../types.js").Photo} Photo
 * @typedef {import("../types.js").GridMask} GridMask
 * @typedef {ReturnType<typeof makeLens>} Lens
 */

/**
 * @param {Photo} photo
 * @param {GridMask | null} mask
 * @param {Part | null} [asked] the part that a link asks for
 */
export function makeLens(photo, mask, asked) {
  const whole = wholeOf(photo);
  const close = closeOf(photo, mask);
  const first = close && isSmall(photo, mask) ? close : whole;
  return { photo, whole, close, first, masked: mask !== null, window: asked ? fitting(asked, photo) : first };
}

/**
 * The styles by which pictures of the photo, and what the server has cut out of them, find their places.
 * @param {Lens} lens
 * @param {Part | null} cut
 */
export function placesOf({ photo, whole, window }, cut) {
  /** @type {Record<string, string>} */
  const styles = { "--shape": String(+((window[2] - window[0]) / (window[3] - window[1])).toFixed(5)) };
  for (const [name, part] of /** @type {const} */ ([["photo", [0, 0, photo.width, photo.height]], ["near", cut ?? whole]]))
    for (const [side, value] of Object.entries(placed(/** @type {Part} */ (part), window))) styles[`--${name}-${side}`] = value;
  return styles;
}
