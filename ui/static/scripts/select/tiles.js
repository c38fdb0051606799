/* The photo's own pixels on the stage, where its view has too few: tiles, fetched when they are to be seen.
 *
 * The server halves the photo from level to level; the one is taken that has at least a pixel for each of
 * the screen, and lossless where each pixel of the photo is seen by itself. What is no longer to be seen is
 * no longer fetched, and few tiles are held.
 */

import { h } from "../base/dom.js";
import { lab, openPhoto } from "../base/state.js";

const VIEW_SIDE = 1600; // pixels of the view's longer side; the server's
const REST = 120; // milliseconds after the last move before tiles are asked for
const AT_ONCE = 3; // a browser has six connections to one server, and clicks need some
const MOST_HELD = 96; // tiles; each takes a megabyte when it is drawn
const MOST_WANTED = 48; // more are seen on a huge screen only: a level with fewer does
const MAGNIFIED = 3; // pixels of the screen for each of the photo from which on these are plain to see

/** @typedef {import("../types.js").Seen} Seen */

/**
 * A tile of a level, named by its place; side: in pixels of the photo.
 * @typedef {{ level: number, column: number, row: number, side: number, ending: string }} Tile
 */

/**
 * @param {object} of
 * @param {HTMLElement} of.view what zooms
 * @param {HTMLElement} of.layer stands in it, the photo's size
 * @param {() => Seen} of.seen what the stage shows
 */
