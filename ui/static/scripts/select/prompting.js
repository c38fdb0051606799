/* What a point, a box and a point taken back do to the object that is being worked on. */

import { t } from "../base/languages.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { pointed, work } from "./work.js";

/** @param {import("../types.js").Point} point */
export function addPoint(point) {
  const view = pointed(work.active) ? work.active.view : lab.seenSide();
  work.changeActive({ points: [...work.active.points, point], view });
}

/**
 * @param {import("../types.js").Box} box
 * @param {boolean} negative whether what is in it does not belong to the object
 */
export function addBox(box, negative) {
  if (box.x1 - box.x0 < 2 || box.y1 - box.y0 < 2) return;
  if (!negative) work.changeActive({ box, level: null, view: lab.seenSide() });
  else if (pointed(work.active)) work.changeActive({ negative_boxes: [...work.active.negative_boxes, box] });
  else notice(t("canvas.minus.first"));
}

/**
 * @param {number} which object
 * @param {number} index of its point
 */
export function removePoint(which, index) {
  work.activate(which);
  work.changeActive({ points: work.active.points.filter((_, place) => place !== index) });
}
