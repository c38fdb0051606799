/* Runs that follow one another: one for each photo and each dilation, since a run has one photo and one mask. */

import { emit, on } from "../base/events.js";
import { errorText } from "../base/languages.js";
import { newRun } from "../base/owned.js";
import { eraserOf, lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { linkedRun } from "../results/run_link.js";
import { queued } from "./queue_store.js";

/**
 * @typedef {import("../types.js").Queued} Queued
 * @typedef {import("../types.js").Grid} Grid
 */

/**
 * A run before it begins.
 * @param {Queued} one
 * @param {string} run
 * @returns {Grid}
 */
export const waitingGrid = ({ photo, cells }, run) => ({ run, state: "running", waits: true, photo, mask: null,
  cards: cells.map(({ eraser, axes }, index) => ({ index, eraser, name: eraserOf(eraser)?.name ?? eraser, state: "queued", notes: [], axes: axes ?? {} })) });

/** @param {import("../types.js").Server} server */
export function makeQueue(server) {
  let waiting = queued.read();
  if (!waiting.some(({ named }) => linkedRun()?.includes(named.run))) keep([]); // this page is not about them

  /** @param {import("./queue_store.js").Waiting[]} left */
  function keep(left) {
    waiting = left;
    queued.write(waiting);
  }

  function next() {
    const [one, ...others] = waiting;
    if (!one || lab.running) return;
    keep(others);
    lab.startRun(one);
  }

  on("finished", (grid) => { if (grid.state === "stopped" && !grid.parts) keep([]); else if (waiting.length) setTimeout(next); });

  /**
   * Begin the first, and the others after it. All are named before, so that their table has its address at once.
   * @param {Queued[]} runs
   */
  return async function start(runs) {
    keep([]);
    await lab.results;
    if (runs.length === 1) { lab.startRun(runs[0]); return; }
    const named = [];
    for (const one of runs) {
      const reply = await newRun(server);
      if (!reply.ok) { notice(errorText(reply.error), "error"); return; }
      named.push({ ...one, named: { run: reply.run, secret: reply.secret }, grid: waitingGrid(one, reply.run) });
    }
    emit("series", named.map(({ grid }) => grid));
    keep(named);
    next();
  };
}
