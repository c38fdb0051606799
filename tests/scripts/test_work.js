import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { lab } from "../../ui/static/scripts/base/state.js";
import { boxBetween, completePrompt, prompts, work } from "../../ui/static/scripts/select/work.js";

/**
 * @param {number} x
 * @returns {import("../../ui/static/scripts/types.js").Point}
 */
const on = (x) => ({ x, y: 0, label: 1 });
const xs = () => work.value.objects.map((object) => object.points.map((point) => point.x));

beforeEach(() => {
  lab.photo = { id: "p", name: "p.jpg", view: "", width: 100, height: 50, growth: 3, tiles: { url: "", side: 512, levels: 1 } };
  work.reset();
});

test("a photo begins with nothing, grown as it asks", () => {
  assert.equal(work.empty, true);
  assert.equal(work.value.shape.dilate, 3);
});

test("steps can be undone and done again, until another is taken", () => {
  work.changeActive({ points: [on(1)] });
  work.changeActive({ points: [on(1), on(2)] });
  work.undo();
  assert.deepEqual(xs(), [[1]]);
  work.redo();
  assert.deepEqual(xs(), [[1, 2]]);
  work.undo();
  work.changeActive({ points: [on(9)] });
  work.redo();
  assert.deepEqual(xs(), [[9]]);
  assert.equal(work.canRedo, false);
});

test("a slider's way is one step", () => {
  const before = work.value;
  for (const dilate of [4, 5, 6]) work.glide({ ...work.value, shape: { ...work.value.shape, dilate } });
  work.settle(before);
  work.undo();
  assert.equal(work.value.shape.dilate, 3);
  assert.equal(work.canUndo, false);
});

test("what can be undone has a bound", () => {
  for (let step = 0; step < 300; step++) work.reshape({ smooth: step });
  let undone = 0;
  for (; work.canUndo; undone++) work.undo();
  assert.equal(undone, 200);
});

test("nothing of a former photo can be undone", () => {
  work.changeActive({ points: [on(1)] });
  work.reset();
  assert.equal(work.canUndo, false);
});

test("clearing keeps the shape", () => {
  work.reshape({ dilate: 17 });
  work.changeActive({ points: [on(1)] });
  work.clear();
  assert.deepEqual([work.empty, work.value.shape.dilate], [true, 17]);
});

test("a new object takes the place of one that says nothing", () => {
  work.addObject();
  assert.deepEqual(xs(), [[]]);
  work.changeActive({ points: [on(1)] });
  work.addObject();
  assert.deepEqual([xs(), work.value.active], [[[1], []], 1]);
});

test("there is always an object to point at", () => {
  work.changeActive({ points: [on(1)] });
  work.removeObject(0);
  assert.deepEqual(xs(), [[]]);
});

test("requests carry the objects that say what they are, switched off or not", () => {
  work.changeActive({ points: [on(1)] });
  work.addObjects([{ x0: 0, y0: 0, x1: 5, y1: 5 }]);
  work.toggleObject(0);
  work.addObject();
  assert.deepEqual(prompts().objects.map((object) => [object.on, object.box !== null]), [[false, false], [true, true]]);
  assert.equal(prompts().photo, "p");
});

test("a prompt of the first version is one object", () => {
  const { objects, active, shape } = completePrompt({ points: [on(4)], dilate: 9 });
  assert.deepEqual([objects.length, objects[0].points[0].x, active, shape.dilate], [1, 4, 0, 9]);
});

test("a box between two points, whichever comes first, covers the pixels of both", () => {
  const box = { x0: 1, y0: 2, x1: 8, y1: 5 };
  assert.deepEqual(boxBetween({ x: 7.5, y: 2.2 }, { x: 1.9, y: 4.1 }), box);
  assert.deepEqual(boxBetween({ x: 1.9, y: 4.1 }, { x: 7.5, y: 2.2 }), box);
});
