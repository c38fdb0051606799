/* The stage: the photo, what is drawn over it, and what stands there before a photo is open. */

import { h } from "../base/dom.js";
import { makeFirstScreen } from "./first_screen.js";

/** @typedef {ReturnType<typeof makeStage>} Stage */

/**
 * The layers over the photo, the lowest first; each covers it whole.
 */
const makeLayers = () => ({
  photo: h("img.lab-photo", { alt: "", draggable: "false" }),
  tiles: h("div.lab-tiles", { "aria-hidden": "true", "data-testid": "tiles" }),
  overlay: h("img.lab-overlay", { alt: "", draggable: "false", hidden: true }),
  preview: h("img.lab-preview", { alt: "", draggable: "false", hidden: true }),
  scratch: h("canvas.lab-scratch", { "aria-hidden": "true" }),
  marks: h("div.lab-marks"),
  found: h("div.lab-found"),
  rubber: h("div.lab-rubber", { hidden: true }),
  cross: h("div.lab-cross", { hidden: true }),
});

/** @param {() => void} choose a file */
export const makeStage = (choose) => {
  const layers = makeLayers();
  const view = h("div.lab-view", { hidden: true }, ...Object.values(layers));
  const empty = makeFirstScreen(choose);
  const flight = h("div.lab-flight", { hidden: true });
  const node = h("div.lab-stage.is-empty", { tabindex: "0", role: "application", "data-t-label": "canvas.label",
    "data-testid": "stage" }, view, empty, flight);
  /* With a photo open, the keyboard's Enter and the pointer go to the photo; before, to the file dialogue. */
  empty.addEventListener("click", (event) => { if (event.target === empty) choose(); });
  return { node, view, flight, ...layers,
    /** @param {import("../types.js").Photo} opened */
    show(opened) {
      layers.overlay.hidden = layers.preview.hidden = true;
      layers.photo.src = opened.view;
      layers.photo.alt = opened.name;
      empty.hidden = true;
      view.hidden = false;
      node.classList.remove("is-empty");
    } };
};
