/* What a point, a box and a point taken back do. What a click means, the server decides: another object, or more of one. */

import { emit, on } from "../base/events.js";
import { t } from "../base/languages.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { pointed, sentObjects, work } from "./work.js";

/** @typedef {import("../types.js").Gesture} Gesture */

let refining = false; // clicks say more of the object that is being worked on

export const refine = {
  get on() { return refining; },
  toggle() {
    refining = !refining;
    emit("refining");
  },
};
on("photo", () => { if (refining) refine.toggle(); });

/**
 * How a click is meant, beside which object.
 * @param {boolean} join it belongs to that object whatever becomes of it
 * @returns {Pick<Gesture, "how" | "near" | "view">}
 */
export function meaning(join = false) {
  const near = sentObjects().indexOf(work.value.active);
  const fresh = near < 0 && !work.value.clicks.length; // "another object" was asked for
  return { how: fresh ? "new" : join ? "join" : refining ? "refine" : "meant", near: near < 0 ? null : near, view: lab.seenSide() };
}

/** Whether there is an object from which something may be taken away. */
const selected = () => work.value.objects.some(pointed) || work.value.clicks.length > 0;

/**
 * @param {import("../types.js").Point} point
 * @param {boolean} [join]
 */
export function addPoint(point, join) {
  if (point.label || selected()) work.gesture({ ...point, ...meaning(join) });
  else notice(t("canvas.minus.first"));
}

/**
 * @param {import("../types.js").Box} box
 * @param {boolean} negative whether what is in it does not belong to the object
 */
export function addBox(box, negative) {
  if (box.x1 - box.x0 < 2 || box.y1 - box.y0 < 2) return;
  if (!negative) work.gesture({ box, ...meaning() });
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
