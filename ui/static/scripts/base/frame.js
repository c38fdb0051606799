/* In a frame: the part of it that is seen.
 *
 * Some pages make the frame in which this one stands as tall as its content, and scroll themselves. "Fixed" and
 * the window's height then mean the frame. An IntersectionObserver without a root knows what is seen of it, across
 * origins and whoever embeds. It tells of thresholds that are crossed, and the share of a long frame that is seen
 * does not change while it is scrolled: so it watches many pieces, of which those at the edges do change.
 *
 * For the styles:
 *   --lab-above, --lab-below    pixels of the frame that are hidden above and below what is seen
 *   --lab-window                pixels that can be seen at once: the window's height, as far as is known
 */

import { h } from "./dom.js";
import { on } from "./events.js";

const PIECES = 40, STEPS = 50; // of a frame of 4000 pixels, two are noticed
const SETTLED = 120; // milliseconds without a change, after which the last pixel counts, too
const GROWN = 500; // milliseconds
const SOME = 160, AIR = 14; // pixels: of results that are seen enough; above those that are scrolled to
/** @type {Map<Element, DOMRectReadOnly>} */
const seen = new Map(); // what is seen of each piece, as a rectangle
let known = ""; // what has been told last
let most = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settling; // a timer

/** Pixels of height that can be seen at once; without a frame, the window's. */
export const windowHeight = () => (most ? Math.min(most, innerHeight) : innerHeight);

/** @type {HTMLElement[]} */
let pieces = []; // of the frame, from its top to its bottom
/** @type {IntersectionObserver | undefined} */
let observer;
const styles = () => document.documentElement.style;

/** @param {IntersectionObserverEntry[]} entries */
function note(entries) {
  for (const { target, intersectionRect } of entries) seen.set(target, intersectionRect);
  const parts = [...seen.values()].filter((rect) => rect.height > 0);
  if (!parts.length) return; // nothing is seen: what was, will be
  const top = Math.min(...parts.map((rect) => rect.top)), bottom = Math.max(...parts.map((rect) => rect.bottom));
  tell(Math.max(0, Math.round(top)), Math.max(0, Math.round(innerHeight - bottom)));
}

/**
 * @param {number} above
 * @param {number} below
 */
function tell(above, below) {
  const told = [above, below, innerHeight].join();
  if (told === known) return;
  known = told;
  const height = innerHeight - above - below;
  most = above && below ? height : Math.max(most, height); // hidden at both ends: it fills the window
  for (const [name, value] of Object.entries({ above, below, window: most })) styles().setProperty("--lab-" + name, value + "px");
  clearTimeout(settling);
  settling = setTimeout(measure, SETTLED);
}

/** Whoever is watched anew is told of at once, whatever has been crossed. */
function measure() {
  observer?.disconnect();
  for (const piece of pieces) observer?.observe(piece);
}

/** A browser does not scroll another site's page for us. The one around may do so itself, where it listens. */
function revealResults() {
  const top = document.querySelector(".lab-results")?.getBoundingClientRect().top ?? 0;
  const bottom = innerHeight - parseFloat(styles().getPropertyValue("--lab-below"));
  if (top + SOME > bottom) window.parentIFrame?.scrollToOffset(0, Math.max(0, Math.round(top - AIR)));
}

function begin() {
  pieces = Array.from({ length: PIECES }, () => h("i"));
  observer = new IntersectionObserver(note, { threshold: Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS) });
  document.body.append(h("div.lab-frame-scale", { "aria-hidden": "true" }, pieces));
  measure();
  on("run", () => setTimeout(revealResults, GROWN)); // not before the frame has grown by them
  addEventListener("resize", measure);
}

/** Once, when the page begins; a page that stands by itself has nothing to watch. */
export const watchFrame = () => {
  if (window.parent === window) return;
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
};
