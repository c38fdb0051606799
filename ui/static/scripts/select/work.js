/* What the user has pointed at on the open photo: objects, strokes, an uploaded mask, the shape.
 *
 * One immutable value with undo. It lives in this tab, survives a reload, and travels whole with
 * every request; "work" is emitted whenever it changes.
 */

import { emit } from "../base/events.js";
import { session } from "../base/memory.js";
import { lab, openPhoto } from "../base/state.js";

/**
 * @typedef {import("../types.js").Work} Work
 * @typedef {import("../types.js").ObjectPrompt} ObjectPrompt
 * @typedef {import("../types.js").Prompt} Prompt
 * @typedef {import("../types.js").Shape} Shape
 * @typedef {import("../types.js").Place} Place
 * @typedef {import("../types.js").Box} Box
 * @typedef {import("../types.js").Gesture} Gesture
 * @typedef {import("../types.js").Settled} Settled
 */

const DEPTH = 200; // steps that can be undone

/** @returns {ObjectPrompt} */
const blankObject = () => ({ points: [], box: null, negative_boxes: [], level: null, on: true, view: null });
/**
 * @param {number} dilate
 * @returns {Shape}
 */
const blankShape = (dilate) => ({ dilate, dilate_unit: "px", fill_holes: false, drop_speckles: true, smooth: 0, precision: 0, invert: false });
/** @returns {Work} */
const blank = () => ({ objects: [blankObject()], active: 0, clicks: [], strokes: [], upload: null, shape: blankShape(defaultDilate()) });

const defaultDilate = () => (lab.photo ? lab.photo.growth : 0);

let current = blank();
/** @type {Work[]} */
let past = [];
/** @type {Work[]} */
let future = [];
/** What lies before the first step and after the last: other photos, of which this one came or that came of it. */
let beyond = { canUndo: false, canRedo: false, undo() {}, redo() {} };
/** @type {(() => void)[]} */
const awaiting = []; // what waits until all clicks are settled

const changed = () => {
  if (lab.photo) session.write({ photo: lab.photo.id, work: current });
  emit("work", current);
  tellSettled();
};

export const work = {
  get value() { return current; },
  get canUndo() { return past.length > 0 || beyond.canUndo; },
  get canRedo() { return future.length > 0 || (past.length === 0 && beyond.canRedo); },
  /** @param {typeof beyond} steps */
  goBeyond(steps) { beyond = steps; },
  get empty() { return !prompted(current); },
  get active() { return current.objects[current.active]; },

  /**
   * A step that can be undone.
   * @param {Work} value
   */
  commit(value) {
    past.push(current);
    if (past.length > DEPTH) past.shift();
    future = [];
    current = value;
    changed();
  },
  /**
   * A change on the way to a step (a slider being moved): the step itself is committed at its end.
   * @param {Work} value
   */
  glide(value) {
    current = value;
    changed();
  },
  /**
   * Make one step of what has been glided since `before`.
   * @param {Work} before
   */
  settle(before) {
    if (before === current) return;
    past.push(before);
    future = [];
    changed();
  },
  undo() {
    const before = past.pop();
    if (!before) { if (beyond.canUndo) beyond.undo(); return; }
    future.push(current);
    current = before;
    changed();
  },
  redo() {
    const after = future.pop();
    if (!after) { if (work.canRedo) beyond.redo(); return; }
    past.push(current);
    current = after;
    changed();
  },
  /**
   * Start on another photo; nothing of the former one can be undone.
   * @param {Prompt | null} [prompt]
   */
  reset(prompt) {
    past = [];
    future = [];
    current = prompt ? completePrompt(prompt) : blank();
    changed();
  },
  clear() {
    if (!work.empty) work.commit({ ...blank(), shape: current.shape });
  },

  /** @param {Partial<ObjectPrompt>} object */
  changeActive(object) {
    const objects = current.objects.map((one, place) => (place === current.active ? { ...one, ...object } : one));
    work.commit({ ...current, objects });
  },
  /**
   * A click or a box: the server says which objects come of it.
   * @param {Gesture} gesture
   */
  gesture(gesture) {
    work.commit({ ...current, clicks: [...current.clicks, gesture] });
  },
  /**
   * What became of the clicks of a former value; true where they are still the first ones. No step: undoing leads to
   * before the clicks.
   * @param {Work} asked
   * @param {Settled} settled
   */
  settleClicks(asked, settled) {
    const rest = current.clicks.slice(asked.clicks.length);
    if (current.objects !== asked.objects || asked.clicks.some((click, place) => click !== current.clicks[place])) return false;
    const before = asked.objects.filter(pointed);
    const objects = settled.objects.map((object, place) => ({ ...blankObject(), ...before[place], ...object }));
    work.glide({ ...current, objects, active: settled.clicks[settled.clicks.length - 1].object, clicks: rest });
    return true;
  },
  /** Clicks that the server cannot make anything of. */
  dropClicks() {
    const kept = { ...current, clicks: [] };
    const before = past[past.length - 1];
    if (before && before.objects === kept.objects && before.clicks.length < current.clicks.length) past.pop();
    work.glide(kept);
  },
  /**
   * Make an object of its own what it was not to be: a further click on another one.
   * @param {ObjectPrompt} apart
   * @param {ObjectPrompt} beside
   */
  join(apart, beside) {
    const objects = current.objects.filter((object) => object !== apart && pointed(object));
    const near = objects.indexOf(beside);
    const [point] = apart.points;
    if (near < 0 || !point || objects.length === current.objects.length) return;
    work.commit({ ...current, objects, active: near, clicks: [...current.clicks, { ...point, how: "join", near, view: null }] });
  },
  addObject(object = {}) {
    const fresh = { ...blankObject(), ...object };
    const kept = current.objects.filter(pointed);
    work.commit({ ...current, objects: [...kept, fresh], active: kept.length });
  },
  /** @param {Box[]} boxes */
  addObjects(boxes) {
    const objects = [...current.objects.filter(pointed), ...boxes.map((box) => ({ ...blankObject(), box }))];
    work.commit({ ...current, objects, active: objects.length - 1 });
  },
  /** @param {number} place */
  removeObject(place) {
    const objects = current.objects.filter((_, index) => index !== place);
    if (!objects.length) objects.push(blankObject());
    work.commit({ ...current, objects, active: Math.min(current.active, objects.length - 1) });
  },
  /** @param {number} place */
  toggleObject(place) {
    const objects = current.objects.map((one, index) => (index === place ? { ...one, on: !one.on } : one));
    work.commit({ ...current, objects });
  },
  /** @param {number} place */
  activate(place) {
    if (place !== current.active) work.glide({ ...current, active: place });
  },
  /** @param {Partial<Shape>} shape */
  reshape(shape) {
    work.commit({ ...current, shape: { ...current.shape, ...shape } });
  },
};

