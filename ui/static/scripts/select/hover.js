/* What a click would select, shown before it is made, where the segmenter is quick enough. */

import { on } from "../base/events.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { meaning } from "./prompting.js";
import { prompts, work } from "./work.js";

/** @typedef {import("../types.js").Place} Place */

const REST = 90; // milliseconds the pointer rests before a preview is asked for
const QUICK = 250; // milliseconds an answer may take for previews to be worth it
const PAUSE = 3000; // milliseconds without previews after an answer that took longer

/**
 * Whether a click would select an object of its own.
 * @param {import("../types.js").MaskReply} reply
 */
const isOther = ({ settled }) => Boolean(settled && ["new", "apart"].includes(settled.clicks[0].meant));

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
    const before = work.value;
    const reply = await ask(server.segment, { ...prompts(), n: 0, strokes: [], upload: null, clicks: [{ ...at, label: 1, ...meaning() }],
      shape: { ...work.value.shape, invert: false }, side: lab.overlaySide(), preview: true });
    asking = false;
    if (!reply.ok) return;
    const slow = reply.approximate || reply.milliseconds > QUICK;
    slowUntil = slow ? performance.now() + PAUSE : 0;
    if (!lab.photo || photo !== lab.photo.id || before !== work.value) return;
    if (at === wanted && reply.looks[0] === "waiting") return; // a click looks closer: nobody knows yet what it will find
    if (at === wanted && !isOther(reply)) return; // more of what is selected: there is no telling it from what is there
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
      if (work.value.clicks.length) return;
      const rest = Math.max(REST, slowUntil - performance.now());
      timer = window.setTimeout(() => { wanted = point; preview(); }, rest);
    },
  };
};
