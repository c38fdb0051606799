/* What is looked at stands in the address beside the run: two results against each other, and where. */

/**
 * @typedef {import("./window.js").Part} Part
 * @typedef {import("./pair.js").Pair} Pair
 * @typedef {{ pair: Pair | null, part: Part | null }} Look
 */

const PAUSE = 250; // milliseconds: a browser refuses an address that changes with every step of a wheel
const PAIR = /^(o|\d{1,2})-(o|\d{1,2})$/;
const PART = /^(-?\d{1,6}(?:_-?\d{1,6}){3})$/;

/**
 * What an address's query asks for; nothing where it makes no sense.
 * @param {string} search
 * @returns {Look}
 */
export function lookIn(search) {
  const query = new URLSearchParams(search);
  const pair = PAIR.exec(query.get("pair") ?? "");
  const part = PART.exec(query.get("part") ?? "");
  /** @param {string} word */
  const side = (word) => (word === "o" ? -1 : Number(word));
  const numbers = /** @type {Part | null} */ (part && part[1].split("_").map(Number));
  return { pair: pair && { a: side(pair[1]), b: side(pair[2]) },
    part: numbers && numbers[2] > numbers[0] && numbers[3] > numbers[1] ? numbers : null };
}

/**
 * @param {URL} address
 * @param {Look} look
 */
export function putLook(address, { pair, part }) {
  /** @param {number} side */
  const word = (side) => (side < 0 ? "o" : String(side));
  address.searchParams.delete("pair");
  address.searchParams.delete("part");
  if (pair) address.searchParams.set("pair", `${word(pair.a)}-${word(pair.b)}`);
  if (part) address.searchParams.set("part", part.map(Math.round).join("_"));
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/**
 * Put what is looked at into the address, soon.
 * @param {Look} look
 */
export function noteLook(look) {
  const run = new URLSearchParams(location.search).get("run");
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const address = new URL(location.href);
    if (address.searchParams.get("run") !== run) return; // another run has been opened since
    putLook(address, run ? look : { pair: null, part: null });
    if (address.href !== location.href) history.replaceState(history.state, "", address);
  }, PAUSE);
}
