/* The brush: a stroke is drawn here within the frame, and then becomes part of the server's mask. */

import { openPhoto } from "../base/state.js";

/**
 * @typedef {import("../types.js").Place} Place
 * @typedef {import("../types.js").Stroke} Stroke
 */

const MOST_POINTS = 1000; // of one stroke; the server has a limit too
/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/**
 * @param {object} of
 * @param {HTMLElement} of.view the photo's element
 * @param {HTMLCanvasElement} of.scratch drawn on
 * @param {(event: PointerEvent) => Place} of.toPhoto turns a pointer event into photo pixels
 * @param {() => import("../types.js").Seen} of.seen what the stage shows
 */
export const makeBrush = ({ view, scratch, toPhoto, seen }) => {
  /** @type {Stroke | null} */
  let stroke = null;
  let part = { x: 0, y: 0, width: 1 }; // of the photo that the canvas covers, in its pixels
  const pen = /** @type {CanvasRenderingContext2D} */ (scratch.getContext("2d"));

  function clear() {
    pen.resetTransform();
    pen.clearRect(0, 0, scratch.width, scratch.height);
  }

  /** The part of the photo that is seen: a canvas as large as a photo zoomed in would be too large to draw on. */
  function spread() {
    const { x0, y0, x1, y1 } = seen();
    const photo = openPhoto();
    scratch.width = Math.ceil((x1 - x0) * view.offsetWidth * devicePixelRatio);
    scratch.height = Math.ceil((y1 - y0) * view.offsetHeight * devicePixelRatio);
    /** @param {number} share */
    const percent = (share) => share * 100 + "%";
    Object.assign(scratch.style, { left: percent(x0), top: percent(y0), width: percent(x1 - x0), height: percent(y1 - y0) });
    return { x: x0 * photo.width, y: y0 * photo.height, width: (x1 - x0) * photo.width };
  }

  /** @param {Stroke} line */
  function draw(line) {
    const scale = scratch.width / part.width;
    clear();
    pen.translate(-part.x * scale, -part.y * scale);
    pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = line.width * scale;
    pen.strokeStyle = line.erase ? "rgb(255 255 255 / 70%)" : "rgb(255 45 100 / 58%)";
    pen.beginPath();
    pen.moveTo(line.points[0][0] * scale, line.points[0][1] * scale);
    // The hundredth makes a single point a dot: a line without length is not drawn.
    for (const [x, y] of line.points) pen.lineTo(x * scale, y * scale + 0.01);
    pen.stroke();
  }

  return {
    clear,
    get active() { return stroke !== null; },
    /**
     * @param {Place} at
     * @param {number} width photo pixels
     * @param {boolean} erase whether it takes away
     */
    start(at, width, erase) {
      stroke = { points: [[round(at.x), round(at.y)]], width, erase };
      part = spread();
      draw(stroke);
    },
    /** @param {PointerEvent} event */
    move(event) {
      if (!stroke) return;
      const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const one of events.length ? events : [event]) {
        const at = toPhoto(one);
        const [x, y] = stroke.points[stroke.points.length - 1];
        // Closer than a sixth of the brush adds nothing that can be seen.
        const far = Math.hypot(at.x - x, at.y - y) > stroke.width / 6;
        if (far && stroke.points.length < MOST_POINTS) stroke.points.push([round(at.x), round(at.y)]);
      }
      draw(stroke);
    },
    /** The stroke that was drawn; it stays to be seen until `clear`. */
    finish() {
      const done = stroke;
      stroke = null;
      return done;
    },
    cancel() {
      stroke = null;
      clear();
    },
  };
};
