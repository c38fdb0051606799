/* Points and boxes over the photo, placed in shares of its size. */

import { h } from "../base/dom.js";
import { t } from "../base/languages.js";
import { openPhoto } from "../base/state.js";
import { objectColor } from "./objects.js";
import { work } from "./work.js";

/**
 * @typedef {import("../types.js").Box} Box
 * @typedef {import("../types.js").ObjectPrompt} ObjectPrompt
 * @typedef {import("../types.js").Place} Place
 * @typedef {import("../types.js").Size} Size
 */

/**
 * The style of something that stands at a point of the photo.
 * @param {Place} point
 * @param {Size} photo
 */
export const placedPoint = (point, { width, height }) => `left:${(point.x / width) * 100}%;top:${(point.y / height) * 100}%`;

/**
 * The style of something that covers a box of the photo.
 * @param {Box} box
 * @param {Size} photo
 */
export const placedBox = (box, { width, height }) => `left:${(box.x0 / width) * 100}%;top:${(box.y0 / height) * 100}%;` +
  `width:${((box.x1 - box.x0) / width) * 100}%;height:${((box.y1 - box.y0) / height) * 100}%`;

/**
 * @param {ObjectPrompt} object
 * @param {number} which its place among the objects
 */
const marksOf = (object, which) => {
  const photo = openPhoto();
  const colour = `;--object:${objectColor(which)}`;
  /**
   * @param {Box} box
   * @param {string} kind
   */
  const frame = (box, kind) => h("div." + kind, { style: placedBox(box, photo) + colour });
  return [
    ...(object.box ? [frame(object.box, "lab-box")] : []),
    ...object.negative_boxes.map((box) => frame(box, "lab-box.minus")),
    ...object.points.map((point, index) => h("div.lab-mark." + (point.label ? "plus" : "minus"),
      { style: placedPoint(point, photo) + colour, "data-object": String(which), "data-point": String(index), title: t("canvas.remove.point") }))];
};

/**
 * A click or a box that the server is being asked about.
 * @param {import("../types.js").Gesture} gesture
 */
const pending = ({ x = 0, y = 0, label, box }) => h(box ? "div.lab-box" : "div.lab-mark.is-pending." + (label ? "plus" : "minus"),
  { style: box ? placedBox(box, openPhoto()) : placedPoint({ x, y }, openPhoto()) });

/**
 * Draw the marks of all objects that are on.
 * @param {HTMLElement} layer
 */
export const showMarks = (layer) =>
  layer.replaceChildren(...work.value.objects.flatMap((object, which) => (object.on ? marksOf(object, which) : [])), ...work.value.clicks.map(pending));
