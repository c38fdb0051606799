/* Zoom and pan of the photo on its stage: wheel with Ctrl, two fingers, keys, dragging.
 *
 * The photo's element has the size that is seen. It is not scaled by a transform: within one, browsers round
 * places to whole pixels before they are scaled, and tiles and marks would lie beside theirs.
 */

import { clamp } from "../base/figures.js";
import { lab, openPhoto } from "../base/state.js";
import { stageLayout } from "./strip.js";

const MOST = 16; // times; or as many as make a pixel of the photo plain to see
const PIXEL = 8; // pixels of the page for one of the photo
const LARGEST = 3e7; // pixels of a side that browsers lay out
const GAP = 8; // pixels of the page around the tools
const PHONE = 820; // pixels of the page: as in the styles
const MARGIN = 24; // pixels of the window between what is revealed and the stage's edge

/**
 * @typedef {import("../types.js").Seen} Seen
 * @typedef {import("./strip.js").Layout} Layout
 * @typedef {ReturnType<typeof makeZoom>} Zoom
 */

/**
 * @param {object} of
 * @param {HTMLElement} of.stage
 * @param {HTMLElement} of.view the photo's element
 * @param {HTMLElement} of.bar the tools, which float over the stage: at its top, on phones by the thumb at its bottom
 * @param {(now: { scale: number, along: Layout["along"], seen: Seen }) => void} of.onchange called after every
 *   change; along: where a strip pans; seen: what the stage shows
 */
