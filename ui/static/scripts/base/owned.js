/* The runs that this browser has begun, with the secret of each: who has it stops, remarks, deletes and hides the run. */

import { remember } from "./memory.js";
import { ask } from "./server.js";

const MOST = 300;

/** @returns {[string, string][]} */
const kept = () => {
  try {
    const pairs = JSON.parse(remember("owned") || "[]");
    return Array.isArray(pairs) ? pairs.filter((pair) => Array.isArray(pair) && pair.length === 2) : [];
  } catch {
    return [];
  }
};

/** @type {Map<string, string>} */
const secrets = new Map(kept()); // run -> secret, the newest last

/**
 * Another tab may have begun runs meanwhile: what it has kept stays.
 * @param {(all: Map<string, string>) => void} change
 */
const keep = (change) => {
  for (const [run, secret] of kept()) if (!secrets.has(run)) secrets.set(run, secret);
  change(secrets);
  remember("owned", JSON.stringify([...secrets].slice(-MOST)));
};

/**
 * @param {string} run
 * @returns {string | null} null where the run is somebody else's
 */
export const secretOf = (run) => secrets.get(run) ?? new Map(kept()).get(run) ?? null;

/** @param {string} run */
export const isOwn = (run) => secretOf(run) !== null;

/** @param {string} run that the server says is not, or is gone */
export const disown = (run) => keep((all) => all.delete(run));

/**
 * The request about a run as its owner makes it.
 * @param {string} run
 * @param {object} [more]
 */
export const ofRun = (run, more) => ({ run, secret: secretOf(run), ...more });

/**
 * An id and a secret for a run that is about to begin.
 * @param {import("../types.js").Server} server
 */
export const newRun = async (server) => {
  const reply = await ask(server.new_run, {});
  if (reply.ok) keep((all) => all.set(reply.run, reply.secret));
  return reply;
};