/** The shape that leaves a mask as it is. */
export const plainShape = () => blankShape(0);

/**
 * A prompt from an example, a link or a file, with everything that it leaves open.
 * @param {Prompt} prompt
 * @returns {Work}
 */
export function completePrompt(prompt) {
  const given = prompt.objects || [{ points: prompt.points || [], box: prompt.box || null, level: prompt.level ?? null }];
  const objects = given.map((object) => ({ ...blankObject(), ...object }));
  if (!objects.length) objects.push(blankObject());
  const shape = { ...blankShape(prompt.dilate ?? defaultDilate()), ...prompt.shape };
  return { objects, active: Math.min(prompt.active ?? objects.length - 1, objects.length - 1), clicks: prompt.clicks || [], strokes: prompt.strokes || [], upload: prompt.upload || null, shape };
}

/**
 * The whole pixels between two points of the photo; right and bottom exclusive.
 * @param {Place} a
 * @param {Place} b
 * @returns {Box}
 */
export const boxBetween = (a, b) => ({
  x0: Math.floor(Math.min(a.x, b.x)), y0: Math.floor(Math.min(a.y, b.y)),
  x1: Math.ceil(Math.max(a.x, b.x)), y1: Math.ceil(Math.max(a.y, b.y)),
});

/**
 * Whether an object says what it is: a box, or a point on it.
 * @param {ObjectPrompt} object
 */
export const pointed = (object) => object.box !== null || object.points.some((point) => point.label === 1);
/**
 * Whether there is anything to make a mask of.
 * @param {Work} value
 */
export const prompted = (value) => value.clicks.length > 0 || value.objects.some((object) => pointed(object) && object.on) || value.strokes.some((stroke) => !stroke.erase) || value.upload !== null;
/** The places in the work of the objects that are sent, in the order of the answer. */
export const sentObjects = () => current.objects.map((_, place) => place).filter((place) => pointed(current.objects[place]));

/**
 * A prompt that a run was made with, as requests carry it.
 * @param {Prompt} prompt
 */
export const selectionOf = (prompt) => {
  const { objects, strokes, upload, shape } = completePrompt(prompt);
  return { objects: objects.filter(pointed), strokes, upload, shape, segmenter: lab.segmenter || null };
};

/**
 * Once the server has made objects of all clicks.
 * @returns {Promise<void>}
 */
export const allSettled = () => new Promise((resolve) => {
  awaiting.push(resolve);
  tellSettled();
});

function tellSettled() {
  if (!current.clicks.length) for (const resolve of awaiting.splice(0)) resolve();
}

/** All prompts, as requests carry them. */
export const prompts = () => ({ photo: openPhoto().id, objects: sentObjects().map((place) => current.objects[place]),
  strokes: current.strokes, upload: current.upload, shape: current.shape, segmenter: lab.segmenter || null });