export const makeTiles = ({ view, layer, seen }) => {
  /** @type {Map<string, HTMLImageElement>} */
  const held = new Map(); // name -> image, the longest unseen first
  /** @type {Map<string, AbortController>} */
  const flying = new Map(); // name -> what aborts it
  /** @type {Tile[]} */
  let wanted = []; // of the level to be shown, the nearest to the middle first
  let timer = 0;
  let pause = 0; // no asking before this time
  /** @type {object | null} */
  let gone = null; // the photo that the server has no longer: clicks will say so

  const scaleOf = () => Number(view.style.getPropertyValue("--zoom")) || 1;

  /** Pixels of the photo for each of the screen. */
  const density = () => openPhoto().width / (view.offsetWidth * devicePixelRatio);

  const enough = () => {
    const { width, height } = openPhoto();
    const whole = scaleOf() === 1 && !view.closest(".is-strip");
    return whole || Math.max(width, height) / density() <= Math.min(VIEW_SIDE, Math.max(width, height));
  };

  /**
   * @param {number} level
   * @returns {Tile[]}
   */
  function tilesAt(level) {
    const ending = level || density() > 1.01 ? "jpg" : "png";
    const { width, height, tiles } = openPhoto();
    const side = tiles.side * 2 ** level;
    const { x0, y0, x1, y1 } = seen();
    /**
     * @param {number} share
     * @param {number} whole
     */
    const last = (share, whole) => Math.min(Math.ceil(whole / side) - 1, Math.floor((share * whole - 0.01) / side));
    /**
     * @param {number} share
     * @param {number} whole
     */
    const first = (share, whole) => Math.max(0, Math.floor((share * whole) / side));
    const found = [];
    for (let row = first(y0, height); row <= last(y1, height); row++)
      for (let column = first(x0, width); column <= last(x1, width); column++) found.push({ level, column, row, side, ending });
    const middle = { x: ((x0 + x1) / 2) * width / side - 0.5, y: ((y0 + y1) / 2) * height / side - 0.5 };
    /** @param {Tile} tile */
    const away = (tile) => Math.hypot(tile.column - middle.x, tile.row - middle.y);
    return found.sort((a, b) => away(a) - away(b));
  }

  function choose() {
    if (enough() || gone === lab.photo) return [];
    const coarsest = openPhoto().tiles.levels - 1;
    let level = Math.min(coarsest, Math.max(0, Math.floor(Math.log2(density()))));
    while (level < coarsest && tilesAt(level).length > MOST_WANTED) level += 1;
    return tilesAt(level);
  }

  /** @param {Tile} tile */
  const nameOf = ({ level, column, row, ending }) => `${level}-${column}-${row}.${ending}`;

  function look() {
    timer = 0;
    if (!lab.photo?.tiles) return;
    wanted = choose();
    const names = new Set(wanted.map(nameOf));
    for (const [name, abort] of flying) if (!names.has(name)) abort.abort();
    for (const name of names) {
      const image = held.get(name);
      if (image) keep(name, image);
    }
    layer.classList.toggle("is-magnified", density() * MAGNIFIED <= 1);
    layer.dataset.level = wanted.length ? wanted[0].level + wanted[0].ending : ""; // "0png"
    next();
  }

  /**
   * Hold a tile as the one seen last.
   * @param {string} name
   * @param {HTMLImageElement} image
   */
  function keep(name, image) {
    held.delete(name);
    held.set(name, image);
  }

  function next() {
    tidy();
    const wait = pause - performance.now();
    if (wait > 0) { later(wait); return; }
    for (const tile of wanted) {
      if (flying.size >= AT_ONCE) return;
      const name = nameOf(tile);
      if (!held.has(name) && !flying.has(name)) bring(tile, name);
    }
  }

  /**
   * @param {Tile} tile
   * @param {string} name
   */
  async function bring(tile, name) {
    const photo = openPhoto();
    const abort = new AbortController();
    flying.set(name, abort);
    /** @type {HTMLImageElement | null} */
    let image = null;
    try {
      const response = await fetch(photo.tiles.url + name, { signal: abort.signal });
      if (response.status === 429) pause = performance.now() + 1000 * (Number(response.headers.get("retry-after")) || 1);
      else if (!response.ok) gone = photo;
      else image = await drawn(await response.blob());
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "AbortError") pause = performance.now() + 3000; // no connection now
    }
    if (flying.get(name) === abort) flying.delete(name);
    if (image && photo === lab.photo && !held.has(name)) put(tile, name, image);
    if (gone === lab.photo) wanted = [];
    next();
  }

  /**
   * A picture that is ready to be shown.
   * @param {Blob} blob
   */
  async function drawn(blob) {
    const image = h("img", { alt: "", draggable: "false" });
    const address = URL.createObjectURL(blob);
    image.src = address;
    try {
      await image.decode();
    } finally {
      URL.revokeObjectURL(address);
    }
    return image;
  }

  /**
   * @param {Tile} tile
   * @param {string} name
   * @param {HTMLImageElement} image
   */
  function put({ level, column, row, side, ending }, name, image) {
    const { width, height } = openPhoto();
    const [x, y] = [column * side, row * side];
    /**
     * @param {number} part
     * @param {number} whole
     */
    const share = (part, whole) => (part / whole) * 100 + "%";
    Object.assign(image.style, { left: share(x, width), top: share(y, height), width: share(Math.min(side, width - x), width),
      height: share(Math.min(side, height - y), height), zIndex: String(20 - 2 * level + (ending === "png" ? 1 : 0)) });
    image.dataset.tile = name;
    image.dataset.level = level + ending;
    layer.append(image);
    keep(name, image);
  }

  /** Once all that is to be seen is there, other levels go; and never are more held than a bound. */
  function tidy() {
    const names = new Set(wanted.map(nameOf));
    const complete = [...names].every((name) => held.has(name));
    for (const [name, image] of held) {
      const other = complete && image.dataset.level !== layer.dataset.level;
      if (names.has(name) || (!other && held.size <= MOST_HELD)) continue;
      image.remove();
      held.delete(name);
    }
    layer.dataset.complete = String(complete && names.size > 0);
  }

  /** @param {number} milliseconds */
  function later(milliseconds) {
    clearTimeout(timer);
    timer = window.setTimeout(look, milliseconds);
  }

  function forget() {
    for (const abort of flying.values()) abort.abort();
    clearTimeout(timer);
    held.clear();
    wanted = [];
    pause = 0;
    layer.replaceChildren();
    layer.dataset.level = layer.dataset.complete = "";
  }

  function update() {
    layer.dataset.complete = "";
    later(REST);
  }

  return { forget, update };
};
