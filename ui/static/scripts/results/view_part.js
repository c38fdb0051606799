/* The large view's enlargement as a part of the photo, and back: a link is opened in another window. */

import { clamp } from "../base/figures.js";

/**
 * @typedef {import("./window.js").Part} Part
 * @typedef {import("../types.js").Size} Size
 * @typedef {{ scale: number, shift: import("../types.js").Place }} View scale 1: the photo fits; shift in pixels of the screen
 * @typedef {{ photo: Size, fitted: Size, area: Size }} Extent fitted: pixels of the photo on the screen at scale 1
 */

/**
 * The part of the photo that lies in the area; what is beyond the photo's edge is none.
 * @param {View} view
 * @param {Extent} extent
 * @returns {Part}
 */
export function partSeen({ scale, shift }, { photo, fitted, area }) {
  /** @type {(at: number, whole: number, seen: number, window: number, off: number) => number} */
  const place = (at, whole, seen, window, off) => clamp(((at - window / 2 - off) / scale / seen + 0.5) * whole, 0, whole);
  const x = [0, area.width].map((at) => place(at, photo.width, fitted.width, area.width, shift.x));
  const y = [0, area.height].map((at) => place(at, photo.height, fitted.height, area.height, shift.y));
  return [x[0], y[0], x[1], y[1]];
}

/**
 * The enlargement that has the part in the area, as large as it can be.
 * @param {Part} part
 * @param {Extent} extent
 * @param {number} most
 * @returns {View}
 */
export function viewOf([x0, y0, x1, y1], { photo, fitted, area }, most) {
  const scale = clamp(Math.min(area.width / ((x1 - x0) * fitted.width / photo.width), area.height / ((y1 - y0) * fitted.height / photo.height)), 1, most);
  const shift = { x: (0.5 - (x0 + x1) / 2 / photo.width) * fitted.width * scale, y: (0.5 - (y0 + y1) / 2 / photo.height) * fitted.height * scale };
  return { scale, shift: scale === 1 ? { x: 0, y: 0 } : shift };
}
