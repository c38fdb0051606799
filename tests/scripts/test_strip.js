import assert from "node:assert/strict";
import { test } from "node:test";

import { finestOverlay, isStrip, stageLayout } from "../../ui/static/scripts/select/strip.js";

test("from four to one on, a photo is a strip", () => {
  assert.deepEqual([[399, 100], [400, 100], [100, 400]].map(([width, height]) => isStrip({ width, height })), [false, true, true]);
});

test("a photo is shown whole, no wider than the stage and no higher than the window allows", () => {
  const wide = stageLayout({ width: 2000, height: 1000 }, 900);
  assert.deepEqual(wide, { stage: 450, width: 900, height: 450, along: "" });
  const tall = stageLayout({ width: 1000, height: 2000 }, 900);
  assert.deepEqual([tall.height, tall.along], [544, ""]);
});

test("a strip pans along its long side and keeps its short side plain to see", () => {
  const wide = stageLayout({ width: 10000, height: 200 }, 900);
  assert.deepEqual([wide.along, wide.height, wide.width], ["x", 240, 12000]);
  const tall = stageLayout({ width: 200, height: 10000 }, 900);
  assert.deepEqual([tall.along, tall.width, tall.height], ["y", 240, 12000]);
});

test("a strip's overlay has no more pixels than a square one", () => {
  assert.equal(finestOverlay({ width: 3000, height: 2000 }), 1600);
  const side = finestOverlay({ width: 16000, height: 1000 });
  assert.equal(side, 6400);
  assert.ok(side * (side / 16) <= 1600 * 1600);
});
