/* The keyboard on the photo: a cursor that points and draws boxes, and a key for every tool. */

import { clamp } from "../base/figures.js";
import { t } from "../base/languages.js";
import { lab, openPhoto } from "../base/state.js";
import { boxBetween, work } from "./work.js";

/**
 * @typedef {import("../types.js").Place} Place
 * @typedef {import("../types.js").Point} Point
 * @typedef {import("../types.js").Box} Box
 */

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FIELDS = "input:not([type=range]):not([type=checkbox]), textarea, select, dialog";

/**
 * Whether what is typed goes into a field, so that it is no command.
 * @param {EventTarget | null} target
 */
export const typing = (target) => target instanceof Element && target.closest(FIELDS) !== null;

/**
 * What a key has in common with a pointer.
 * @typedef {object} Acts
 * @property {(point: Point, join?: boolean) => void} addPoint
 * @property {() => void} refine
 * @property {(box: Box, negative: boolean) => void} addBox
 * @property {(from: Place, to: Place, negative: boolean) => void} stretch shows a box that is being drawn
 * @property {(place: number) => void} level
 * @property {() => void} overlay
 * @property {() => void} choose a file
 * @property {(sentence: string) => void} say
 * @property {() => void} settle
 * @property {() => boolean} minus whether the tools take away
 */

/**
 * @param {object} of
 * @param {HTMLElement} of.stage
 * @param {HTMLElement} of.cross the cursor
 * @param {HTMLElement} of.rubber the box that is being drawn
 * @param {import("./zoom.js").Zoom} of.zoom
 * @param {Acts} of.act
 */
export const makeKeyboard = ({ stage, cross, rubber, zoom, act }) => {
  /** @type {Place | null} */
  let cursor = null; // photo pixels
  /** @type {Place | null} */
  let corner = null; // the first one of a box
  let spaceHeld = false; // the pointer drags the photo itself
  let flipHeld = false; // X turns adding into removing and back

  const centre = () => ({ x: openPhoto().width / 2, y: openPhoto().height / 2 });

  /**
   * @param {[number, number]} way
   * @param {boolean} fine
   */
  function move([dx, dy], fine) {
    const { width, height } = openPhoto();
    const step = Math.min(Math.max(width, height) * 0.02, Math.min(width, height) * 0.1) * (fine ? 0.125 : 1);
    const from = cursor || centre();
    cursor = { x: clamp(from.x + dx * step, 0, width - 1), y: clamp(from.y + dy * step, 0, height - 1) };
    cross.hidden = false;
    cross.style.left = (cursor.x / width) * 100 + "%";
    cross.style.top = (cursor.y / height) * 100 + "%";
    zoom.reveal(cursor.x / width, cursor.y / height);
    if (corner) act.stretch(corner, cursor, act.minus());
    act.say(t("canvas.cursor", { x: Math.round(cursor.x), y: Math.round(cursor.y) }));
  }

  /** @param {KeyboardEvent} event */
  function setCorner(event) {
    cursor ||= centre();
    if (!corner) { corner = cursor; act.say(t("canvas.corner")); return; }
    const box = boxBetween(corner, cursor);
    corner = null;
    rubber.hidden = true;
    act.addBox(box, act.minus() !== event.shiftKey);
  }

  function forget() {
    cursor = corner = null;
    rubber.hidden = cross.hidden = true;
  }

  /** @param {number} step */
  const growBy = (step) => work.reshape({ dilate: clamp(work.value.shape.dilate + step, -64, 256) });

  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const KEYS = {
    Enter: (event) => { if (cursor) act.addPoint({ ...cursor, label: act.minus() !== event.shiftKey ? 0 : 1 }, event.altKey); },
    b: setCorner,
    "1": () => act.level(0), "2": () => act.level(1), "3": () => act.level(2),
    "[": () => growBy(-1), "]": () => growBy(1),
    m: act.overlay, r: act.refine, n: () => work.addObject(),
    "+": () => zoom.by(1.25), "=": () => zoom.by(1.25), "-": () => zoom.by(0.8), "0": zoom.reset,
    escape: () => { forget(); act.settle(); },
    delete: () => work.clear(), backspace: () => work.clear(),
  };

  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage) return;
    const key = event.key.toLowerCase();
    if (!lab.photo) { if (key === "enter") act.choose(); return; }
    if (key === " ") { spaceHeld = true; event.preventDefault(); return; }
    if (event.ctrlKey || event.metaKey || (event.altKey && event.key !== "Enter")) return;
    if (key === "x") { flipHeld = true; return; }
    const arrow = ARROWS[event.key];
    const action = KEYS[event.key] || KEYS[key];
    if (!arrow && !action) return;
    event.preventDefault();
    if (arrow) move(arrow, event.shiftKey);
    else action(event);
  });
  addEventListener("keyup", (event) => {
    if (event.key === " ") spaceHeld = false;
    if (event.key.toLowerCase() === "x") flipHeld = false;
  });

  document.addEventListener("keydown", (event) => {
    if (!lab.photo || !(event.ctrlKey || event.metaKey) || typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === "z") { event.preventDefault(); if (event.shiftKey) work.redo(); else work.undo(); }
    else if (key === "y") { event.preventDefault(); work.redo(); }
  });

  return {
    forget,
    get drags() { return spaceHeld; },
    get flips() { return flipHeld; },
  };
};
