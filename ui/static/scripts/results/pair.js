/* Two sides that are held against each other: results of a run, and the original as one of them. */

/** A side's number: a card's index, or the original's. */
export const ORIGINAL = -1;

/**
 * @typedef {{ a: number, b: number }} Pair
 * @typedef {import("../types.js").ViewerCard} Card
 */

/**
 * What can stand on a side, in the order in which one steps: the original first.
 * @param {Card[]} cards
 */
export const sides = (cards) => [ORIGINAL, ...cards.filter((card) => card.view).map((card) => card.index)];

/**
 * The pair with another side; what stands on the other side already is passed over.
 * @param {Pair} pair
 * @param {"a" | "b"} which
 * @param {number} by
 * @param {number[]} all
 * @returns {Pair}
 */
export function stepped(pair, which, by, all) {
  const other = which === "a" ? pair.b : pair.a;
  const free = all.filter((side) => side !== other);
  if (!free.length) return pair;
  const at = Math.max(0, free.indexOf(pair[which]));
  return { ...pair, [which]: free[(at + by + free.length) % free.length] };
}

/**
 * The pair with a side chosen by name; the two change places where it stands on the other one.
 * @param {Pair} pair
 * @param {"a" | "b"} which
 * @param {number} side
 * @returns {Pair}
 */
export const chosen = (pair, which, side) => {
  const swapped = which === "a" ? { a: side, b: pair.a } : { a: pair.b, b: side };
  return side === (which === "a" ? pair.b : pair.a) ? swapped : { ...pair, [which]: side };
};

/**
 * The pair that one begins with where none is chosen: two results, or the original and the only one.
 * @param {number[]} all
 * @returns {Pair | null}
 */
export const firstPair = (all) => (all.length > 2 ? { a: all[1], b: all[2] } : all.length === 2 ? { a: all[0], b: all[1] } : null);

/**
 * Whether both sides are there, and are two.
 * @param {Pair | null} pair
 * @param {number[]} all
 */
export const isPair = (pair, all) => pair !== null && pair.a !== pair.b && all.includes(pair.a) && all.includes(pair.b);
