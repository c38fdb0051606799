/* What all results show together: the window on the photo, the divider, the original while it is held. */

import { clamp } from "../base/figures.js";
import { closeOf, fitting, isSmall, moved, ownPixels, placed, shapeOf, wholeOf, zoomed } from "./window.js";

/**
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {import("./window.js").Part} Part
 * @typedef {ReturnType<typeof makeLooking>} Looking
 */

const SPLITTING = [2, 98]; // percent between which the divider is in use

/**
 * @param {HTMLElement} root of the results; carries what all pictures follow
 * @param {() => void} changed the window or the divider is another
 */
export function makeLooking(root, changed) {
  /** @type {import("../types.js").Size} */
  let photo = { width: 4, height: 3 };
  /** @type {Part} */
  let whole = [0, 0, 4, 3];
  /** @type {Part | null} */
  let close = null;
  /** @type {Part | null} */
  let cut = null; // what the server has cut out of the pictures
  /** @type {Part} */
  let window = whole;
  let split = 0;
  let known = ""; // the run that was placed last
  /** @type {Part} */
  let first = whole; // what the run began with

  /** @param {string} name @param {Part | null} part */
  function place(name, part) {
    for (const [side, value] of Object.entries(placed(part ?? whole, window))) root.style.setProperty(`--${name}-${side}`, value);
  }

  /** @param {Part} part */
  function show(part) {
    window = part;
    root.style.setProperty("--shape", String(+shapeOf(window).toFixed(5)));
    place("photo", [0, 0, photo.width, photo.height]);
    place("near", cut);
    root.classList.toggle("is-close", window !== whole);
    changed();
  }

  return {
    /** The window's part of the photo. */
    get window() { return window; },
    get shape() { return shapeOf(window); },
    get split() { return split; },
    get offersClose() { return close !== null; },
    get isClose() { return close !== null && window === close; },
    /** The window, where it is another than the run began with. */
    get own() { return window === first ? null : window; },
    /** Whether there is more of the photo than is seen. */
    get isZoomed() { return window !== whole; },

    /** @param {number} percent of a picture's width that shows the original */
    setSplit(percent) {
      split = clamp(percent, 0, 100);
      root.style.setProperty("--split", split + "%");
      root.classList.toggle("is-splitting", split > SPLITTING[0] && split < SPLITTING[1]);
      changed();
    },

    /** @param {boolean} on all pictures show the original, as long as it is held */
    hold: (on) => root.classList.toggle("is-held", on),

    /**
     * Begin with a run: at what was erased, if that is small. A run that is placed already stays
     * as it is looked at.
     * @param {Grid & { photo: import("../types.js").Photo }} grid
     * @param {Part | null} [asked] the part that a link asks for
     */
    begin(grid, asked) {
      const name = grid.run + Boolean(grid.mask);
      if (known === name) return;
      known = name;
      photo = grid.photo;
      whole = wholeOf(photo);
      close = closeOf(photo, grid.mask);
      cut = grid.mask?.close?.box ?? null;
      first = close && isSmall(photo, grid.mask) ? close : whole;
      show(asked ? fitting(asked, photo) : first);
    },

    toggleClose() { show(close && window !== close ? close : whole); },
    showWhole() { show(whole); },
    /** @param {number} width pixels of the screen that a picture has */
    showOwnPixels(width) { show(ownPixels(window, width, photo)); },
    /** @param {number} factor @param {{ x: number, y: number }} at in shares of a picture */
    zoom(factor, at) {
      const next = zoomed(window, factor, at, photo);
      const [x0, , x1] = next;
      show(x1 - x0 >= whole[2] - whole[0] && shapeOf(next) === shapeOf(whole) ? whole : next);
    },
    /** @param {{ x: number, y: number }} by in shares of a picture */
    move(by) { show(moved(window, by, photo)); },
  };
}
