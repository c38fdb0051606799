/* Close-up: every card shows the object's neighbourhood. Of a small photo its view is enlarged; of a large
 * one, or a strip, the server has cut out pictures with the photo's own pixels. */

import { h } from "../base/dom.js";
import { isStrip } from "../select/strip.js";

const WORTH = 1.15; // a close-up that enlarges less shows the photo once more
const MOST = 8; // times that a view is enlarged

/**
 * @param {object} of
 * @param {HTMLElement} of.root the section of results
 * @param {HTMLElement} of.button turns it on and off
 */
export const makeCloseUp = ({ root, button }) => {
  let known = ""; // the run that was placed last
  let byItself = false; // it is on because a strip's cards begin so

  /** @param {boolean} on */
  function turn(on) {
    button.setAttribute("aria-pressed", String(on));
    root.classList.toggle("is-close", on);
  }

  /**
   * Enlarge the views around a box of the photo; how far.
   * @param {[number, number, number, number]} box x0, y0, x1, y1
   * @param {import("../types.js").Size} photo
   */
  function enlarge([x0, y0, x1, y1], photo) {
    const share = Math.min(1, Math.max((x1 - x0) / photo.width, (y1 - y0) / photo.height) * 1.6);
    const scale = Math.min(MOST, 1 / share);
    /**
     * @param {number} low
     * @param {number} high
     * @param {number} size
     */
    const at = (low, high, size) => {
      const centre = (low + high) / 2 / size; // keep the window inside the photo
      const half = 0.5 / scale;
      return Math.min(1 - half, Math.max(half, centre));
    };
    root.style.setProperty("--close-scale", String(scale));
    root.style.setProperty("--close-x", (0.5 - at(x0, x1, photo.width)) * 100 * scale + "%");
    root.style.setProperty("--close-y", (0.5 - at(y0, y1, photo.height)) * 100 * scale + "%");
    return scale;
  }

  return {
    toggle() {
      byItself = false;
      turn(button.getAttribute("aria-pressed") === "false");
    },

    /**
     * Where a run's close-up lies. Cards of a strip begin with it.
     * @param {import("../types.js").Grid & { photo: import("../types.js").Size }} run
     */
    place({ run, mask, photo }) {
      const strip = isStrip(photo);
      const offered = mask && (mask.close || (!strip && mask.box && enlarge(mask.box, photo) >= WORTH));
      button.hidden = !offered;
      if (known === run + Boolean(mask)) return; // drawn again, in another language
      known = run + Boolean(mask);
      if (byItself || !offered) turn(false);
      byItself = Boolean(strip && offered);
      if (byItself) turn(true);
    },

    /**
     * The pictures of a close-up, the upper one last.
     * @param {HTMLElement[]} images
     */
    layer: (...images) => [h("div.lab-close", {}, images)],
  };
};
