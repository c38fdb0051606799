/* Runs whose values do not come by themselves, as after a lost connection: they are asked for until they end. */

import { ofRun } from "../base/owned.js";
import { ask } from "../base/server.js";

/** @typedef {import("../types.js").Grid} Grid */

const FOLLOW = 2500; // milliseconds between two looks at a run; the server counts them
const SILENCE = 15000; // milliseconds after which a run that sent its values by itself is asked for

/**
 * @param {{ server: import("../types.js").Server, shown: import("./shown.js").Shown, take: (value: Grid) => void }} options
 */
export function makeFollowing({ server, shown, take }) {
  let heard = 0; // when a value came by itself

  /** @param {string} run */
  async function watchOver(run) {
    while (shown.grid?.run === run && (shown.grid.state === "running" || shown.grid.judging)) {
      await new Promise((resolve) => setTimeout(resolve, FOLLOW));
      if (Date.now() - heard < SILENCE) continue;
      await renew(run);
    }
  }

  /** @param {string} run */
  async function renew(run) {
    for (const one of shown.grid?.parts ?? [{ run, state: "running", waits: false }]) {
      if (shown.grid?.run !== run || one.waits || (one.state !== "running" && !/** @type {Grid} */ (one).judging && shown.grid.parts)) continue;
      const reply = await ask(server.open_run, ofRun(one.run));
      if (reply.ok && shown.grid?.run === run) take(reply.grid);
    }
  }

  return {
    watchOver,
    renew,
    /** A value came by itself. */
    hears() { heard = Date.now(); },
    /** Nothing is to be awaited any more: it is asked for from now on. */
    loses() { heard = 0; },
  };
}
