/* What all results show together: the window on the photo, the divider, the original while it is held. */

import { clamp } from "../base/figures.js";
import { makeLens, placesOf } from "./lens.js";
import { moved, ownPixels, shapeOf, zoomed } from "./window.js";

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
  /** @type {Map<string, import("./lens.js").Lens>} */
  const lenses = new Map(); // by the photo's id: results of one photo are always seen alike
  /** @type {Map<string, { lens: import("./lens.js").Lens, cut: Part | null }>} */
  const runs = new Map(); // what the server has cut out of a run's pictures
  /** @type {Map<HTMLElement, string>} */
  const worn = new Map(); // cards of several runs, with the run of each
  const nothing = makeLens(/** @type {import("../types.js").Photo} */ ({ width: 4, height: 3 }), null);
  let split = 0;
  let known = ""; // the run that was placed last, and whether its mask was there
  let of = ""; // the run alone

  /** The first photo's stands for all. */
  const first = () => lenses.values().next().value ?? nothing;

  /**
   * @param {HTMLElement} node
   * @param {string | undefined} run
   */
  function wear(node, run) {
    const own = runs.get(run ?? "");
    if (own) for (const [name, value] of Object.entries(placesOf(own.lens, own.cut))) node.style.setProperty(name, value);
  }

  /** @param {(lens: import("./lens.js").Lens) => Part} look what each photo's window is to be */
  function show(look) {
    for (const lens of lenses.values()) lens.window = look(lens);
    wear(root, runs.keys().next().value);
    for (const [node, run] of worn) wear(node, run);
    root.classList.toggle("is-close", first().window !== first().whole);
    changed();
  }

  return {
    /** The window's part of the photo. */
    get window() { return first().window; },
    get shape() { return shapeOf(first().window); },
    get split() { return split; },
    get offersClose() { return [...lenses.values()].some(({ close }) => close !== null); },
    get isClose() { const { close, window } = first(); return close !== null && window === close; },
    /** The window, where it is another than the run began with; of several photos there is none that stands for all. */
    get own() { return lenses.size > 1 || first().window === first().first ? null : first().window; },
    /** Whether there is more of the photo than is seen. */
    get isZoomed() { return first().window !== first().whole; },

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
      const parts = grid.parts ?? [grid];
      const name = parts.map((part) => part.run + Boolean(part.mask)).join();
      if (known === name) return;
      if (of !== grid.run || !grid.parts) for (const all of [lenses, runs, worn]) all.clear();
      known = name;
      of = grid.run;
      for (const { run, photo, mask } of parts) if (photo) place(run, photo, mask, asked);
      show(({ window }) => window);
    },

    /**
     * A card of one of several runs.
     * @param {HTMLElement} node
     * @param {string} run
     */
    wear(node, run) {
      if (worn.get(node) === run) return;
      worn.set(node, run);
      wear(node, run);
    },

    toggleClose() { const far = !this.isClose; show(({ close, whole }) => (far && close) || whole); },
    showWhole() { show(({ whole }) => whole); },
    /** @param {number} width pixels of the screen that a picture has */
    showOwnPixels(width) { show(({ window, photo }) => ownPixels(window, width, photo)); },
    /** @param {number} factor @param {{ x: number, y: number }} at in shares of a picture */
    zoom(factor, at) {
      show(({ window, photo, whole }) => {
        const next = zoomed(window, factor, at, photo);
        return next[2] - next[0] >= whole[2] - whole[0] && shapeOf(next) === shapeOf(whole) ? whole : next;
      });
    },
    /** @param {{ x: number, y: number }} by in shares of a picture */
    move(by) { show(({ window, photo }) => moved(window, by, photo)); },
  };

  /**
   * @param {string} run
   * @param {import("../types.js").Photo} photo
   * @param {import("../types.js").GridMask | null} mask
   * @param {Part | null} [asked]
   */
  function place(run, photo, mask, asked) {
    const before = lenses.get(photo.id);
    // Of one photo in several runs, the first that has a mask says where to look.
    const lens = before && (before.masked || !mask) ? before : Object.assign(before ?? {}, makeLens(photo, mask, asked));
    lenses.set(photo.id, lens);
    runs.set(run, { lens, cut: mask?.close?.box ?? null });
  }
}
