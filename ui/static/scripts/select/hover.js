/* What a click would select, shown before it is made, where the segmenter is quick enough. */

import { on } from "../base/events.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { pointed, work } from "./work.js";

/** @typedef {import("../types.js").Place} Place */

const REST = 90; // milliseconds the pointer rests before a preview is asked for
const QUICK = 250; // milliseconds an answer may take for previews to be worth it
const PAUSE = 3000; // milliseconds without previews after an answer that took longer

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {HTMLImageElement} of.image shows the preview
 */
export const makeHover = ({ server, image }) => {
  let timer = 0;
  /** @type {Place | null} */
  let wanted = null; // where the pointer rests; null as soon as it moves on
  let asking = false;
  let slowUntil = 0; // previews that come late would only get in the way of clicks

  function cancel() {
    clearTimeout(timer);
    wanted = null;
    image.hidden = true;
  }

  async function preview() {
    if (!lab.photo || !wanted || asking) return;
    asking = true;
    const [photo, at] = [lab.photo.id, wanted];
    const object = { points: [{ ...at, label: 1 }], box: null, negative_boxes: [], level: null, on: true, view: lab.seenSide() };
    const reply = await ask(server.segment, { photo, n: 0, objects: [object], strokes: [], upload: null,
      shape: { ...work.value.shape, dilate: 0, invert: false }, segmenter: lab.segmenter || null, side: lab.overlaySide(), preview: true });
    asking = false;
    if (!reply.ok) return;
    const slow = reply.approximate || reply.milliseconds > QUICK;
    slowUntil = slow ? performance.now() + PAUSE : 0;
    if (!lab.photo || photo !== lab.photo.id || pointed(work.active)) return;
    if (at === wanted && reply.looks[0] === "waiting") return; // a click looks closer: nobody knows yet what it will find
    if (at === wanted) {
      image.src = reply.overlay;
      image.hidden = false;
    } else if (!slow) preview(); // the pointer has come to rest elsewhere meanwhile
  }

  on("photo", () => { slowUntil = 0; });
  return {
    cancel,
    /**
     * A quick answer to a real request tells that previews would be quick again.
     * @param {{ milliseconds: number }} reply
     */
    learn: (reply) => { if (reply.milliseconds <= QUICK) slowUntil = 0; },
    /** @param {Place} point */
    at(point) {
      cancel();
      if (pointed(work.active)) return;
      const rest = Math.max(REST, slowUntil - performance.now());
      timer = window.setTimeout(() => { wanted = point; preview(); }, rest);
    },
  };
};
