/* Asking for the mask: at most one request is in flight, the latest wishes wait behind it, and an
 * answer that is not the newest is never drawn. */

import { ask } from "../base/server.js";
import { emit } from "../base/events.js";
import { lab } from "../base/state.js";
import { pointed, prompts, work } from "./work.js";

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
  let settling = false; // clicks become objects: their mask is here already
  let due = { of: /** @type {object | null} */ (null), count: 0 }; // objects that a closer look is still to be taken at

  function request() {
    if (settling && !work.value.clicks.length) return;
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
    const of = work.value;
    const side = lab.overlaySide();
    const reply = await ask(server.segment, { ...prompts(), clicks: of.clicks, n, ...shown(), side });
    // Answers come one after the other. One for a former photo, or for prompts that have been
    // cleared meanwhile, is late: it is dropped.
    if (asked === lab.photo.id && !work.empty) {
      if (reply.ok) take(reply, of, side);
      else if (!wanted) refused(of, reply.error);
    }
    inFlight = false;
    if (wanted) return next();
    stage.classList.remove("is-busy");
    rested();
  }

  /**
   * An answer for what `of` was pointed at; dropped where its clicks have changed meanwhile, for they are asked about anew.
   * @param {import("../types.js").MaskReply} reply
   * @param {import("../types.js").Work} of
   * @param {number} side
   */
  function take(reply, of, side) {
    if (reply.settled && !settle(of, reply.settled)) return;
    const places = reply.settled ? reply.settled.objects.map((_, place) => place) : of.objects.flatMap((object, place) => (pointed(object) ? [place] : []));
    stage.dataset.drawn = String(sequence);
    draw({ ...reply, places, strokes: of.strokes.length, side });
    if (reply.settled) emit("understood", reply.settled.clicks);
    wanted ||= goesOn(reply.looks);
  }

  /**
   * @param {import("../types.js").Work} of
   * @param {import("../types.js").Settled} settled
   */
  function settle(of, settled) {
    settling = true;
    const fits = work.settleClicks(of, settled);
    settling = false;
    return fits;
  }

  /**
   * Clicks that nothing can be made of are taken back, so that they do not spoil those that follow.
   * @param {import("../types.js").Work} of
   * @param {Problem | null} error
   */
  function refused(of, error) {
    failed(error);
    if (of.clicks.length) work.dropClicks();
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
