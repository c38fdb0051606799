/* Strips: photos so long that, shown whole, they would be a few pixels high or wide.
 *
 * The stage shows their short side whole and pans along the long one.
 */

import { clamp } from "../base/figures.js";
import { windowHeight } from "../base/frame.js";

/** @typedef {import("../types.js").Size} Size */

/**
 * Whether a photo is so long that, shown whole, nothing on it can be seen or pointed at.
 * @param {Size} photo
 */
export const isStrip = ({ width, height }) => Math.max(width / height, height / width) >= 4;

const LEAST = 240, LEAST_ON_PHONES = 180; // pixels of the page that the short side has
const LONGEST = 1e7; // pixels of the page: browsers lay out 33 millions

const FINEST = 1600, FINEST_STRIP = 16 * FINEST; // pixels of an overlay's longer side: the server's limits

/**
 * The longer side that an overlay may have: of a strip, with no more pixels in all than a square one.
 * @param {Size} photo
 */
export const finestOverlay = ({ width, height }) => {
  const ratio = Math.max(width / height, height / width);
  return isStrip({ width, height }) ? Math.min(FINEST_STRIP, Math.floor(FINEST * Math.sqrt(ratio))) : FINEST;
};

/**
 * Sizes in pixels of the page for a stage of some width.
 * @typedef {object} Layout
 * @property {number} stage its height
 * @property {number} width of the photo at scale 1
 * @property {number} height
 * @property {"x" | "y" | ""} along where a strip pans
 */

/**
 * @param {Size} photo
 * @param {number} width of the stage, in pixels of the page
 * @returns {Layout}
 */
export const stageLayout = (photo, width) => {
  const narrow = innerWidth < 720;
  const ratio = photo.height / photo.width;
  const tallest = Math.max(280, windowHeight() * (narrow ? 0.6 : 0.68));
  const height = Math.min(width * ratio, tallest);
  const least = narrow ? LEAST_ON_PHONES : LEAST;
  if (!isStrip(photo) || Math.min(height, height / ratio) >= least)
    return { stage: Math.round(height), width: Math.round(Math.min(width, height / ratio)), height: Math.round(height), along: "" };
  const wide = ratio < 1;
  const room = wide ? windowHeight() * 0.45 : width * 0.6;
  const own = clamp(Math.min(photo.width, photo.height), least, Math.max(least, room)); // its own pixels, where they fit
  const short = Math.ceil(Math.min(own, LONGEST * Math.min(ratio, 1 / ratio)));
  return wide ? { stage: short, width: Math.round(short / ratio), height: short, along: "x" }
    : { stage: Math.round(tallest), width: short, height: Math.round(short * ratio), along: "y" };
};
