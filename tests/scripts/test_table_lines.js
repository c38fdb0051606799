/* The pictures of a row of a table, line by line. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsOf } from "../../ui/static/scripts/tables/lines.js";

test("what fits side by side stands in one line", () => {
  assert.equal(columnsOf(1274, 3), 6);
  assert.equal(columnsOf(1274, 6), 6);
});

test("none stands alone under the others", () => {
  assert.equal(columnsOf(1274, 7), 4);
  assert.equal(columnsOf(1274, 13), 5);
});

test("a phone has two columns", () => {
  assert.equal(columnsOf(338, 7), 2);
  assert.equal(columnsOf(0, 1), 2);
});