export const makeZoom = ({ stage, view, bar, onchange }) => {
  const holder = /** @type {HTMLElement} */ (stage.parentElement);
  let scale = 1;
  let pan = { x: 0, y: 0 };
  let kept = 0; // pixels that the tools have for themselves while the whole photo is seen
  /** @type {Layout} */
  let base = { stage: 0, width: 0, height: 0, along: "" }; // the photo at scale 1
  /** @type {{ distance: number, x: number, y: number } | null} */
  let pinch = null;
  /** @type {Map<number, import("../types.js").Place>} */
  const touches = new Map();

  /**
   * How far a side may be panned to either end. Of a strip more than the stage is there at scale 1.
   * @param {number} own
   * @param {number} stageSide
   */
  const room = (own, stageSide) => Math.max(0, own * (scale - 1), own * scale - stageSide) / 2;
  const roomX = () => room(base.width, stage.clientWidth);
  const roomY = () => room(base.height, stage.clientHeight - kept);
  const onPhone = () => innerWidth <= PHONE;
  /** The part of the stage that the tools leave free, on the screen. */
  function free() {
    const { left, right, top, bottom } = stage.getBoundingClientRect();
    return onPhone() ? { left, right, top, bottom: bottom - kept } : { left, right, top: top + kept, bottom };
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  function moveTo(x, y) {
    pan = { x: clamp(x, -roomX(), roomX()), y: clamp(y, -roomY(), roomY()) };
    place("left", "width", base.width * scale, stage.clientWidth, pan.x);
    place("top", "height", base.height * scale, stage.clientHeight, pan.y + (onPhone() ? -kept : kept) / 2);
    view.style.setProperty("--zoom", String(scale));
    onchange({ scale, along: base.along, seen: seen() });
  }

  /**
   * One side: its middle is the stage's, but for the pan. Whole pixels begin where the screen's do.
   * @param {"left" | "top"} start
   * @param {"width" | "height"} side
   * @param {number} size
   * @param {number} stageSide
   * @param {number} off
   */
  function place(start, side, size, stageSide, off) {
    view.style[side] = size + "px";
    view.style[start] = Math.round((stageSide - size) / 2 + off) + "px";
  }

  function seen() {
    const [photo, part] = [view.getBoundingClientRect(), stage.getBoundingClientRect()];
    /**
     * @param {number} edge
     * @param {number} start
     * @param {number} length
     */
    const share = (edge, start, length) => clamp((edge - start) / Math.max(1, length), 0, 1);
    return { x0: share(part.left, photo.left, photo.width), x1: share(part.right, photo.left, photo.width),
      y0: share(part.top, photo.top, photo.height), y1: share(part.bottom, photo.top, photo.height) };
  }

  /**
   * Bring a place to the stage's middle, in shares of the photo; null leaves a side as it is.
   * @param {number | null} x
   * @param {number | null} y
   */
  function centre(x, y) {
    /**
     * @param {number | null} share
     * @param {number} size
     * @param {number} now
     */
    const to = (share, size, now) => (share === null ? now : (0.5 - share) * size * scale);
    moveTo(to(x, base.width, pan.x), to(y, base.height, pan.y));
  }

  const most = () => Math.min(Math.max(MOST, (PIXEL * openPhoto().width) / base.width), LARGEST / Math.max(base.width, base.height));

  /**
   * What lies under (clientX, clientY) stays there.
   * @param {number} factor
   * @param {number} clientX
   * @param {number} clientY
   */
  function by(factor, clientX, clientY) {
    const rect = view.getBoundingClientRect();
    const was = scale;
    scale = clamp(scale * factor, 1, most());
    const shift = 1 - scale / was;
    moveTo(pan.x + (clientX - rect.left - rect.width / 2) * shift, pan.y + (clientY - rect.top - rect.height / 2) * shift);
  }

  /** @param {number} factor */
  function byAtCentre(factor) {
    const part = free();
    by(factor, (part.left + part.right) / 2, (part.top + part.bottom) / 2);
  }

  function layout() {
    if (!lab.photo) return;
    const was = base.width;
    base = stageLayout(lab.photo, holder.clientWidth);
    stage.classList.toggle("is-strip", base.along !== "");
    stage.dataset.along = base.along;
    kept = bar.offsetHeight ? bar.offsetHeight + 2 * GAP : 0;
    stage.style.height = base.stage + kept + "px";
    holder.parentElement?.style.setProperty("--stage", base.stage + "px"); // where on phones the tools begin
    holder.style.setProperty("--bar", (onPhone() ? kept : 0) + "px");
    const grown = was ? base.width / was : 1; // what was in the middle stays there
    moveTo(pan.x * grown, pan.y * grown);
  }

  function reset() {
    scale = 1;
    pan = { x: 0, y: 0 };
    layout();
  }

  const pair = () => {
    const [a, b] = [...touches.values()];
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  stage.addEventListener("wheel", (event) => {
    if (!lab.photo) return;
    if (!(event.ctrlKey || event.metaKey)) { sideways(event); return; }
    event.preventDefault();
    by(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
  }, { passive: false });
  const watching = new ResizeObserver(layout);
  for (const node of [holder, bar]) watching.observe(node);

  /**
   * A plain wheel scrolls the page; with Shift, or where it goes sideways, it pans a photo that is larger than the stage.
   * @param {WheelEvent} event
   */
  function sideways(event) {
    const way = event.deltaX || (event.shiftKey ? event.deltaY : 0);
    const down = base.along === "y" && event.shiftKey;
    if (!way || !(down ? roomY() : roomX())) return;
    event.preventDefault();
    const step = way * (event.deltaMode === 1 ? 30 : 1); // lines or pixels
    moveTo(pan.x - (down ? 0 : step), pan.y - (down ? step : 0));
  }

  /**
   * Pan just so far that (x, y), shares of the photo, lies on the stage.
   * @param {number} x
   * @param {number} y
   */
  function reveal(x, y) {
    const rect = view.getBoundingClientRect();
    const part = free();
    /**
     * @param {number} at
     * @param {number} low
     * @param {number} high
     */
    const into = (at, low, high) => clamp(at, low + MARGIN, high - MARGIN) - at;
    const dx = into(rect.left + x * rect.width, part.left, part.right);
    const dy = into(rect.top + y * rect.height, part.top, part.bottom);
    if ((scale > 1 || base.along) && (dx || dy)) moveTo(pan.x + dx, pan.y + dy);
  }

  return {
    by: byAtCentre, reset, reveal, centre, seen,
    get pinching() { return pinch !== null; },
    /** Drag the photo itself: call with the pointer's way since the drag began. */
    drag: () => {
      const from = { ...pan };
      /**
       * @param {number} dx
       * @param {number} dy
       */
      return (dx, dy) => moveTo(from.x + dx, from.y + dy);
    },
    /**
     * @param {PointerEvent} event
     * @returns {boolean} whether it is part of a pinch
     */
    touch(event) {
      if (event.pointerType !== "touch") return false;
      touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (touches.size === 2) pinch = pair();
      return touches.size >= 2;
    },
    /**
     * @param {PointerEvent} event
     * @returns {boolean} whether it is part of a pinch
     */
    touchMove(event) {
      if (touches.has(event.pointerId)) touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (!pinch || touches.size < 2) return pinch !== null;
      const now = pair();
      by(now.distance / Math.max(1, pinch.distance), now.x, now.y);
      moveTo(pan.x + now.x - pinch.x, pan.y + now.y - pinch.y);
      pinch = now;
      return true;
    },
    /**
     * True when this finger was part of a pinch, so that its lifting means nothing else.
     * @param {PointerEvent} event
     */
    touchEnd(event) {
      touches.delete(event.pointerId);
      const was = pinch !== null;
      if (touches.size < 2) pinch = null;
      return was;
    },
  };
};
