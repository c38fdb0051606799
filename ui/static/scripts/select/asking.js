/* Asking for the mask: at most one request is in flight, the latest wishes wait behind it, and an
 * answer that is not the newest is never drawn. */

import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { prompts, sentObjects, work } from "./work.js";

/**
 * @typedef {import("../types.js").Answer} Answer
 * @typedef {import("../types.js").Problem} Problem
 */

/** What the overlay is to carry: the mask, or also the margin that erasers fill beyond it. */
const shown = () => ({ show: lab.showMargin ? "margin" : "mask" });

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {HTMLElement} of.stage is told when a request is on its way, and the number of the newest answer
 * @param {(answer: Answer | null) => void} of.draw
 * @param {(error: Problem | null) => void} of.failed
 * @param {() => void} of.rested called when all wishes have been met
 */
export const makeAsking = ({ server, stage, draw, failed, rested }) => {
  let sequence = 0;
  let inFlight = false;
  let wanted = false;
  let due = { of: /** @type {object | null} */ (null), count: 0 }; // objects that a closer look is still to be taken at

  function request() {
    wanted = true;
    if (!inFlight) next();
  }

  /** @returns {Promise<void>} */
  async function next() {
    wanted = false;
    if (!lab.photo) return;
    const n = ++sequence;
    const asked = lab.photo.id;
    if (work.empty) {
      stage.classList.remove("is-busy"); // what was on its way has been cleared meanwhile
      draw(null);
      return;
    }
    inFlight = true;
    stage.classList.add("is-busy");
    const places = sentObjects();
    const strokes = work.value.strokes.length;
    const side = lab.overlaySide();
    const reply = await ask(server.segment, { ...prompts(), n, ...shown(), side });
    inFlight = false;
    // Answers come one after the other. One for a former photo, or for prompts that have been
    // cleared meanwhile, is late: it is dropped.
    if (asked === lab.photo.id && !work.empty) {
      if (reply.ok) {
        stage.dataset.drawn = String(sequence);
        draw({ ...reply, places, strokes, side });
        wanted ||= goesOn(reply.looks);
      } else if (!wanted) failed(reply.error);
    }
    if (wanted) return next();
    stage.classList.remove("is-busy");
    rested();
  }

  /**
   * Whether asking again brings a closer look at more of the objects: it is taken at a few at a time.
   * @param {string[]} looks
   */
  function goesOn(looks) {
    const count = looks.filter((look) => look === "waiting").length;
    const again = count > 0 && (due.of !== work.value || count < due.count);
    due = { of: work.value, count };
    return again;
  }

  return { request, get inFlight() { return inFlight; } };
};
