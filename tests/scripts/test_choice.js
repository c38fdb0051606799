import assert from "node:assert/strict";
import { test } from "node:test";

import { on } from "../../ui/static/scripts/base/events.js";
import { lab } from "../../ui/static/scripts/base/state.js";
import { makeChoice } from "../../ui/static/scripts/erasers/choice.js";

/** @param {string} id */
const eraser = (id, more = {}) => ({ id, available: true, standing: "ready", default: false, weights: [], settings: [{ name: "steps", default: 20 }], ...more });

function setUp() {
  const erasers = /** @type {any[]} */ ([eraser("one", { default: true }), eraser("two"), eraser("gone", { available: false }),
    eraser("far", { weights: [{ state: "absent", size: 1 }] })]);
  lab.catalogue = /** @type {any} */ ({ erasers });
  const choice = makeChoice();
  choice.begin(erasers);
  return choice;
}

const ticked = () => lab.jobs().map((job) => job.eraser);

test("the erasers that are meant for the beginning are ticked", () => {
  setUp();
  assert.deepEqual(lab.jobs(), [{ eraser: "one", settings: { steps: 20 }, seed: 0 }]);
});

test("what is too much is unticked while the visitor has chosen nothing, and not remembered as a choice", () => {
  const choice = setUp();
  const isTooMuch = (/** @type {any} */ { id }) => id !== "two";
  assert.deepEqual(choice.spare(isTooMuch).map(({ id }) => id), ["one"]);
  assert.deepEqual(ticked(), []);
  choice.tickAll();
  assert.deepEqual(choice.spare(isTooMuch), []);
  assert.deepEqual(ticked(), ["one", "two"]);
});

test("all that can start at once is ticked together, and then none", () => {
  const choice = setUp();
  choice.tickAll();
  assert.deepEqual(ticked(), ["one", "two"]);
  choice.tickAll();
  assert.deepEqual(ticked(), []);
});

test("an earlier run brings its erasers, their settings and its seed; what is not known is passed over", () => {
  const choice = setUp();
  let told = 0;
  on("jobs", () => { told += 1; });
  choice.adopt([{ eraser: "two", settings: { steps: 3 }, seed: 7 }, { eraser: "unknown", settings: {}, seed: 7 }]);
  assert.deepEqual(lab.jobs(), [{ eraser: "two", settings: { steps: 3 }, seed: 7 }]);
  assert.equal(told, 1);
});

test("an eraser's settings can be set back", () => {
  const choice = setUp();
  choice.of("one").settings.steps = 99;
  choice.reset(choice.of("one") && /** @type {any} */ (lab.catalogue).erasers[0]);
  assert.deepEqual(lab.jobOf("one").settings, { steps: 20 });
});
