/* Which part of the photo the results show: one window for all of them, so that the same place is
 * compared. In photo pixels, right and bottom exclusive; it may reach beyond the photo. */

import { clamp } from "../base/figures.js";
import { isStrip } from "../select/strip.js";

/**
 * @typedef {import("../types.js").Size} Size
 * @typedef {[x0: number, y0: number, x1: number, y1: number]} Part of the photo
 */

const AROUND = 1.6; // how much larger than what was erased a close-up is: the server knows the same figure
const FLATTEST = 1.5, TALLEST = 0.8; // shapes of a close-up, width over height
const WORTH = 1.15; // a close-up that enlarges less shows the photo once more
const MOST = 8; // times that a view is enlarged by itself
const SMALL_OBJECT = 0.5; // of a photo's side: what is smaller is shown closely by itself
const LONGEST = 3, NARROWEST = 0.5; // shapes of a picture: a longer part has room beside it
const FINEST = 24; // pixels of the photo that are seen at least

/** @param {Part} part */
export const shapeOf = ([x0, y0, x1, y1]) => (x1 - x0) / (y1 - y0);

/**
 * A part around a middle, in photo pixels.
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @returns {Part}
 */
const around = (x, y, width, height) => [x - width / 2, y - height / 2, x + width / 2, y + height / 2];

/**
 * The part, moved into the photo where it can be; in the middle of it where it is larger.
 * @param {Part} part
 * @param {Size} photo
 * @returns {Part}
 */
export function inside([x0, y0, x1, y1], { width, height }) {
  /** @type {(low: number, extent: number, whole: number) => number} */
  const start = (low, extent, whole) => extent >= whole ? (whole - extent) / 2 : clamp(low, 0, whole - extent);
  const x = start(x0, x1 - x0, width), y = start(y0, y1 - y0, height);
  return [x, y, x + x1 - x0, y + y1 - y0];
}

/**
 * All of the photo; of a strip with room beside it, so that its picture is no line.
 * @param {Size} photo
 * @returns {Part}
 */
export const wholeOf = ({ width, height }) => withRoom([0, 0, width, height], isStrip({ width, height }));

/**
 * A part that would be a line, with room beside it.
 * @param {Part} part
 * @param {boolean} line whether it may be one
 * @returns {Part}
 */
function withRoom(part, line = true) {
  const [x0, y0, x1, y1] = part;
  const width = x1 - x0, height = y1 - y0;
  const shape = clamp(width / height, NARROWEST, LONGEST);
  if (!line || shape === width / height) return part;
  return around((x0 + x1) / 2, (y0 + y1) / 2, Math.max(width, height * shape), Math.max(height, width / shape));
}

/**
 * The neighbourhood of what was erased; null where it is the whole photo, nearly.
 * @param {Size} photo
 * @param {import("../types.js").GridMask | null} mask
 * @returns {Part | null}
 */
export function closeOf(photo, mask) {
  if (mask?.close?.box) return withRoom(mask.close.box); // cut out by the server, with the photo's own pixels
  if (!mask?.box || isStrip(photo)) return null;
  const [x0, y0, x1, y1] = mask.box;
  const shape = clamp((x1 - x0) / (y1 - y0), TALLEST, FLATTEST);
  const high = Math.max(AROUND * (y1 - y0), AROUND * (x1 - x0) / shape, Math.max(photo.width, photo.height) / MOST);
  const width = Math.min(photo.width, high * shape), height = Math.min(photo.height, high);
  if (width * WORTH > photo.width && height * WORTH > photo.height) return null;
  return inside(around((x0 + x1) / 2, (y0 + y1) / 2, width, height), photo);
}

/**
 * Whether what was erased is so small that the results begin with its neighbourhood.
 * @param {Size} photo
 * @param {import("../types.js").GridMask | null} mask
 */
export const isSmall = (photo, mask) => {
  if (!mask?.box) return false;
  const [x0, y0, x1, y1] = mask.box;
  return isStrip(photo) || Math.max((x1 - x0) / photo.width, (y1 - y0) / photo.height) < SMALL_OBJECT;
};

/**
 * The part, seen `factor` times as large, with one place of it where it was.
 * @param {Part} part
 * @param {number} factor
 * @param {{ x: number, y: number }} at the place, in shares of the part
 * @param {Size} photo
 * @returns {Part}
 */
export function zoomed([x0, y0, x1, y1], factor, at, photo) {
  const [wx0, wy0, wx1, wy1] = wholeOf(photo);
  const width = x1 - x0, height = y1 - y0;
  const most = Math.max(1, (wx1 - wx0) / width, (wy1 - wy0) / height);
  const least = FINEST / Math.min(width, height);
  const scale = clamp(1 / factor, Math.min(1, least), most);
  const x = x0 + at.x * width * (1 - scale), y = y0 + at.y * height * (1 - scale);
  return inside([x, y, x + width * scale, y + height * scale], photo);
}

/**
 * A part that somebody asks for, as the photo has one: neither beyond it nor finer than its pixels.
 * @param {Part} part
 * @param {Size} photo
 */
export const fitting = (part, photo) => zoomed(withRoom(inside(part, photo)), 1, { x: 0.5, y: 0.5 }, photo);

/**
 * The part, moved by shares of itself.
 * @param {Part} part
 * @param {{ x: number, y: number }} by
 * @param {Size} photo
 */
export const moved = ([x0, y0, x1, y1], by, photo) => {
  const dx = by.x * (x1 - x0), dy = by.y * (y1 - y0);
  return inside([x0 + dx, y0 + dy, x1 + dx, y1 + dy], photo);
};

/**
 * One pixel of the photo on one of the screen, at the same middle.
 * @param {Part} part
 * @param {number} width pixels of the screen that a picture has
 * @param {Size} photo
 */
export const ownPixels = (part, width, photo) => zoomed(part, (part[2] - part[0]) / width, { x: 0.5, y: 0.5 }, photo);

/**
 * Where a picture of one part lies in the window on another, in percent of it, as styles.
 * @param {Part} picture
 * @param {Part} window
 */
export function placed(picture, window) {
  const width = window[2] - window[0], height = window[3] - window[1];
  /** @type {(share: number) => string} */
  const percent = (share) => +(100 * share).toFixed(4) + "%";
  return { left: percent((picture[0] - window[0]) / width), top: percent((picture[1] - window[1]) / height),
    width: percent((picture[2] - picture[0]) / width), height: percent((picture[3] - picture[1]) / height) };
}
