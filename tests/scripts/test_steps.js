import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { lab } from "../../ui/static/scripts/base/state.js";
import { lineIn, lineOf, NO_LINE, opened } from "../../ui/static/scripts/select/steps.js";
import { work } from "../../ui/static/scripts/select/work.js";

/**
 * @param {string} id
 * @param {string[]} before the photos that it came of
 * @returns {import("../../ui/static/scripts/types.js").Photo}
 */
const photo = (id, ...before) => ({ id, name: "p.png", view: "", width: 9, height: 9, growth: 0, tiles: { url: "", side: 512, levels: 1 },
  chain: before.map((one, index) => ({ photo: one, run: "r" + index, index: 0, eraser: "telea", name: "Telea " + (index + 1) })) });
/** @param {import("../../ui/static/scripts/select/steps.js").Line} line */
const ids = (line) => [line.steps.map((step) => step.photo).join(""), line.place];

test("a photo's steps end with it, each named by its eraser", () => {
  assert.deepEqual(lineOf(photo("c", "a", "b")), { place: 2,
    steps: [{ photo: "a", eraser: null }, { photo: "b", eraser: "Telea 1" }, { photo: "c", eraser: "Telea 2" }] });
  assert.deepEqual(ids(lineOf({ ...photo("a"), chain: undefined })), ["a", 0]);
});

test("going back keeps the way forward; a branch cuts it off", () => {
  let line = opened(opened(NO_LINE, photo("a")), photo("b", "a"));
  line = opened(line, photo("c", "a", "b"));
  assert.deepEqual(ids(line), ["abc", 2]);
  line = opened(line, photo("a"));
  assert.deepEqual(ids(line), ["abc", 0]);
  line = opened(line, photo("b", "a"));
  assert.deepEqual(ids(opened(line, photo("d", "a", "b"))), ["abd", 2]);
  assert.deepEqual(ids(opened(line, photo("x"))), ["x", 0]);
});

test("what a tab has kept is judged before it is used", () => {
  const line = lineOf(photo("b", "a"));
  assert.deepEqual(lineIn(JSON.stringify(line)), line);
  for (const text of [null, "{", "[]", "null", JSON.stringify({ ...line, place: 2 }), JSON.stringify({ ...line, steps: [{ photo: 1 }] }),
    JSON.stringify({ steps: Array(99).fill(line.steps[0]), place: 0 })]) assert.deepEqual(lineIn(text), NO_LINE);
});

beforeEach(() => {
  lab.photo = photo("b", "a");
  work.reset();
});

test("what is left to undo, when nothing is, is the erase", () => {
  /** @type {string[]} */
  const went = [];
  const beyond = { canUndo: true, canRedo: true, undo: () => { went.push("back"); }, redo: () => { went.push("on"); } };
  work.goBeyond(beyond);
  work.reshape({ smooth: 1 });
  assert.deepEqual([work.canUndo, work.canRedo], [true, false]);
  work.redo();
  work.undo();
  assert.deepEqual([work.canUndo, work.canRedo, went], [true, true, []]);
  work.undo();
  work.redo();
  assert.deepEqual([work.value.shape.smooth, went], [1, ["back"]]);
  work.undo();
  work.goBeyond({ ...beyond, canUndo: false });
  work.undo();
  assert.deepEqual([work.canUndo, went], [false, ["back"]]);
  work.reset();
  work.redo();
  assert.deepEqual(went, ["back", "on"]);
  work.goBeyond({ ...beyond, canUndo: false, canRedo: false });
});
