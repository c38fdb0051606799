/* The part of the photo that all results show. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { closeOf, inside, isSmall, moved, ownPixels, placed, shapeOf, wholeOf, zoomed } from "../../ui/static/scripts/results/window.js";

const PHOTO = { width: 900, height: 600 };
/** @param {[number, number, number, number]} box */
const maskOf = (box) => ({ area: 0.01, box });
const near = (/** @type {number} */ one, /** @type {number} */ other) => assert.ok(Math.abs(one - other) < 1e-6, `${one} is not ${other}`);

test("the whole photo is the whole photo, and a strip has room beside it", () => {
  assert.deepEqual(wholeOf(PHOTO), [0, 0, 900, 600]);
  const [x0, y0, x1, y1] = wholeOf({ width: 9000, height: 600 });
  near((x1 - x0) / (y1 - y0), 3);
  assert.ok(x0 === 0 && y0 < 0);
});

test("a close-up lies inside the photo, around what was erased", () => {
  for (const box of /** @type {[number, number, number, number][]} */ ([[10, 10, 60, 90], [400, 300, 420, 310], [850, 560, 900, 600], [0, 0, 300, 100]])) {
    const part = closeOf(PHOTO, maskOf(box));
    assert.ok(part && part[0] >= 0 && part[1] >= 0 && part[2] <= 900 && part[3] <= 600);
    assert.ok(part[0] <= box[0] && part[1] <= box[1] && part[2] >= box[2] && part[3] >= box[3]);
    assert.ok(shapeOf(part) <= 1.51 && shapeOf(part) >= 0.79);
  }
});

test("what was erased has at least a third of a close-up, unless it is tiny", () => {
  for (const side of [60, 120, 240]) {
    const part = closeOf(PHOTO, maskOf([300, 200, 300 + side, 200 + side]));
    assert.ok(part && side / Math.min(part[2] - part[0], part[3] - part[1]) > 1 / 3);
  }
});

test("what fills the photo has no close-up", () => {
  assert.equal(closeOf(PHOTO, maskOf([20, 20, 880, 580])), null);
  assert.equal(closeOf(PHOTO, null), null);
});

test("results begin close where the object is small", () => {
  assert.ok(isSmall(PHOTO, maskOf([100, 100, 300, 300])));
  assert.ok(!isSmall(PHOTO, maskOf([100, 100, 600, 300])));
});

test("zooming keeps the place under the pointer and stays within the photo", () => {
  const whole = wholeOf(PHOTO);
  const part = zoomed(whole, 2, { x: 0.25, y: 0.5 }, PHOTO);
  near(part[0] + 0.25 * (part[2] - part[0]), 225);
  near(part[2] - part[0], 450);
  assert.deepEqual(zoomed(part, 0.01, { x: 0.5, y: 0.5 }, PHOTO), whole);
  const finest = zoomed(part, 1e6, { x: 0.5, y: 0.5 }, PHOTO);
  near(Math.min(finest[2] - finest[0], finest[3] - finest[1]), 24);
});

test("moving ends at the photo's edges", () => {
  const part = zoomed(wholeOf(PHOTO), 2, { x: 0.5, y: 0.5 }, PHOTO);
  assert.deepEqual(moved(part, { x: -9, y: -9 }, PHOTO).slice(0, 2), [0, 0]);
  assert.deepEqual(moved(part, { x: 9, y: 9 }, PHOTO).slice(2), [900, 600]);
});

test("what is larger than the photo lies in its middle", () => {
  assert.deepEqual(inside([5, 5, 905, 1205], PHOTO), [0, -300, 900, 900]);
});

test("a pixel of the photo becomes one of the screen", () => {
  const part = ownPixels(wholeOf(PHOTO), 300, PHOTO);
  near(part[2] - part[0], 300);
});

test("a picture is placed in percent of the window", () => {
  assert.deepEqual(placed([0, 0, 900, 600], [450, 300, 900, 600]), { left: "-100%", top: "-100%", width: "200%", height: "200%" });
});
