/* Runs that are one table, opened again by their link. */

import { ofRun } from "../base/owned.js";
import { ask } from "../base/server.js";
import { queued } from "../erasers/queue_store.js";

/** @typedef {import("../types.js").Grid} Grid */

/** What cannot be opened any more, or never began. @param {string} run @returns {Grid} */
const missing = (run) => ({ run, state: "stopped", photo: null, mask: null, cards: [] });

/**
 * The one that goes on, else the first that is here; and all, with those of which only this tab knows that they are to come.
 * @param {import("../types.js").Server} server
 * @param {string[]} runs
 */
export async function reopenSeries(server, runs) {
  const waiting = new Map(queued.read().map((one) => [one.grid.run, one.grid]));
  /** @type {Grid[]} */
  const grids = [];
  const replies = [];
  for (const run of runs) {
    const coming = waiting.get(run);
    const reply = coming ? null : await ask(server.open_run, ofRun(run));
    if (reply) replies.push(reply);
    grids.push(coming ?? (reply?.ok ? reply.grid : missing(run)));
  }
  const first = replies.find((reply) => reply.ok && reply.grid.state === "running") ?? replies.find((reply) => reply.ok) ?? replies[0] ?? { ok: /** @type {const} */ (false), error: null };
  return { first, grids };
}
