/* Asking the server. */

import { suspect } from "./restart.js";

/**
 * Call a server function; a lost connection becomes an answer like any other.
 * @template Answer
 * @param {import("../types.js").ServerFunction<Answer>} call
 * @param {object} request
 * @returns {Promise<import("../types.js").Reply<Answer>>}
 */
export const ask = async (call, request) => {
  try {
    const answer = await call(request);
    return answer || { ok: false, error: null };
  } catch {
    suspect();
    return { ok: false, error: null };
  }
};
