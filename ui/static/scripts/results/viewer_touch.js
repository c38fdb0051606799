/* Fingers on the large view of a whole picture: a swipe leads to the next eraser, a long press shows the original. */

const SWIPE = 50; // pixels sideways, and more sideways than up
const LONG = 350; // milliseconds
const STILL = 8; // pixels that a resting finger moves

/**
 * @param {HTMLElement} area
 * @param {object} of
 * @param {() => boolean} of.whole whether all of the picture is seen: else a finger moves it
 * @param {(by: number) => void} of.step
 * @param {(on: boolean) => void} of.hold
 */
export function watchFingers(area, { whole, step, hold }) {
  /** @type {{ x: number, y: number } | null} */
  let start = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let long;

  function end() {
    clearTimeout(long);
    hold(false);
    start = null;
  }

  area.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    if (!event.isPrimary || !whole()) { end(); return; } // two fingers enlarge
    start = { x: event.clientX, y: event.clientY };
    long = setTimeout(() => { if (start) hold(true); }, LONG);
  });
  area.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start.x, event.clientY - start.y) > STILL) clearTimeout(long);
  });
  area.addEventListener("pointerup", (event) => {
    const from = start;
    end();
    if (!from) return;
    const x = event.clientX - from.x, y = event.clientY - from.y;
    if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
  });
  area.addEventListener("pointercancel", end);
  area.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long press
}
