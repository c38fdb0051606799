/* The pointer on the stage: clicks, boxes, strokes, dragging and pinching. */

import { clamp } from "../base/figures.js";
import { lab, openPhoto } from "../base/state.js";
import { placedBox } from "./marks.js";
import { addBox, addPoint, removePoint } from "./prompting.js";
import { boxBetween, work } from "./work.js";

/**
 * @typedef {import("../types.js").Place} Place
 *
 * A button that is held down: it drags the photo, or does what the tool does.
 * @typedef {object} Press
 * @property {number} x of the window
 * @property {number} y
 * @property {(dx: number, dy: number) => void} [drag]
 * @property {Place} at photo pixels
 * @property {HTMLElement | null} mark that it began on
 * @property {boolean} minus
 * @property {boolean} [dragging]
 */

const DRAG = 6; // screen pixels after which a press is a box and no longer a click
const DOUBLE = { milliseconds: 350, pixels: 5 }; // at most, between the two presses of a double click

/** @param {number} value */
const hundredths = (value) => Math.round(value * 100) / 100; // finer than any pointer; short in a case file

/**
 * A pointer's place on the photo, in its pixels.
 * @param {HTMLElement} view
 * @param {MouseEvent} event
 * @returns {Place}
 */
export function toPhoto(view, event) {
  const rect = view.getBoundingClientRect();
  const { width, height } = openPhoto();
  return {
    x: clamp(hundredths(((event.clientX - rect.left) / rect.width) * width), 0, width - 0.01),
    y: clamp(hundredths(((event.clientY - rect.top) / rect.height) * height), 0, height - 0.01),
  };
}

/**
 * @param {HTMLElement} view
 * @param {MouseEvent} event
 */
const isInside = (view, event) => {
  const rect = view.getBoundingClientRect();
  return event.clientX >= rect.left && event.clientX <= rect.right && event.clientY >= rect.top && event.clientY <= rect.bottom;
};

/**
 * What of some kind an event happened on.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
const under = (event, selector) => /** @type {HTMLElement} */ (event.target).closest(selector);

/** Tells the second press of a double click, which means the same thing as the first. */
const makeDoubles = () => {
  /** @type {{ time: number, button: number, x: number, y: number } | null} */
  let last = null;
  /** @param {PointerEvent} event */
  return (event) => {
    const again = last && event.button === last.button && event.timeStamp - last.time < DOUBLE.milliseconds &&
      Math.hypot(event.clientX - last.x, event.clientY - last.y) < DOUBLE.pixels;
    last = { time: event.timeStamp, button: event.button, x: event.clientX, y: event.clientY };
    return again;
  };
};

/**
 * Show a box that is being drawn.
 * @param {HTMLElement} rubber
 * @param {Place} from
 * @param {Place} to
 * @param {boolean} negative
 */
export function stretch(rubber, from, to, negative) {
  rubber.classList.toggle("minus", negative);
  rubber.setAttribute("style", placedBox(boxBetween(from, to), openPhoto()));
  rubber.hidden = false;
}

/**
 * @param {object} of
 * @param {import("./stage.js").Stage} of.stage
 * @param {import("./toolbar.js").Toolbar} of.tools
 * @param {import("./zoom.js").Zoom} of.zoom
 * @param {ReturnType<typeof import("./brush.js").makeBrush>} of.brush
 * @param {ReturnType<typeof import("./hover.js").makeHover>} of.hover
 * @param {{ readonly drags: boolean, readonly flips: boolean }} of.keyboard
 * @param {() => boolean} of.busy whether a mask is on its way
 */
export const makePointing = ({ stage, tools, zoom, brush, hover, keyboard, busy }) => {
  const { node, view, rubber, cross } = stage;
  /** @type {Press | null} */
  let press = null;
  /** @type {PointerEvent | null} */
  let resting = null; // the pointer's last move over the stage
  const isDouble = makeDoubles();

  /**
   * @param {PointerEvent} event
   * @returns {Press | null}
   */
  function pressOf(event) {
    const { clientX: x, clientY: y, button } = event;
    const at = toPhoto(view, event);
    if (button === 1 || (button === 0 && keyboard.drags)) return { x, y, at, mark: null, minus: false, drag: zoom.drag() };
    if (!isInside(view, event) || (button !== 0 && button !== 2)) return null;
    const flipped = button === 2 || event.shiftKey || event.altKey || keyboard.flips;
    return { x, y, at, mark: under(event, ".lab-mark"), minus: tools.minus !== flipped };
  }

  node.addEventListener("pointerdown", (event) => {
    if (!lab.photo || under(event, "button")) return;
    hover.cancel();
    if (zoom.touch(event)) { abandon(); return; }
    const begun = pressOf(event);
    if (!begun) return;
    press = begun;
    if (tools.tool === "brush" && !press.drag) brush.start(press.at, tools.brushSize.width, press.minus);
    if (event.pointerType !== "touch" || tools.tool !== "click") node.setPointerCapture(event.pointerId);
  });

  function abandon() {
    if (brush.active) brush.cancel();
    press = null;
    rubber.hidden = true;
  }

  node.addEventListener("pointermove", (event) => {
    resting = event;
    if (zoom.touchMove(event)) return;
    if (!press) considerHover(event);
    else if (press.drag) press.drag(event.clientX - press.x, event.clientY - press.y);
    else if (brush.active) brush.move(event);
    else {
      press.dragging ||= Math.hypot(event.clientX - press.x, event.clientY - press.y) > DRAG;
      if (press.dragging) stretch(rubber, press.at, toPhoto(view, event), press.minus);
    }
  });

  /** @param {PointerEvent} event */
  function considerHover(event) {
    const aims = event.pointerType === "mouse" && tools.tool === "click" && !tools.minus && !busy() && lab.photo && isInside(view, event);
    if (aims && !under(event, ".lab-mark, button")) hover.at(toPhoto(view, event));
    else hover.cancel();
  }
  node.addEventListener("pointerleave", () => { resting = null; hover.cancel(); });

  node.addEventListener("pointerup", (event) => {
    if (zoom.touchEnd(event)) { abandon(); return; }
    const done = press;
    press = null;
    rubber.hidden = true;
    if (!done || done.drag) return;
    cross.hidden = true;
    const stroke = brush.finish();
    if (stroke) work.commit({ ...work.value, strokes: [...work.value.strokes, stroke] });
    else if (done.dragging) addBox(boxBetween(done.at, toPhoto(view, event)), done.minus);
    else if (isDouble(event)) return; // the second press of a double click means the same thing, not another point
    else if (done.mark) removePoint(Number(done.mark.dataset.object), Number(done.mark.dataset.point));
    else addPoint({ ...done.at, label: done.minus ? 0 : 1 });
  });

  node.addEventListener("pointercancel", (event) => {
    zoom.touchEnd(event);
    abandon();
  });
  node.addEventListener("contextmenu", (event) => { if (lab.photo) event.preventDefault(); });

  /** A pointer that has come to rest meanwhile may want a preview. */
  return { rested: () => { if (resting && !press) considerHover(resting); } };
};
