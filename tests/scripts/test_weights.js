import assert from "node:assert/strict";
import { test } from "node:test";

import { allBytes, fetchedPercent, isFound, isReady, missingBytes } from "../../ui/static/scripts/erasers/weights.js";

/** @typedef {import("../../ui/static/scripts/types.js").Weight} Weight */

/** @param {Partial<Weight>[]} weights */
const model = (...weights) => ({ weights: weights.map((weight) => /** @type {Weight} */ ({ name: "w", size: 100, ...weight })) });

test("what has no weights is ready", () => assert.equal(isReady(model()), true));

test("files in the hub's own cache need no download", () => {
  const one = model({ state: "ready" }, { state: "found" });
  assert.deepEqual([isReady(one), isFound(one), allBytes(one), missingBytes(one)], [false, true, 200, 0]);
});

test("how much has come is a share of what was missing", () => {
  assert.equal(fetchedPercent(model({ state: "ready" }, { state: "absent" })), null);
  assert.equal(fetchedPercent(model({ state: "ready" }, { state: "fetching", done: 50 }, { state: "absent" })), 25);
  assert.equal(fetchedPercent(model({ state: "fetching", size: 0 })), 0);
});
