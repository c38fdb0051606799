/* Pointers on the results' pictures: a press opens one, a long press shows the original in all; the
 * divider is dragged, what is enlarged is moved, wheel and two fingers enlarge all at the same place. */

import { clamp } from "../base/figures.js";

/**
 * @typedef {import("./looking.js").Looking} Looking
 * @typedef {import("../types.js").Place} Place
 */

const DRAG = 4; // pixels after which a press is no click
const LONG = 350; // milliseconds after which a press holds the original
const NEAR = 24; // pixels beside the divider that still grasp it
const WHEEL = 300; // pixels of a wheel that enlarge e times

/**
 * @param {HTMLElement} picture
 * @param {{ clientX: number, clientY: number }} event
 */
const shareOf = (picture, { clientX, clientY }) => {
  const { left, top, width, height } = picture.getBoundingClientRect();
  return { x: clamp((clientX - left) / width, 0, 1), y: clamp((clientY - top) / height, 0, 1) };
};

/**
 * @param {HTMLElement} picture
 * @param {Looking} looking
 * @param {() => void} open
 */
export function watchPicture(picture, looking, open) {
  /** @type {Map<number, Place>} */
  const down = new Map(); // pointers, where they were last
  /** @type {"press" | "held" | "split" | "move" | "pinch" | null} */
  let doing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let long;
  let start = { x: 0, y: 0 };

  /** @param {PointerEvent} event */
  const grasps = (event) => {
    const { left, width } = picture.getBoundingClientRect();
    return event.pointerType === "touch" || !looking.isZoomed || Math.abs(start.x - left - (looking.split / 100) * width) < NEAR;
  };

  function end() {
    clearTimeout(long);
    if (doing === "held") looking.hold(false);
    doing = null;
    down.clear();
  }

  /** @param {PointerEvent} event */
  function pinch(event) {
    const was = down.get(event.pointerId);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    if (!was || !other) return;
    const { width, height } = picture.getBoundingClientRect();
    const span = Math.hypot(was.x - other.x, was.y - other.y), now = Math.hypot(event.clientX - other.x, event.clientY - other.y);
    looking.zoom(now / Math.max(1, span), shareOf(picture, { clientX: (event.clientX + other.x) / 2, clientY: (event.clientY + other.y) / 2 }));
    looking.move({ x: (was.x - event.clientX) / 2 / width, y: (was.y - event.clientY) / 2 / height });
  }

  /** @param {PointerEvent} event */
  function drag(event) {
    const was = down.get(event.pointerId);
    if (!was) return;
    if (doing === "split") looking.setSplit(100 * shareOf(picture, event).x);
    if (doing !== "move") return;
    const { width, height } = picture.getBoundingClientRect();
    looking.move({ x: (was.x - event.clientX) / width, y: (was.y - event.clientY) / height });
  }

  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    picture.setPointerCapture(event.pointerId);
    clearTimeout(long);
    if (down.size > 1) { if (doing === "held") looking.hold(false); doing = "pinch"; return; }
    start = { x: event.clientX, y: event.clientY };
    doing = "press";
    long = setTimeout(() => { if (doing === "press") { doing = "held"; looking.hold(true); } }, LONG);
  });
  picture.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) return;
    if (doing === "press" && Math.hypot(event.clientX - start.x, event.clientY - start.y) > DRAG) {
      clearTimeout(long);
      doing = grasps(event) ? "split" : "move";
    }
    if (doing === "pinch") pinch(event);
    else drag(event);
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  picture.addEventListener("pointerup", () => {
    const pressed = doing === "press";
    end();
    if (pressed) open();
  });
  picture.addEventListener("pointercancel", end);
  picture.addEventListener("contextmenu", (event) => { if (doing) event.preventDefault(); }); // of a long press on a phone
  picture.addEventListener("wheel", (event) => {
    const out = event.deltaY > 0;
    if (out && !looking.isZoomed) return; // there is no more to see: the page scrolls
    event.preventDefault();
    looking.zoom(Math.exp(-event.deltaY / WHEEL), shareOf(picture, event));
  }, { passive: false });
}
