/* Where the cells of a sweep stand: rows by eraser and what is varied, the last axis as columns. What would be a single row is no table:
   its pictures fill the window as those of any run do, each with its value in its name. */

import { settingName } from "../base/languages.js";

/**
 * @typedef {import("../types.js").Card} Card
 * @typedef {import("../types.js").SettingValue} Value
 * @typedef {{ row: number, column: number }} Cell from 0
 * @typedef {{ rows: { name: string, words: string }[], columns: string[], axis: string, places: Map<number, Cell> }} Layout words: what is
 *   varied between rows; axis: what is varied between columns
 */

/** @param {Value} value */
const shown = (value) => (value === null ? "–" : String(value));

/**
 * What sets a cell apart, in words.
 * @param {Record<string, Value>} axes
 */
export const axesWords = (axes) => Object.entries(axes).map(([name, value]) => (name === "photo" ? shown(value) : `${settingName(name)} ${shown(value)}`)).join(", ");

/**
 * The axis that becomes columns: the one with most values, the later of two alike, since it varies faster.
 * @param {Card[]} cards
 */
function columnAxis(cards) {
  /** @type {Map<string, Set<string>>} */
  const values = new Map();
  for (const card of cards) for (const [name, value] of Object.entries(card.axes ?? {})) values.set(name, (values.get(name) ?? new Set()).add(shown(value)));
  let best = "";
  for (const [name, known] of values) if (known.size > 1 && known.size >= (values.get(best)?.size ?? 0)) best = name;
  return best;
}

/**
 * The layout of a sweep's cards; null for a run in which nothing has several values, or one thing alone.
 * @param {Card[]} cards
 * @param {(card: Card) => string} nameOf the eraser's
 * @returns {Layout | null}
 */
export function layoutOf(cards, nameOf) {
  if (new Set(cards.map((card) => card.axes?.photo ?? "")).size > 1) return photosLayout(cards, nameOf);
  const axis = columnAxis(cards);
  if (!axis) return null;
  /** @type {string[]} */
  const columns = [];
  /** @type {Map<string, number>} */
  const known = new Map();
  /** @type {Layout["rows"]} */
  const rows = [];
  /** @type {Layout["places"]} */
  const places = new Map();
  for (const card of cards) {
    const { [axis]: at, ...others } = card.axes ?? {};
    const words = axesWords(others), key = card.eraser + "\n" + words;
    const row = known.get(key) ?? rows.push({ name: nameOf(card), words }) - 1;
    known.set(key, row);
    const value = at === undefined ? null : shown(at);
    if (value !== null && !columns.includes(value)) columns.push(value);
    places.set(card.index, { row, column: value === null ? -1 : columns.indexOf(value) });
  }
  if (rows.length === 1) return null;
  // What the axis does not concern stands before its values, in a column without one: no row begins with nothing.
  if ([...places.values()].some(({ column }) => column < 0)) {
    columns.unshift("");
    for (const place of places.values()) place.column += 1;
  }
  return { rows, columns, axis: settingName(axis), places };
}

/**
 * Photos as rows; the erasers, each with what is varied of it, as columns.
 * @param {Card[]} cards
 * @param {(card: Card) => string} nameOf
 * @returns {Layout}
 */
function photosLayout(cards, nameOf) {
  /** @type {string[]} */
  const photos = [];
  /** @type {string[]} */
  const columns = [];
  /** @type {Layout["places"]} */
  const places = new Map();
  for (const card of cards) {
    const { photo, ...others } = card.axes ?? {};
    const words = [nameOf(card), axesWords(others)].filter(Boolean).join(", ");
    for (const [list, value] of /** @type {const} */ ([[photos, String(photo)], [columns, words]])) if (!list.includes(value)) list.push(value);
    places.set(card.index, { row: photos.indexOf(String(photo)), column: columns.indexOf(words) });
  }
  return { rows: photos.map((name) => ({ name, words: "" })), columns, axis: "", places };
}
