/* Fetching weights, and learning how far it has come. */

import { emit } from "../base/events.js";
import { errorText } from "../base/languages.js";
import { ask } from "../base/server.js";
import { notice } from "../base/widgets.js";
import { confirmed } from "./confirming.js";
import { everything, isFetching } from "./weights.js";

/**
 * @typedef {import("../types.js").Model} Model
 * @typedef {import("../types.js").Weight} Weight
 */

const PAUSE = 600; // milliseconds between two questions while something is on its way

/**
 * Whether a state is another than before.
 * @param {Weight} weight
 * @param {Weight | undefined} now
 */
function learn(weight, now) {
  if (!now) return false;
  const changed = now.state !== weight.state;
  delete weight.notice; // whatever is not said any more
  Object.assign(weight, now);
  return changed;
}

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {() => void} of.changed called when weights have another state
 * @param {(one: Model) => void} of.moved called when a model's weights may have come further
 */
export const makeFetching = ({ server, changed, moved }) => {
  let polling = 0;

  async function poll() {
    clearTimeout(polling);
    const reply = await ask(server.weights, {});
    if (reply.ok) take(reply.weights);
    // A page that waits for a download asks often, one that waits for nothing does not ask.
    if (everything().some(isFetching)) polling = window.setTimeout(poll, PAUSE);
  }

  /** @param {Record<string, Weight>} states by the files' names */
  function take(states) {
    const news = everything().flatMap((one) => one.weights.map((weight) => learn(weight, states[weight.name])));
    if (news.includes(true)) changed();
    else everything().forEach(moved);
    emit("weights");
  }

  /** Bytes that weights may still take on the server's disk; null where it does not answer. */
  async function room() {
    const reply = await ask(server.weights, {});
    return reply.ok ? reply.room : null;
  }

  return { poll, room,
    /**
     * @param {Model} one
     * @param {boolean} [again] whatever is here
     */
    async fetch(one, again = false) {
      if (!await confirmed([one], room)) return;
      const reply = await ask(server.fetch_weights, { name: one.id, again });
      if (!reply.ok) notice(errorText(reply.error), "error");
      poll();
    } };
};
