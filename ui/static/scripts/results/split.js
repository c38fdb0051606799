/* One slider position rules all cards, so that before and after are compared at the same place. */

import { h } from "../base/dom.js";
import { clamp } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";

/** @typedef {ReturnType<typeof makeSplit>} Split */

const DRAG = 4; // pixels after which a press is no click

/** @param {HTMLElement} root carries the position for all that is within */
export const makeSplit = (root) => {
  /** @type {Set<HTMLInputElement>} */
  const others = new Set(); // sliders of single cards
  /** @type {HTMLInputElement} */
  const slider = h("input.lab-split", { type: "range", min: "0", max: "100", step: "0.1", value: "0", "data-t-label": "grid.split",
    "data-testid": "split", oninput: () => set(Number(slider.value)) });

  /** @param {number} percent of a picture's width that shows the original */
  function set(percent) {
    slider.value = String(percent);
    root.style.setProperty("--split", percent + "%");
    for (const other of others) {
      if (other.isConnected) other.value = String(percent);
      else others.delete(other);
    }
  }

  /** A card's own handle and slider, for the keyboard and for assistive technology. */
  function handle() {
    /** @type {HTMLInputElement} */
    const own = h("input.lab-split-own", { type: "range", min: "0", max: "100", step: "1", value: slider.value,
      "aria-label": t("grid.split"), oninput: () => set(Number(own.value)) });
    others.add(own);
    return [h("div.lab-handle", { "aria-hidden": "true" }, icon("compare")), own];
  }

  /**
   * Dragging over a picture moves the slider; a press opens the picture.
   * @param {HTMLElement} picture
   * @param {() => void} open
   */
  function watchDrag(picture, open) {
    /** @type {{ x: number, y: number, moved: boolean } | null} */
    let from = null;
    picture.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = { x: event.clientX, y: event.clientY, moved: false };
      picture.setPointerCapture(event.pointerId);
    });
    picture.addEventListener("pointermove", (event) => {
      if (!from) return;
      from.moved ||= Math.abs(event.clientX - from.x) > DRAG;
      if (!from.moved) return;
      const rect = picture.getBoundingClientRect();
      set(clamp(((event.clientX - rect.left) / rect.width) * 100, 0, 100));
    });
    picture.addEventListener("pointerup", () => { if (from && !from.moved) open(); from = null; });
    picture.addEventListener("pointercancel", () => { from = null; });
  }

  const node = h("div.lab-splitter", {}, h("span", { "data-t": "grid.after" }), slider, h("span", { "data-t": "grid.before" }));
  set(0);
  return { node, set, handle, watchDrag, get percent() { return Number(slider.value); } };
};
