/* What one has chosen of a download, as this browser remembers it: a format, and whether places stay in it. */

import { remember } from "../base/memory.js";

const FORMATS = ["png", "tiff", "jpeg", "webp", "avif"];

/**
 * @typedef {{ format: string, keep_location: boolean }} Wish
 */

/**
 * Where nothing has been chosen, the server does: JPEG for a JPEG, lossless PNG for all else.
 * @returns {Wish}
 */
export function storedWish() {
  const format = remember("save-format") ?? "";
  return { format: FORMATS.includes(format) ? format : "default", keep_location: remember("save-place") === "yes" };
}

/** @param {Partial<Wish>} wish */
export function keepWish({ format, keep_location }) {
  if (format !== undefined) remember("save-format", format);
  if (keep_location !== undefined) remember("save-place", keep_location ? "yes" : "no");
}

/**
 * The address of a file; shown: what stands for the run in addresses.
 * @param {string} shown
 * @param {string} file as the server names it, or a card's index with a wish
 */
export const fileAddress = (shown, file) => `lab/runs/${shown}/save/${file}`;

/**
 * @param {number} index of a card
 * @param {Wish} wish
 */
export const fileName = (index, { format, keep_location }) => `${index}.${keep_location ? "place." : ""}${format}`;
