/* What the parts of the page tell each other. */

/** @typedef {import("../types.js").Events} Events */

/** @type {Map<string, Set<(data: any) => unknown>>} */
const listeners = new Map();

/**
 * @template {keyof Events} Name
 * @param {Name} name
 * @param {(data: Events[Name]) => unknown} handler
 */
export const on = (name, handler) => {
  const known = listeners.get(name) ?? new Set();
  listeners.set(name, known.add(handler));
};

/**
 * @template {keyof Events} Name
 * @param {Name} name
 * @param {Events[Name] extends void ? [] : [data: Events[Name]]} data
 */
export const emit = (name, ...[data]) => {
  for (const handler of listeners.get(name) ?? []) handler(data);
};
