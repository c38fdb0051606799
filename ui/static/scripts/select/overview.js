/* A small picture of a whole strip beside the stage: it says where one is, and leads elsewhere by
 * pointer and keyboard. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { clamp } from "../base/figures.js";
import { t } from "../base/languages.js";
import { openPhoto } from "../base/state.js";

/** @typedef {import("../types.js").Seen} Seen */

/**
 * node: the small picture with its hint, hidden unless the photo is a strip.
 * @param {object} of
 * @param {import("./zoom.js").Zoom} of.zoom of the stage
 */
export const makeOverview = ({ zoom }) => {
  const picture = h("img", { alt: "", draggable: "false" });
  const mask = h("img.lab-overlay", { alt: "", draggable: "false", hidden: true });
  const here = h("div.lab-overview-window");
  const slider = h("div.lab-overview", { tabindex: "0", role: "slider", "aria-valuemin": "0", "aria-valuemax": "100",
    "data-t-label": "canvas.overview", "data-testid": "overview" }, h("div.lab-overview-photo", {}, picture, mask), here);
  const touch = matchMedia("(pointer: coarse)");
  const hint = h("p.lab-hint.lab-overview-hint");
  /** @type {import("./strip.js").Layout["along"]} */
  let along = "";
  /** @type {Seen | null} */
  let seen = null;

  const low = () => (seen ? seen[along === "y" ? "y0" : "x0"] : 0);
  const high = () => (seen ? seen[along === "y" ? "y1" : "x1"] : 1);

  /**
   * Show another place: the middle of the stage, as a share of the long side.
   * @param {number} share
   */
  const go = (share) => zoom.centre(along === "x" ? share : null, along === "y" ? share : null);

  /** @param {PointerEvent} event */
  function toPointer(event) {
    const rect = slider.getBoundingClientRect();
    go(along === "x" ? (event.clientX - rect.left) / rect.width : (event.clientY - rect.top) / rect.height);
  }

  slider.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    slider.setPointerCapture(event.pointerId);
    toPointer(event);
  });
  slider.addEventListener("pointermove", (event) => { if (slider.hasPointerCapture(event.pointerId)) toPointer(event); });

  slider.addEventListener("keydown", (event) => {
    const length = high() - low(), middle = (low() + high()) / 2;
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -0.25, ArrowUp: -0.25, ArrowRight: 0.25, ArrowDown: 0.25, PageUp: -0.9, PageDown: 0.9 };
    /** @type {Record<string, number>} */
    const ends = { Home: 0, End: 1 };
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in steps || event.key in ends)) return;
    event.preventDefault();
    go(event.key in ends ? ends[event.key] : middle + steps[event.key] * length);
  });

  function say() {
    hint.textContent = t(touch.matches ? "canvas.overview.touch" : along === "y" ? "canvas.overview.down" : "canvas.overview.across");
    if (!seen) return;
    /** @param {number} share */
    const percent = (share) => Math.round(share * 100);
    const middle = percent(low() / Math.max(1e-6, 1 - (high() - low())));
    slider.setAttribute("aria-valuenow", String(clamp(middle, 0, 100)));
    slider.setAttribute("aria-valuetext", t("canvas.overview.at", { from: percent(low()), to: percent(high()) }));
  }

  on("photo", (photo) => { picture.src = photo.view; });
  on("mask", (answer) => {
    mask.hidden = !answer;
    if (answer) mask.src = answer.overlay;
  });
  on("lang", () => { if (along) say(); });

  return {
    node: slider, hint,
    /**
     * @param {import("./strip.js").Layout["along"]} way as `along` of the layout
     * @param {Seen | null} [place] what the stage shows
     */
    update(way, place) {
      along = way;
      seen = (way && place) || null;
      slider.hidden = hint.hidden = !way;
      if (!way) return;
      slider.setAttribute("aria-orientation", way === "x" ? "horizontal" : "vertical");
      slider.dataset.along = way;
      const [start, length] = [low() * 100 + "%", (high() - low()) * 100 + "%"];
      here.removeAttribute("style");
      Object.assign(here.style, way === "x" ? { left: start, width: length } : { top: start, height: length });
      slider.style.setProperty("--shape", String(openPhoto().width / openPhoto().height));
      say();
    },
  };
};
