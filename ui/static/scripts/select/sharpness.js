/* How fine the mask is drawn, and at which scale something is pointed at. */

import { lab, openPhoto } from "../base/state.js";
import { finestOverlay } from "./strip.js";

const COARSEST = 64, STEP = 200; // pixels of the longer side
const ALL = 0.95; // of the photo's longer side: as good as all of it

/** @param {import("./stage.js").Stage} stage */
export const offerSharpness = ({ view, node }) => {
  /* The longer side that an overlay needs to be sharp here: a smaller one is there sooner. */
  lab.overlaySide = () => {
    const photo = openPhoto();
    const shown = Math.max(view.offsetWidth, view.offsetHeight) * devicePixelRatio;
    const own = Math.max(photo.width, photo.height); // there is no more to see than this
    return Math.max(COARSEST, Math.min(finestOverlay(photo), own, Math.ceil(shown / STEP) * STEP));
  };

  /* The longer side, in pixels of the photo, of the part that is to be seen; null for all of it.
   * What is pointed at in it is meant at this scale, also when the selection is opened elsewhere. */
  lab.seenSide = () => {
    const photo = openPhoto();
    const [whole, part] = [view.getBoundingClientRect(), node.getBoundingClientRect()];
    const across = (Math.min(whole.right, part.right) - Math.max(whole.left, part.left)) / whole.width;
    const down = (Math.min(whole.bottom, part.bottom) - Math.max(whole.top, part.top)) / whole.height;
    const side = Math.round(Math.max(across * photo.width, down * photo.height));
    return side > 0 && side < ALL * Math.max(photo.width, photo.height) ? side : null;
  };
};
